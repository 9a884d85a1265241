import { afterEach, expect, test } from 'vitest';
import { mintToken } from '../src/access/tokens.ts';
import { Nothing } from '../src/http/api/words.ts';
import type { ApiRoute } from '../src/http/api/route.ts';
import { GOOD } from './api-bodies.ts';
import { booking, openApiHouse, type ApiHouse } from './api-house.ts';
import { expectNothingSecret } from './api-secrets.ts';
import { describeEngines } from './engines.ts';

describeEngines('the management API', (engine) => {
  let house: ApiHouse;
  afterEach(async () => {
    expect(house.errors).toEqual([]);
    await expectNothingSecret(house);
    await house.close();
  });

  test('every route refuses who has no token, a wrong one, or too small a role', async () => {
    house = await openApiHouse(engine);
    for (const route of house.routes) {
      const send = (as: ApiHouse['tokens']['admin'] | null) => house.ask(route.method.toUpperCase(), pathOf(route), { as });
      expect(await send(null), route.id).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
      expect((await send(mintToken())).status, route.id).toBe(401);
      if (route.permission !== 'read')
        expect(await send(house.tokens.viewer), route.id).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      if (route.permission === 'config' || route.permission === 'operators')
        expect((await send(house.tokens.operator)).status, route.id).toBe(403);
    }
  });

  test('every route answers an unknown id with 404 and what it cannot read with 400, as a problem document', async () => {
    house = await openApiHouse(engine);
    for (const route of house.routes) {
      const method = route.method.toUpperCase();
      const hasId = route.path.includes('{');
      const body = takesBody(route) ? (GOOD[route.id] ?? {}) : undefined;
      if (hasId) {
        for (const id of ['lse_0', 'no such thing', "'; drop table lease; --", '..%2f..', '%F0%9F%94%91'])
          expect(await house.ask(method, pathOf(route, id), { body }), `${route.id} ${id}`).toMatchObject({
            status: 404,
            body: { code: 'not_found', status: 404 },
          });
        expect((await house.ask(method, pathOf(route, 'a%00b'), { body })).status, route.id).toBe(400);
        expect((await house.ask(method, pathOf(route, 'x'.repeat(400)), { body })).status, route.id).toBe(400);
        expect((await house.ask(method, pathOf(route, '%zz'), { body })).status, route.id).toBe(400);
      }
      for (const query of [
        '?nonsense=1',
        ...(route.query === Nothing
          ? []
          : ['?limit=0', '?limit=201', '?limit=x', '?limit=5&limit=6', '?cursor=', '?cursor=bm8', '?cursor=%00']),
      ])
        expect(
          await house.ask(
            method,
            pathOf(route).replace('/projects/lse_0', '/projects/default').replace('/sources/lse_0', '/sources/lab') + query,
            { body },
          ),
          route.id + query,
        ).toMatchObject({
          status: 400,
          headers: expect.anything(),
          body: { code: 'invalid', at: expect.any(String) },
        });
      if (!takesBody(route)) continue;
      for (const raw of [
        '{',
        'null',
        '[]',
        '"text"',
        '{"nonsense":1}',
        '{"reason":"a\\u0000b"}',
        '{"__proto__":{"reason":"x"}}',
        'x'.repeat(70_000),
      ])
        expect([400, 413], `${route.id} ${raw.slice(0, 40)}`).toContain((await house.ask(method, pathOf(route), { raw })).status);
    }
    const problem = await house.post('/leases/lse_0/revoke', { reason: '' });
    expect(problem.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(problem.body).toMatchObject({ type: 'about:blank', status: 400, at: 'reason', requestId: expect.any(String) });
  });

  test('what cannot be meant is refused: times without zone, empty moves, reasons that a database cannot keep', async () => {
    house = await openApiHouse(engine);
    const bad: [string, unknown][] = [
      ['/leases/lse_0/retime', {}],
      ['/leases/lse_0/retime', { endsAt: '2026-01-01T12:00:00' }],
      ['/leases/lse_0/rotate', { overlap: 'soon' }],
      ['/leases/lse_0/rotate', { overlap: -1 }],
      ['/leases/lse_0/revoke', { reason: '   ' }],
      ['/leases/lse_0/revoke', { reason: 'two\nlines' }],
      ['/leases/lse_0/revoke', { reason: '\ud800' }],
      ['/audit/verify', { anchor: 'x' }],
      ['/operators', { name: '9', role: 'admin' }],
      ['/operators', { name: 'grace', role: 'king' }],
      ['/hooks', { url: 'ftp://example.org' }],
      ['/hooks', { url: 'https://eve:pw@example.org' }],
      ['/hooks', { url: 'nothing' }],
      ['/hooks', { url: 'https://example.org', kinds: ['gossip'] }],
    ];
    for (const [path, body] of bad) expect((await house.post(path, body)).status, JSON.stringify(body)).toBe(400);
  });

  test('paging visits every row of every list once, also while rows are added', async () => {
    house = await openApiHouse(engine);
    for (let index = 0; index < 5; index += 1)
      await house.receive(booking(`b${index}`, { resource: { id: `r${index}`, name: `lab-${index}` } }));
    for (let index = 0; index < 3; index += 1) {
      await house.post('/rotations', { overlap: '0', reason: 'yearly' });
      await house.post('/hooks', { url: `https://hooks.example.org/${index}` });
    }
    house.manager.fail({ on: 'revoke', how: '500', times: Number.POSITIVE_INFINITY });
    for (const { id } of await house.leases()) {
      await house.post(`/leases/${id}/revoke`, { reason: 'leak' });
      house.clock.forward(1);
    }
    const { db } = house.ledger;
    const tables = {
      reservations: 'reservation',
      leases: 'lease',
      keys: 'key',
      events: 'event',
      deliveries: 'delivery',
      debts: 'key',
      rotations: 'rotation',
      operators: 'operator',
      hooks: 'hook',
    } as const;
    for (const [list, table] of Object.entries(tables)) {
      const ids = (await db.selectFrom(table).select('id').orderBy('id').execute()).map((row) => row.id);
      expect(ids.length, list).toBeGreaterThan(2);
      const seen = await walk(house, `/${list}`, (item) => item.id as string);
      expect(list === 'debts' ? seen : seen.toReversed(), list).toEqual(ids);
    }
    const seqs = (await db.selectFrom('audit').select('seq').orderBy('seq', 'desc').execute()).map((row) => row.seq);
    expect(await walk(house, '/audit', (item) => item.seq as number)).toEqual(seqs);

    const first = await house.get('/leases?limit=2');
    await house.receive(booking('late', { resource: { id: 'late', name: 'lab-late' } }));
    const second = await house.get(`/leases?limit=200&cursor=${first.body.next}`);
    const both = [...first.body.items, ...second.body.items].map((item: { externalId: string }) => item.externalId);
    expect(both).toEqual(['b4', 'b3', 'b2', 'b1', 'b0']);
    expect((await house.get(`/keys?cursor=${first.body.next}`)).status).toBe(400);
  });

  test('filters narrow their lists', async () => {
    house = await openApiHouse(engine);
    await house.receive(booking('7'));
    await house.receive(
      booking('8', { holders: [{ id: 'bob' }], resource: { id: 'r2', name: 'lab-2' }, parameters: { scopes: ['admin'] } }),
    );
    const counts = async (paths: string[]) =>
      await Promise.all(paths.map(async (path) => (await house.get(path)).body.items.length));
    expect(
      await counts([
        '/leases?state=active',
        '/leases?state=refused&holder=bob',
        '/leases?plan=lab&provider=campus&source=lab',
        '/leases?source=other',
      ]),
    ).toEqual([1, 1, 2, 0]);
    expect(
      await counts([
        '/reservations?externalId=7',
        '/reservations?source=lab&closed=false',
        '/reservations?closed=true',
        '/reservations?resourceId=r2',
        '/reservations?troubled=true',
      ]),
    ).toEqual([1, 2, 0, 1, 0]);
    expect(
      await counts([
        '/keys?state=active&provider=campus',
        '/keys?state=revoked',
        '/events?externalId=8&type=created',
        '/events?outcome=ignored',
      ]),
    ).toEqual([1, 0, 1, 0]);
    expect(await counts(['/audit?actor=latchkey&action=lease.active', '/debts?provider=campus'])).toEqual([1, 0]);
  });
});

const takesBody = ({ method }: ApiRoute) => method === 'post' || method === 'put';

function pathOf(route: ApiRoute, id = 'lse_0'): string {
  return `/api/v1${route.path.replaceAll(/\{\w+\}/g, id)}`;
}

async function walk<T>(house: ApiHouse, path: string, placeOf: (item: Record<string, unknown>) => T): Promise<T[]> {
  const seen: T[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { status, body } = await house.get(`${path}?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
    expect(status, path).toBe(200);
    expect(body.items.length).toBeLessThanOrEqual(2);
    seen.push(...body.items.map(placeOf));
    cursor = body.next;
  }
  return seen;
}
