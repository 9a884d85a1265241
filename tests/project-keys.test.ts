import { afterAll, beforeAll, expect, test } from 'vitest';
import { addOperator } from '../src/access/roster.ts';
import type { Secret } from '../src/secret/secret.ts';
import { openApiHouse, type ApiHouse, type Ask } from './api-house.ts';
import { describeEngines } from './engines.ts';
import { projects } from './fixtures/plan.ts';

const DAY = 86_400;
const reason = 'as asked';

describeEngines('keys of a project over HTTP', (engine) => {
  let house: ApiHouse;
  let theirs: Secret;
  beforeAll(async () => {
    house = await openApiHouse(engine);
    const { default: usual } = projects;
    const lab = { ...usual!, name: 'lab', keys: { ...usual!.keys, prefix: 'lab' } };
    Object.assign(house.state.policy, { projects: { ...projects, lab, other: { ...lab, name: 'other' } } });
    const hire = { name: 'olga', role: 'operator', project: 'other', actor: 'admin' } as const;
    theirs = (await addOperator({ ledger: house.ledger, now: house.clock.now }, hire)).token;
  });
  afterAll(() => house.close());

  const keys = '/projects/lab/keys';
  const make = async (more: object = {}) => (await house.post(keys, { name: 'robot', scopes: ['read'], ...more })).body;
  const act = (id: string, verb: string, body: object = { reason }, ask?: Ask) => house.post(`${keys}/${id}/${verb}`, body, ask);
  const door = async (key: string) => (await house.verify({ key, method: 'GET', path: '/api/x' })).code;

  test('a key is shown once, opens the door, and tells who may use it for what', async () => {
    const made = await house.post(keys, {
      name: 'robot',
      scopes: ['read', 'write'],
      methods: ['GET'],
      owner: 'ann',
      environment: 'test',
      quota: '100/day',
      hours: [{ days: [4], from: '08:00', to: '18:00', zone: 'Europe/Rome' }],
      expiresIn: '7d',
      rotation: { every: '2d' },
      metadata: { team: 'blue' },
    });
    expect([made.status, made.headers.get('cache-control')]).toEqual([201, 'no-store']);
    expect(made.body).toMatchObject({
      project: 'lab',
      state: 'active',
      owner: 'ann',
      methods: ['GET'],
      quota: { limit: 100, per: 'day' },
      expiresAt: '2026-01-08T09:00:00.000Z',
      rotateAt: '2026-01-03T09:00:00.000Z',
      metadata: { team: 'blue' },
      createdBy: 'admin',
    });
    expect(made.body.value).toMatch(/^lab_test_[0-9A-Za-z]{33}$/);
    expect(await door(made.body.value)).toBe('VALID');
    const { body: read } = await house.get(`${keys}/${made.body.id}`);
    expect(read.value).toBeUndefined();
    expect(read.hint).toBe(`lab_test_…${made.body.value.slice(-4)}`);
    const { body: usage } = await house.get(`${keys}/${made.body.id}/usage`);
    expect(usage).toMatchObject({ total: 1, passed: 1, refused: 0, byCode: { VALID: 1 }, days: [{ day: '2026-01-01' }] });
    const { body: config } = await house.get(`${keys}/${made.body.id}/config`);
    expect(config.settings).toContainEqual({ setting: 'quota', value: { limit: 100, per: 'day' }, from: 'key' });
    const elsewhere = house.answers.filter(
      ({ asked, text }) => text.includes(made.body.value) && asked !== `POST /api/v1${keys}`,
    );
    expect(elsewhere).toEqual([]);
  });

  test('what exceeds the project is refused with all the reasons, and nothing is trimmed', async () => {
    const { status, body } = await house.post(keys, {
      name: 'greedy',
      scopes: ['root'],
      endpoints: ['/../etc'],
      allowedIps: ['10.0.0.0/99'],
      never: true,
      prefix: 'temp',
    });
    expect([status, body.code]).toEqual([400, 'invalid']);
    for (const part of ['root', '/../etc', '10.0.0.0/99', 'without an end', 'another project'])
      expect(body.detail).toContain(part);
    for (const wrong of [
      { scopes: [] },
      { scopes: ['read'], expiresIn: '1d', never: true },
      { scopes: ['read'], project: 'other' },
      { scopes: ['read'], hours: [{ from: '08:00', to: '18:00', zone: 'Rome' }] },
      { scopes: ['read'], quota: 'many' },
      { scopes: ['read'], contact: 'nobody' },
      { scopes: ['read'], revokedAt: null },
    ])
      expect((await house.post(keys, { name: 'wrong', ...wrong })).status).toBe(400);
  });

  test('a repeated request with one Idempotency-Key is one key', async () => {
    const body = { name: 'once', scopes: ['read'] };
    const headers = { 'idempotency-key': 'order-66' };
    const [first, again] = [await house.post(keys, body, { headers }), await house.post(keys, body, { headers })];
    expect([first.status, again.status]).toEqual([201, 200]);
    expect([again.body.id, again.body.value]).toEqual([first.body.id, first.body.value]);
    expect((await house.post(keys, { ...body, name: 'twice' }, { headers })).status).toBe(409);
    expect((await house.post(keys, body, { headers: { 'idempotency-key': 'no spaces' } })).status).toBe(400);
  });

  test('a whole life: changed, held, rotated, revoked, deleted, each in force with its answer', async () => {
    const { id, value } = await make();
    expect((await house.ask('PATCH', `/api/v1${keys}/${id}`, { body: { allowedIps: ['10.0.0.0/8'] } })).status).toBe(200);
    expect(await door(value)).toBe('IP_FORBIDDEN');
    const changed = await house.ask('PATCH', `/api/v1${keys}/${id}`, { body: { allowedIps: null, name: 'renamed' } });
    expect(changed.body).toMatchObject({ name: 'renamed', allowedIps: null });
    expect(await door(value)).toBe('VALID');
    expect((await act(id, 'suspend')).body.state).toBe('suspended');
    expect(await door(value)).toBe('SUSPENDED');
    expect((await act(id, 'resume')).body.state).toBe('active');
    const { body: rotated } = await act(id, 'rotate', { reason, overlap: '1h' });
    expect([await door(value), await door(rotated.value), rotated.generation]).toEqual(['VALID', 'VALID', 2]);
    expect((await act(id, 'rotate', { reason, generation: 1 })).status).toBe(409);
    const { body: leaked } = await act(id, 'rotate', { reason, overlap: '0' });
    expect([await door(value), await door(rotated.value), await door(leaked.value)]).toEqual(['REVOKED', 'REVOKED', 'VALID']);
    expect((await act(id, 'reveal', {})).status).toBe(410);
    expect((await house.ask('DELETE', `/api/v1${keys}/${id}`)).status).toBe(409);
    expect((await act(id, 'revoke')).body.state).toBe('revoked');
    expect(await door(leaked.value)).toBe('REVOKED');
    expect((await act(id, 'resume')).status).toBe(409);
    expect((await house.ask('DELETE', `/api/v1${keys}/${id}`)).status).toBe(204);
    expect((await house.get(`${keys}/${id}`)).status).toBe(404);
    const { body: audit } = await house.get(`/audit?subject=${id}`);
    expect(audit.items.at(0)).toMatchObject({ action: 'project-key.deleted' });
    const { id: other, value: alive } = await make();
    expect((await house.ask('DELETE', `/api/v1${keys}/${other}?revoke=true`)).status).toBe(204);
    expect(await door(alive)).toBe('REVOKED');
  });

  test('a value may be a signed token, which is refused when its key is', async () => {
    const { id, value } = await make({ tokenType: 'jwt' });
    expect(value).toMatch(/^eyJ/);
    expect(await door(value)).toBe('VALID');
    await act(id, 'revoke');
    expect(await door(value)).toBe('REVOKED');
  });

  test('a signed token has an end; a later one is another token, which waits, and the first works as long as it says', async () => {
    const endless = await house.post(keys, { name: 'robot', scopes: ['read'], tokenType: 'jwt', never: true });
    expect(endless).toMatchObject({ status: 400, body: { detail: expect.stringContaining('a signed token has an end') } });
    const { id, value } = await make({ tokenType: 'jwt', expiresIn: '2d' });
    const later = await house.ask('PATCH', `/api/v1${keys}/${id}`, { body: { expiresIn: '5d' } });
    expect(later).toMatchObject({ status: 200, body: { valueWaits: true, generation: 2 } });
    const { value: next } = (await act(id, 'reveal', {})).body;
    expect([await door(value), await door(next)]).toEqual(['VALID', 'VALID']);
    house.clock.forward(3 * DAY * 1000);
    expect([await door(value), await door(next)]).toEqual(['EXPIRED', 'VALID']);
  });

  test('lists find what is asked for, page by page, and what is unused or about to end', async () => {
    const ids: string[] = [];
    for (const owner of ['bob', 'bob', 'bob']) ids.push((await make({ owner, expiresIn: '5d' })).id);
    const bobs = (query = '') => house.get(`${keys}?owner=bob${query}`);
    const found = async (query: string) => (await bobs(query)).body.items.map(({ id }: { id: string }) => id);
    const { body: first } = await bobs('&limit=2');
    const { body: rest } = await bobs(`&limit=2&cursor=${first.next}`);
    expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(ids.toReversed());
    expect([rest.next, await found('&scope=write'), await found('&name=nobody')]).toEqual([null, [], []]);
    await act(ids[0]!, 'revoke');
    expect([await found('&state=revoked'), await found('&living=true')]).toEqual([[ids[0]], [ids[2], ids[1]]]);
    expect([await found('&expiresWithin=4d'), await found('&expiresWithin=5d')]).toEqual([[], [ids[2], ids[1]]]);
    expect(await found('&unusedFor=1d')).toEqual([]);
    house.clock.forward(2 * DAY * 1000);
    expect(await found('&unusedFor=1d')).toEqual([ids[2], ids[1]]);
  });

  test('of another project are not there, and an operator of one sees no other', async () => {
    const { id, value } = await make();
    for (const [method, path] of [
      ['GET', `/projects/other/keys/${id}`],
      ['PATCH', `/projects/other/keys/${id}`],
      ['GET', `/projects/other/keys/${id}/usage`],
      ['DELETE', `/projects/other/keys/${id}?revoke=true`],
      ...['suspend', 'resume', 'revoke', 'rotate'].map((verb) => ['POST', `/projects/other/keys/${id}/${verb}`]),
    ] as [string, string][])
      for (const as of [theirs, house.tokens.admin]) {
        const body = method === 'POST' ? { reason } : undefined;
        expect([path, (await house.ask(method, `/api/v1${path}`, { as, body })).status]).toEqual([path, 404]);
      }
    expect((await house.get(keys, { as: theirs })).status).toBe(404);
    expect((await house.get('/tenant/lab/api-keys/list', { as: theirs })).status).toBe(404);
    expect((await house.post('/tenant/lab/api-keys/create', { name: 'x', scopes: ['read'] }, { as: theirs })).status).toBe(404);
    expect((await house.get('/projects/other/keys', { as: theirs })).body.items).toEqual([]);
    expect((await house.post(keys, { name: 'x', scopes: ['read'] }, { as: house.tokens.viewer })).status).toBe(403);
    expect((await house.post(keys, { name: 'x', scopes: ['read'] }, { as: null })).status).toBe(401);
    expect((await house.get('/projects/nowhere/keys')).status).toBe(404);
    expect(await door(value)).toBe('VALID');
  });

  test('a leak in many is closed with one request', async () => {
    const { id, value } = await make({ owner: 'leaky' });
    const asked = { filter: { owner: 'leaky' }, overlap: '0', reason: 'in a repository' };
    expect(await house.post(`${keys}/rotate`, asked)).toMatchObject({ status: 202, body: { keys: 1 } });
    expect(await door(value)).toBe('REVOKED');
    expect((await house.get(`${keys}/${id}`)).body).toMatchObject({ state: 'active', valueWaits: false });
  });

  test('more than the project may make is told when to come again', async () => {
    const { lab } = house.state.policy.projects;
    const before = lab!.keys.created;
    Object.assign(lab!.keys, { created: { limit: 1, per: 'day' } });
    house.clock.forward(DAY * 1000);
    await make();
    house.clock.forward(60_000);
    const { status, headers } = await house.post(keys, { name: 'more', scopes: ['read'] });
    expect([status, headers.get('retry-after')]).toEqual([429, String(DAY - 60)]);
    Object.assign(lab!.keys, { created: before });
  });

  test('in the words of a tenant: unix seconds, shown once, no end only where the project has that', async () => {
    const tenant = '/tenant/lab/api-keys';
    const seconds = Math.floor(house.clock.now().getTime() / 1000);
    const made = await house.post(`${tenant}/create`, { name: 'mine', scopes: ['read'], expires_in_days: 3 });
    expect(made.status).toBe(200);
    const { api_key: value, ...rest } = made.body;
    expect(rest).toEqual({
      id: expect.stringMatching(/^key-[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/),
      name: 'mine',
      scopes: ['read'],
      created_at: seconds,
      expires_at: seconds + 3 * DAY,
      last_used: null,
      revoked: false,
    });
    expect(await door(value)).toBe('VALID');
    expect((await house.get(`${tenant}/list`)).body[0]).toEqual(rest);
    const endless = { name: 'for ever', scopes: ['read'], expires_in_days: 0 };
    const refused = await house.post(`${tenant}/create`, endless);
    expect([refused.status, refused.body.detail]).toEqual([400, expect.stringContaining('without an end')]);
    const { lab } = house.state.policy.projects;
    const { expires } = lab!.keys;
    Object.assign(lab!.keys, { expires: { ...expires, never: true } });
    expect((await house.post(`${tenant}/create`, endless)).body.expires_at).toBeNull();
    Object.assign(lab!.keys, { expires });
    const revoked = await house.post(`${tenant}/${rest.id}/revoke`);
    expect(revoked.body).toEqual({ success: true, message: 'API key revoked successfully' });
    expect(await door(value)).toBe('REVOKED');
  });
});
