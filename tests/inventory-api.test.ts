import { afterEach, expect, test } from 'vitest';
import { createMetrics } from '../src/observe/metrics.ts';
import { inventoryStates } from '../src/ledger/counts.ts';
import { booking, openApiHouse, type ApiHouse } from './api-house.ts';
import { expectNothingSecret } from './api-secrets.ts';
import { describeEngines } from './engines.ts';
import { createShelf, type Shelf } from './shelf.ts';

describeEngines('inventories by the management API', (engine) => {
  let house: ApiHouse;
  let shelf: Shelf;
  afterEach(async () => {
    expect(house.errors).toEqual([]);
    await expectNothingSecret(house);
    await house.close();
  });

  async function open(): Promise<void> {
    shelf = createShelf(['probe', 'repair']);
    house = await openApiHouse(engine, '2026-01-01T09:00:00Z', {
      far: { driver: () => shelf.driver, parseHandle: (stored) => stored },
    });
  }
  const look = async () => (await house.get('/inventory')).body.items;

  test('are asked for by who may act, taken in the background, and shown with what was found and done', async () => {
    await open();
    expect(await look()).toEqual([
      {
        provider: 'campus',
        lists: true,
        rules: { inventory: 'report', strays: 'report' },
        asked: null,
        running: null,
        failed: null,
        takenAt: null,
        report: null,
      },
    ]);
    await house.receive(booking('7'));
    await house.receive(booking('8', { resource: { id: 'r2', name: 'lab-2', type: 'API Key' } }));
    house.clock.forward(120_000);
    const [lost, changed] = await house.keys();
    shelf.keys.delete(lost!.name);
    shelf.keys.set(changed!.name, { ...shelf.keys.get(changed!.name)!, rate: 9000 });
    for (const name of ['lk-b-1', 'lk-a-1']) shelf.keys.set(name, { secret: name, rate: 1 });

    const ask = (body: object, as = house.tokens.operator) => house.post('/providers/campus/inventory', body, { as });
    expect((await ask({}, house.tokens.viewer)).status).toBe(403);
    expect((await ask({ force: true })).status).toBe(400);
    expect(await ask({})).toMatchObject({ status: 202, body: { asked: { by: 'operator-1', fix: false, evenIfMost: false } } });
    expect(await ask({ fix: true })).toMatchObject({ status: 409, body: { code: 'conflict' } });
    await house.inventories.run('campus');
    expect(await look()).toMatchObject([
      {
        asked: null,
        takenAt: '2026-01-01T09:02:00.000Z',
        report: {
          by: 'operator-1',
          listed: 3,
          expected: 2,
          counts: { dead: 0, missing: 1, drifted: 1, stray: 2 },
          findings: [{ remedy: 'reissue', done: false }, { remedy: 'repair', done: false }, {}, {}],
        },
      },
    ]);
    expect((await house.get(`/keys/${lost!.id}`)).body).toMatchObject({ missingAt: '2026-01-01T09:02:00.000Z', drift: null });
    const { leases } = (await house.get('/explain?source=lab&booking=8')).body;
    expect(leases[0].keys).toMatchObject([{ missingAt: null, drift: ['rate is 9000/hour'] }]);

    expect((await ask({ fix: true })).status).toBe(202);
    await house.inventories.run('campus');
    await house.settleAll();
    expect((await look())[0].report).toMatchObject({ fix: true, done: 2, failed: 0 });
    expect((await house.get(`/keys/${lost!.id}`)).body).toMatchObject({ state: 'revoked', proof: { readBack: 'gone' } });
    expect((await house.get('/audit?action=inventory.fix')).body.items).toMatchObject([
      { actor: 'operator-1', subject: 'campus' },
    ]);
    expect((await house.get('/inventory?provider=nowhere')).body.items).toEqual([]);
    expect((await house.post('/providers/nowhere/inventory')).status).toBe(404);
  });

  test('strays are listed page by page, and told to hooks and to metrics', async () => {
    await open();
    await house.post('/hooks', { url: 'https://hooks.example.org/t/0K', kinds: ['alert'] });
    for (const name of ['lk-c-1', 'lk-a-1', 'lk-b-1']) shelf.keys.set(name, { secret: name, rate: 1 });
    await house.inventories.run('campus');
    const first = (await house.get('/strays?limit=2', { as: house.tokens.viewer })).body;
    const rest = (await house.get(`/strays?limit=2&provider=campus&cursor=${first.next}`)).body;
    expect([...first.items, ...rest.items].map(({ name }: { name: string }) => name)).toEqual(['lk-a-1', 'lk-b-1', 'lk-c-1']);
    expect(first.items[0]).toEqual({
      provider: 'campus',
      name: 'lk-a-1',
      firstSeenAt: '2026-01-01T09:00:00.000Z',
      lastSeenAt: '2026-01-01T09:00:00.000Z',
      revokedAt: null,
    });
    expect((await house.get('/deliveries')).body.items).toMatchObject([{ leaseId: null, kind: 'alert', state: 'pending' }]);
    house.clock.forward(60_000);
    const metrics = createMetrics();
    metrics.watch({
      leasesByState: async () => ({}),
      debts: async () => ({ count: 0, oldestSeconds: 0 }),
      inventories: () => inventoryStates(house.ledger.db, house.clock.now()),
      quarantined: async () => [],
    });
    const lines = (await metrics.registry.metrics()).split('\n');
    for (const [name, value] of Object.entries({ strays: 3, missing: 0, drifted: 0, age_seconds: 60 }))
      expect(lines).toContain(`latchkey_inventory_${name}{provider="campus"} ${value}`);
  });

  test('a provider that does not list has none, and one that fails says why', async () => {
    await open();
    shelf.keys.set('lk-a-1', { secret: 'a', rate: 1 });
    shelf.breakOff(0);
    await house.post('/providers/campus/inventory');
    await house.inventories.run('campus');
    expect(await look()).toMatchObject([{ asked: null, report: null, failed: { by: 'admin', error: 'campus: answered 503' } }]);
    await house.post('/providers/campus/inventory', { fix: true });
    Object.assign(shelf.driver, { list: undefined });
    expect(await house.post('/providers/campus/inventory')).toMatchObject({ status: 409 });
    await house.inventories.run('campus');
    expect(await look()).toMatchObject([
      { lists: false, asked: null, failed: { error: expect.stringContaining('does not list') } },
    ]);
  });
});
