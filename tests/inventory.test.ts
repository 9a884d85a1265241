import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Driver } from '../providers/driver.ts';
import { createInventories, type Inventories } from '../src/lease/inventory/open.ts';
import { LOST } from '../src/lease/inventory/reissue.ts';
import type { Rules } from '../src/lease/inventory/sweep.ts';
import { readInventory } from '../src/ledger/inventories.ts';
import { auditOf } from '../src/ledger/lists/audit.ts';
import { takeTurns } from '../src/ledger/turns.ts';
import type { ProviderAlert } from '../src/reservation/notice.ts';
import { describeEngines } from './engines.ts';
import { createShelf, type Shelf } from './shelf.ts';
import { openWorkshop, type TestWorkshop } from './workshop.ts';

const MINUTE = 60_000;

describeEngines('an inventory', (engine) => {
  let shop: TestWorkshop;
  let shelf: Shelf;
  let inventories: Inventories;
  let rules: Rules;
  let enqueued: string[];
  let alerts: ProviderAlert[];
  let counted: string[];
  beforeAll(async () => {
    shop = await openWorkshop(engine, { far: { driver: () => provider, parseHandle: (stored) => stored } });
  });
  afterEach(async () => {
    expect(shop.errors).toEqual([]);
    await sql`truncate reservation, lease, key, claim, stray, inventory cascade`.execute(shop.ledger.db);
  });
  afterAll(() => shop.close());
  /** What each test has at its provider, in turn. */
  const provider = {} as Driver<unknown>;

  async function open(powers: Parameters<typeof createShelf>[0] = []): Promise<void> {
    shelf = createShelf(powers);
    Object.assign(provider, { probe: undefined, repair: undefined }, shelf.driver);
    shop.clock.set('2026-01-01T09:00:00Z');
    for (const list of [shop.notices, shop.warnings]) list.splice(0);
    rules = { inventory: 'report', strays: 'report' };
    [enqueued, alerts, counted] = [[], [], []];
    inventories = createInventories({
      shop: shop.shop,
      jobs: { enqueue: async (_tx, queue, ids) => void enqueued.push(...ids.map((id) => `${queue} ${id}`)) },
      rules: () => rules,
      alert: async (_tx, alert) => void alerts.push(alert),
      counted: (_provider, what) => void counted.push(what),
    });
  }

  const booking = (number: number) => ({
    type: 'created' as const,
    reservationId: String(number),
    version: 1,
    resource: { id: `r${number}`, name: `lab-${number}`, type: 'API Key' },
    holders: [{ id: 'ann' }],
    startsAt: new Date('2026-01-01T09:00:00Z'),
    endsAt: new Date('2026-01-01T15:00:00Z'),
  });
  async function book(count: number): Promise<void> {
    for (let number = 1; number <= count; number += 1) await shop.hear(booking(number));
    await settle();
    shop.clock.forward(2 * MINUTE);
  }
  /** Whatever was woken. */
  async function settle(): Promise<void> {
    const soon = shop.clock.now().getTime() + 5000;
    for (const { id, wakeAt } of await shop.leases()) if (wakeAt && wakeAt.getTime() <= soon) await shop.settle(id);
  }

  /** The sweep that comes by itself, a quarter of an hour after the one before. */
  async function sweep(): Promise<void> {
    shop.clock.forward(15 * MINUTE);
    await inventories.run('campus');
    await settle();
  }
  /** What an operator asks for. */
  async function ask(wish: { fix: boolean; evenIfMost?: boolean }): Promise<void> {
    await inventories.ask('campus', { by: 'eve', evenIfMost: false, ...wish });
    await inventories.run('campus');
    await settle();
  }
  const row = async () => (await readInventory(shop.ledger.db, 'campus'))!;
  const report = async () => (await row()).report!;
  const actions = async (subject: string) =>
    (await auditOf(shop.ledger.db, [subject], 100)).map(({ action, actor }) => `${action} ${actor}`);
  const alerted = () => shop.notices.filter(({ kind }) => kind === 'alert');

  /** As many leases like the first one, with keys that the provider has too. */
  async function crowd(count: number): Promise<void> {
    const like = (table: string, changed: string) =>
      sql`insert into ${sql.table(table)} select made.*
        from (select * from ${sql.table(table)} order by id limit 1) as first, generate_series(1, ${count}) as n,
          jsonb_populate_record(null::${sql.table(table)}, to_jsonb(first) || ${sql.raw(changed)}) as made`.execute(
        shop.ledger.db,
      );
    await like('reservation', `jsonb_build_object('id', 'rsv_' || n, 'external_id', 'crowd-' || n)`);
    await like('lease', `jsonb_build_object('id', 'lse_' || n, 'reservation_id', 'rsv_' || n)`);
    await like(
      'key',
      `jsonb_build_object('id', 'key_' || n, 'lease_id', 'lse_' || n, 'name', 'lk-' || n, 'sealed_secret', null)`,
    );
    const [first] = shelf.keys.values();
    for (let n = 1; n <= count; n += 1) shelf.keys.set(`lk-${n}`, { ...first!, secret: `value-${n}` });
  }

  test('of a thousand keys over all pages finds every difference, and changes nothing that it was not told to', async () => {
    await open(['repair']);
    await book(2);
    await shop.hear({ ...booking(2), type: 'cancelled', version: 2 });
    await settle();
    const [living, dead] = await shop.keys();
    await crowd(1048);
    const value = { secret: 'somebody', rate: 100 };
    for (const [name, key] of [
      [dead!.name, value],
      ['lk-zz-1', value],
      ['lk-1047', { ...value, rate: 500 }],
    ] as const)
      shelf.keys.set(name, key);
    shelf.keys.delete('lk-1048');
    await inventories.run('campus');
    expect(shelf.pages()).toBe(42);
    expect(await report()).toMatchObject({
      by: 'latchkey',
      fix: false,
      listed: 1050,
      expected: 1049,
      counts: { dead: 1, missing: 1, drifted: 1, stray: 1 },
      done: 1,
      failed: 0,
      suspicious: null,
      findings: [
        { kind: 'dead', keyId: dead!.id, remedy: 'revoke', done: true, note: null },
        { kind: 'missing', keyId: 'key_1048', leaseId: 'lse_1048', remedy: 'reissue', done: false },
        { kind: 'drifted', keyId: 'key_1047', differs: ['rate is 500/hour'], remedy: 'repair', done: false },
        { kind: 'stray', name: 'lk-zz-1', remedy: null, done: false, note: expect.stringContaining('only reported') },
      ],
    });
    // What our books call revoked is taken away always, and nothing else.
    expect(shelf.keys.has(dead!.name)).toBe(false);
    expect(await actions(dead!.id)).toContain('key.revoked-again latchkey');
    expect([shelf.keys.size, shelf.keys.get('lk-1047')!.rate, counted]).toEqual([1049, 500, ['revoked-again']]);
    const marked = (await shop.keys()).filter(({ missingAt, drift }) => missingAt !== null || drift !== null);
    expect(marked).toMatchObject([
      { id: 'key_1047', drift: ['rate is 500/hour'], state: 'active' },
      { id: 'key_1048', missingAt: shop.clock.now(), state: 'active' },
    ]);
    expect(shelf.keys.get(living!.name)).toBeDefined();
    expect(shop.warnings).toContainEqual(expect.objectContaining({ message: 'inventory differs', missing: 1 }));
  });

  test('reports the strays of a restored backup, alerts once, and never touches them', async () => {
    await open();
    await book(3);
    const lost = (await shop.keys()).slice(1);
    await sql`delete from claim`.execute(shop.ledger.db);
    for (const { id, leaseId } of lost) {
      await shop.ledger.db.deleteFrom('key').where('id', '=', id).execute();
      await shop.ledger.db.deleteFrom('lease').where('id', '=', leaseId).execute();
    }
    const values = lost.map(({ name }) => shelf.keys.get(name)!.secret);
    for (let quarter = 0; quarter < 8; quarter += 1) await sweep();
    await ask({ fix: true });
    expect(values.every((value) => shelf.opensTheDoor(value))).toBe(true);
    expect(await report()).toMatchObject({ listed: 3, expected: 1, counts: { stray: 2 }, done: 0 });
    const strays = await shop.ledger.db.selectFrom('stray').selectAll().orderBy('name').execute();
    const firstSeenAt = new Date('2026-01-01T09:17:00Z');
    expect(strays).toMatchObject(lost.map(({ name }) => ({ provider: 'campus', name, firstSeenAt, revokedAt: null })));
    // What finds a key again may be a secret.
    expect(JSON.stringify(strays)).not.toContain('place-of');
    expect(alerts).toMatchObject([
      { provider: 'campus', id: expect.stringMatching(/^stray:/), reason: expect.stringContaining('2 of the keys') },
    ]);
  });

  test('revokes strays where it is told to, an hour after they were first seen and not before', async () => {
    await open();
    rules = { ...rules, strays: 'revoke' };
    const name = `lk-${'0'.repeat(31)}1-1`;
    shelf.keys.set(name, { secret: 'old', rate: 1 });
    shelf.keys.set('lk-by-hand', { secret: 'other', rate: 1 });
    await sweep();
    shop.clock.forward(59 * MINUTE);
    await inventories.run('campus');
    const other = {
      kind: 'stray',
      name: 'lk-by-hand',
      remedy: null,
      done: false,
      note: expect.stringContaining('never touched'),
    };
    const findings = async () => (await report()).findings.toSorted((a, b) => a.name.localeCompare(b.name));
    expect(await findings()).toMatchObject([{ name, remedy: null, note: 'in quarantine until 2026-01-01T10:15:00.000Z' }, other]);
    expect(shelf.opensTheDoor('old')).toBe(true);
    shop.clock.forward(MINUTE);
    await ask({ fix: false });
    expect(await findings()).toMatchObject([{ kind: 'stray', remedy: 'revoke', done: false, note: null }, other]);
    expect(shelf.opensTheDoor('old')).toBe(true);
    await sweep();
    expect([...shelf.keys.keys()]).toEqual(['lk-by-hand']);
    expect(shelf.revokedBy()).toEqual([`place-of-${name}`]);
    expect(await actions(name)).toEqual(['stray.revoked latchkey']);
    expect(counted).toEqual(['stray-revoked']);
    await sweep();
    expect(await shop.ledger.db.selectFrom('stray').select('name').execute()).toEqual([{ name: 'lk-by-hand' }]);
  });

  test('marks a key that its provider lost, and with fix replaces it and tells its holder', async () => {
    await open(['probe']);
    await book(2);
    const [key] = await shop.keys();
    const held = shelf.keys.get(key!.name)!;
    const value = await shop.valueOf(key!.id);
    shelf.keys.delete(key!.name);
    await sweep();
    await sweep();
    expect((await shop.keys())[0]).toMatchObject({ state: 'active', missingAt: new Date('2026-01-01T09:17:00Z') });
    expect(alerted()).toMatchObject([{ leaseId: key!.leaseId, keyId: key!.id, id: expect.stringMatching(/^missing:/) }]);
    shelf.keys.set(key!.name, held);
    await sweep();
    expect((await shop.keys())[0]).toMatchObject({ state: 'active', missingAt: null });

    shelf.keys.delete(key!.name);
    await ask({ fix: false });
    expect((await report()).findings).toMatchObject([{ kind: 'missing', remedy: 'reissue', done: false, note: null }]);
    expect(shelf.keys.size).toBe(1);
    await ask({ fix: true });
    expect(await report()).toMatchObject({
      by: 'eve',
      fix: true,
      done: 1,
      failed: 0,
      findings: [{ kind: 'missing', done: true }],
    });
    const [first, , second] = await shop.keys();
    expect(first).toMatchObject({
      state: 'revoked',
      revokeReason: LOST,
      proof: { readBack: 'gone', by: 'campus' },
      sealedSecret: null,
    });
    expect(second).toMatchObject({ leaseId: key!.leaseId, generation: 2, state: 'active' });
    expect(shelf.opensTheDoor(value.reveal())).toBe(false);
    expect(shelf.opensTheDoor((await shop.valueOf(second!.id)).reveal())).toBe(true);
    expect(shop.notices.filter(({ leaseId, kind }) => leaseId === key!.leaseId && kind !== 'alert').map(({ id }) => id)).toEqual([
      'issued:1',
      'issued:2',
    ]);
    expect(await actions(key!.id)).toContain('key.revoked eve');
    expect(await actions('campus')).toContain('inventory.fix eve');
    expect(counted).toEqual(['reissued']);
    rules = { ...rules, inventory: 'fix' };
    shelf.keys.delete(second!.name);
    await sweep();
    expect((await shop.keys()).map(({ state }) => state)).toEqual(['revoked', 'active', 'revoked', 'active']);
  });

  test('takes one listing at its word only where the key itself can be asked for', async () => {
    await open(['probe']);
    await book(2);
    for (const { name } of await shop.keys()) shelf.hidden.add(name);
    await ask({ fix: true });
    expect(await report()).toMatchObject({ listed: 0, expected: 2, counts: { missing: 0 } });
    expect((await shop.keys()).map(({ state, missingAt }) => [state, missingAt])).toEqual([
      ['active', null],
      ['active', null],
    ]);

    Object.assign(provider, { probe: undefined });
    await ask({ fix: true });
    expect((await report()).findings).toMatchObject(
      [1, 2].map(() => ({ remedy: 'reissue', done: false, note: expect.stringContaining('for the first time') })),
    );
    const values = [...shelf.keys.values()].map(({ secret }) => secret);
    expect(values.every((value) => shelf.opensTheDoor(value))).toBe(true);
    await ask({ fix: true });
    expect((await shop.keys()).map(({ state, revokeReason }) => [state, revokeReason])).toEqual([
      ['revoked', LOST],
      ['revoked', LOST],
      ['active', null],
      ['active', null],
    ]);
    // The listing was wrong, and yet none of them outlives its end in our books.
    expect(values.some((value) => shelf.opensTheDoor(value))).toBe(false);
    expect(shelf.keys.size).toBe(2);
  });

  test('does not miss what was made, moved or asked about while it listed', async () => {
    await open();
    rules = { ...rules, inventory: 'fix' };
    await book(2);
    await crowd(24);
    const [moved, unconfirmed] = await shop.keys();
    shelf.hidden.add(moved!.name).add(unconfirmed!.name);
    await shop.ledger.db.updateTable('key').set({ confirmedAt: null }).where('id', '=', unconfirmed!.id).execute();
    for (let time = 0; time < 2; time += 1) {
      shelf.meanwhile(async () => {
        await shop.hear(booking(30 + time));
        await settle();
        await shop.operations.retime(moved!.leaseId, { actor: 'eve', endsAt: new Date(`2026-01-01T16:0${time}:00Z`) });
      });
      await sweep();
      expect(await report()).toMatchObject({ listed: 24 + time, counts: { missing: 0 } });
    }
    expect((await shop.keys()).filter(({ state, missingAt }) => state !== 'active' || missingAt)).toEqual([]);
    await sweep();
    expect((await report()).findings).toMatchObject([{ kind: 'missing', keyId: moved!.id }]);
  });

  test('repairs a key that is otherwise than granted, and only reports it where that cannot be done', async () => {
    await open(['repair']);
    await book(2);
    const [key] = await shop.keys();
    const change = () => shelf.keys.set(key!.name, { ...shelf.keys.get(key!.name)!, rate: 9000 });
    change();
    await sweep();
    expect((await shop.keys())[0]).toMatchObject({ drift: ['rate is 9000/hour'] });
    await ask({ fix: true });
    expect(await report()).toMatchObject({ counts: { drifted: 1 }, done: 1, findings: [{ remedy: 'repair', done: true }] });
    expect(shelf.keys.get(key!.name)).toMatchObject({ rate: 100, secret: (await shop.valueOf(key!.id)).reveal() });
    expect((await shop.keys())[0]).toMatchObject({ state: 'active', drift: null, confirmedAt: key!.confirmedAt });
    expect(await actions(key!.id)).toContain('key.repaired eve');
    expect(counted).toEqual(['repaired']);

    change();
    const { repair } = provider;
    Object.assign(provider, { repair: undefined });
    await ask({ fix: true });
    expect((await report()).findings).toMatchObject([
      { remedy: null, done: false, note: expect.stringContaining('does not repair') },
    ]);
    Object.assign(provider, { repair });
    shelf.keys.set(key!.name, { ...shelf.keys.get(key!.name)!, rate: 100 });
    await sweep();
    expect((await shop.keys())[0]).toMatchObject({ drift: null });
    expect((await report()).findings).toEqual([]);
  });

  test('leaves a lease alone that somebody acts on, and says so', async () => {
    await open(['probe', 'repair']);
    await book(2);
    const [lost, changed] = await shop.keys();
    shelf.keys.delete(lost!.name);
    shelf.keys.set(changed!.name, { ...shelf.keys.get(changed!.name)!, rate: 9000 });
    const hold = () => takeTurns(shop.ledger.db, [lost!.leaseId, changed!.leaseId], { now: shop.clock.now(), holdMs: MINUTE });
    Object.assign(provider, { probe: async () => (await hold(), 'gone') });
    await inventories.ask('campus', { by: 'eve', fix: true, evenIfMost: false });
    await inventories.run('campus');
    expect(await report()).toMatchObject({
      done: 0,
      failed: 2,
      findings: [1, 2].map(() => ({ done: false, note: 'something else is done about its lease now' })),
    });
    expect((await shop.keys()).map(({ state }) => state)).toEqual(['active', 'active']);
  });

  test('that breaks off changes nothing, and what the one before found stays', async () => {
    await open();
    rules = { inventory: 'fix', strays: 'revoke' };
    await book(1);
    await crowd(29);
    await sweep();
    const [before, keys] = [await row(), await shop.keys()];
    const names = [...shelf.keys.keys()].sort();
    shelf.keys.set('lk-0-1', { secret: 'stray', rate: 1 });
    for (const name of names.slice(0, 3)) shelf.keys.delete(name);
    for (let time = 0; time < 2; time += 1) {
      shelf.breakOff(1);
      await sweep();
    }
    expect(await shop.keys()).toEqual(keys);
    expect(await shop.ledger.db.selectFrom('stray').selectAll().execute()).toEqual([]);
    expect(await row()).toMatchObject({
      takenAt: before.takenAt,
      report: before.report,
      asked: null,
      running: null,
      failed: { by: 'latchkey', error: 'campus: answered 503' },
    });
    expect(shelf.keys.size).toBe(28);
    await ask({ fix: false });
    expect(await row()).toMatchObject({ failed: null, report: { counts: { stray: 1, missing: 3 } } });
  });

  test('is not stopped by what a driver gets wrong about one key, and says so when it fails as a whole', async () => {
    await open();
    await book(2);
    const { list } = provider;
    const stumbling = async function* () {
      for await (const listed of list!({} as never))
        yield {
          ...listed,
          driftFrom: () => {
            throw new TypeError('with the value of a key');
          },
        };
    };
    Object.assign(provider, { list: stumbling });
    shelf.keys.set('lk-zz-1', { secret: 'stray', rate: 1 });
    await sweep();
    expect(await report()).toMatchObject({ listed: 3, counts: { stray: 1, drifted: 0, missing: 0 } });
    Object.assign(provider, { list: () => undefined });
    await ask({ fix: false });
    expect(await row()).toMatchObject({ asked: null, failed: { by: 'eve', error: expect.stringContaining('TypeError') } });
    expect(JSON.stringify([await row(), shop.warnings])).not.toContain('value of a key');
  });

  test('that lacks most keys is taken for one of another account, and fixes nothing unless somebody insists', async () => {
    await open();
    rules = { ...rules, inventory: 'fix' };
    await book(7);
    await crowd(5);
    const values = [...shelf.keys.values()].map(({ secret }) => secret);
    for (const name of [...shelf.keys.keys()].slice(0, 7)) shelf.keys.delete(name);
    await sweep();
    await sweep();
    await ask({ fix: true });
    expect(await report()).toMatchObject({
      expected: 12,
      counts: { missing: 7 },
      done: 0,
      suspicious: expect.stringContaining('7 of 12 keys'),
    });
    expect((await report()).findings).toMatchObject(
      Array.from({ length: 7 }, () => ({ remedy: null, note: expect.stringContaining('unless you insist') })),
    );
    expect((await shop.keys()).map(({ state }) => state)).toEqual(Array.from({ length: 12 }, () => 'active'));
    expect(alerts).toMatchObject([{ id: expect.stringMatching(/^suspicious:/) }]);
    expect(alerted()).toEqual([]);
    await ask({ fix: true, evenIfMost: true });
    expect(await report()).toMatchObject({ done: 7, failed: 0 });
    expect((await shop.keys()).filter(({ state }) => state === 'active')).toHaveLength(12);
    expect(values.filter((value) => shelf.opensTheDoor(value))).toHaveLength(5);
  });

  test('is taken once in a while, and at once where it is asked for, one after the other', async () => {
    await open();
    await book(1);
    await inventories.askAll(['campus']);
    expect(enqueued).toEqual(['inventory campus']);
    await inventories.run('campus');
    shop.clock.forward(9 * MINUTE);
    await inventories.run('campus');
    expect(shelf.pages()).toBe(1);
    const [key] = await shop.keys();
    await shop.operations.revoke(key!.leaseId, { actor: 'eve', reason: 'leak' });
    shelf.keys.set(key!.name, { secret: 'back again', rate: 1 });
    shelf.meanwhile(async () => {
      expect(await row()).toMatchObject({
        asked: { by: 'eve', fix: false },
        running: { phase: 'listing', by: 'eve', fix: false },
      });
      await expect(inventories.ask('campus', { by: 'bob', fix: true, evenIfMost: false })).rejects.toMatchObject({
        code: 'conflict',
      });
    });
    await ask({ fix: false });
    // To look is to change nothing, not even this.
    expect((await report()).findings).toMatchObject([{ kind: 'dead', remedy: 'revoke', done: false }]);
    expect(shelf.opensTheDoor('back again')).toBe(true);
    shelf.meanwhile(async () => {
      await shop.ledger.db
        .updateTable('inventory')
        .set({ asked: JSON.stringify({ by: 'bob', at: 'later', fix: true, evenIfMost: false }) })
        .execute();
    });
    await ask({ fix: false });
    expect(await row()).toMatchObject({ report: { by: 'eve' }, asked: { by: 'bob' } });
    await inventories.run('campus');
    expect(await row()).toMatchObject({ report: { by: 'bob', done: 1 }, asked: null });
    expect(shelf.keys.size).toBe(0);
  });
});
