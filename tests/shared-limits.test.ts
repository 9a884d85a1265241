import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalKey } from '../providers/key-manager.ts';
import { mintKey } from '../src/keys/key.ts';
import { openKeys, type Keys } from '../src/keys/open.ts';
import type { Threshold } from '../src/keys/thresholds.ts';
import type { VerifyCode } from '../src/keys/verdict.ts';
import type { Ledger } from '../src/ledger/database.ts';
import { forgetOld } from '../src/ledger/retention.ts';
import { sumUsage, usageByDay } from '../src/ledger/usage.ts';
import type { Limit } from '../src/reservation/plan.ts';
import { describeEngines, openTestLedger, engines, type TestLedger } from './engines.ts';

/** What is counted outlives the process that counted it, and reaches the others: with every flush, of which the tests say when. */

const NOON = Date.UTC(2026, 0, 15, 12);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let at = NOON;
const now = () => new Date(at);
const PROJECT: Limit[] = [{ limit: 10, per: 'day' }];
const limitsOfProject = (project: string) => (project === 'shared' ? PROJECT : undefined);

let made = 0;
function someKey(changes: Partial<LocalKey> = {}): LocalKey {
  const n = ++made;
  return {
    name: `sl-${n}`,
    secret: mintKey('temp'),
    lease: `lse_shared_${n}`,
    holder: 'user',
    scopes: ['read'],
    methods: ['GET'],
    endpoints: ['/**'],
    window: { opensAt: new Date(NOON - DAY), closesAt: new Date(NOON + 90 * DAY) },
    ...changes,
  };
}

interface Asked {
  readonly times: number;
  readonly cost?: number;
  readonly ip?: string;
}

async function ask(keys: Keys, key: LocalKey, { times, ...about }: Asked): Promise<Partial<Record<VerifyCode, number>>> {
  const counts: Partial<Record<VerifyCode, number>> = {};
  for (let n = 0; n < times; n += 1) {
    const { code } = await keys.verify({ key: key.secret.reveal(), ...about });
    counts[code] = (counts[code] ?? 0) + 1;
  }
  return counts;
}

describeEngines('what is counted', (engine) => {
  let store: TestLedger;
  const told: Threshold[] = [];
  const open = () =>
    openKeys({
      ledger: store.ledger,
      now,
      log() {},
      limitsOfProject,
      onThreshold: (_tx, threshold) => void told.push(threshold),
    });

  beforeAll(async () => {
    store = await engine.open({ now });
  });
  afterAll(() => store.close());

  test('a quota and windows of an hour and longer go on after a restart, and lose no more than what was not flushed', async () => {
    let isDead = false;
    const { transact } = store.ledger;
    const dying: Ledger = { ...store.ledger, transact: (work) => (isDead ? Promise.reject(new Error('dead')) : transact(work)) };
    const first = await openKeys({ ledger: dying, now, log() {} });
    const key = someKey({
      quota: { limit: 100, per: 'month' },
      limits: [
        { limit: 8, per: 'hour' },
        { limit: 12, per: 'day' },
      ],
    });
    await first.manager.put(key);
    expect(await ask(first, key, { times: 5 })).toEqual({ VALID: 5 });
    await first.flush();
    isDead = true;
    expect(await ask(first, key, { times: 1 })).toEqual({ VALID: 1 });

    // The last call was not written when that process died.
    const second = await open();
    expect(await ask(second, key, { times: 9 })).toEqual({ VALID: 3, RATE_LIMITED: 6 });
    expect(await second.verify({ key: key.secret.reveal() })).toMatchObject({ quota: { used: 8 } });
    await second.close();

    // A minute late at most is an hour's place free after a restart.
    const third = await open();
    at += HOUR - 1;
    expect(await ask(third, key, { times: 1 })).toEqual({ RATE_LIMITED: 1 });
    at += 60_057;
    expect(await ask(third, key, { times: 6 })).toEqual({ VALID: 4, RATE_LIMITED: 2 });
    expect(await third.verify({ key: key.secret.reveal() })).toMatchObject({ rateLimit: { limit: 12 }, quota: { used: 12 } });
    await third.close();
    await expect(first.close()).rejects.toThrow('dead');
  });

  test('each call counts once or by its cost, as the limit says, also after a restart', async () => {
    const first = await open();
    const key = someKey({
      quota: { limit: 4, per: 'reservation', unit: 'requests' },
      limits: [
        { limit: 60, per: 'reservation' },
        { limit: 3, per: 'month', unit: 'requests' },
      ],
    });
    await first.manager.put(key);
    expect(await ask(first, key, { times: 2, cost: 20 })).toEqual({ VALID: 2 });
    await first.close();
    const second = await open();
    expect(await ask(second, key, { times: 1, cost: 21 })).toEqual({ RATE_LIMITED: 1 });
    expect(await ask(second, key, { times: 2, cost: 5 })).toEqual({ VALID: 1, RATE_LIMITED: 1 });
    at += 31 * DAY;
    expect(await ask(second, key, { times: 2, cost: 5 })).toEqual({ VALID: 1, QUOTA_EXCEEDED: 1 });
    await second.close();
    at -= 31 * DAY;
  });

  test('half, four fifths and all of a quota are told once in each period, over restarts and whoever comes first', async () => {
    told.length = 0;
    const key = someKey({ quota: { limit: 10, per: 'day' } });
    const percents = () => told.filter(({ budget }) => budget === key.lease).map(({ percent }) => percent);
    const first = await open();
    await first.manager.put(key);
    await ask(first, key, { times: 4 });
    await first.flush();
    expect(percents()).toEqual([]);
    await ask(first, key, { times: 1 });
    await first.close();
    expect(percents()).toEqual([50]);
    const second = await open();
    await ask(second, key, { times: 9 });
    await second.flush();
    await ask(second, key, { times: 3 });
    await second.flush();
    expect(percents()).toEqual([50, 80, 100]);
    at += DAY;
    await ask(second, key, { times: 6 });
    await second.close();
    expect(percents()).toEqual([50, 80, 100, 50]);
    const audit = await store.ledger.db.selectFrom('audit').select('detail').where('subject', '=', key.lease).execute();
    expect(audit.map(({ detail }) => detail)).toMatchObject([
      { percent: 50 },
      { percent: 80 },
      { percent: 100 },
      { percent: 50 },
    ]);
  });

  test('what the keys of a project share is told too, and goes on after a restart', async () => {
    told.length = 0;
    const [one, other] = [someKey({ project: 'shared' }), someKey({ project: 'shared' })];
    const first = await open();
    await first.manager.put(one);
    await first.manager.put(other);
    await ask(first, one, { times: 7 });
    await first.close();
    const second = await open();
    expect(await ask(second, other, { times: 5 })).toEqual({ VALID: 3, RATE_LIMITED: 2 });
    await second.close();
    expect(told.map(({ budget, limit, percent }) => ({ budget, limit, percent }))).toEqual(
      [50, 80, 100].map((percent) => ({ budget: 'project:shared', limit: 'day', percent })),
    );
  });

  test('usage is by key, outcome and day, with the last use and its address', async () => {
    const keys = await open();
    const [first, second] = [someKey(), someKey()];
    await keys.manager.put(first);
    const { keyId } = await keys.manager.put({ ...second, lease: first.lease });
    await ask(keys, first, { times: 3, ip: '192.0.2.1' });
    await ask(keys, second, { times: 2, ip: '192.0.2.7' });
    at += DAY;
    await ask(keys, second, { times: 1, cost: 4, ip: '192.0.2.8' });
    await keys.manager.suspend(second.name);
    await ask(keys, second, { times: 2, ip: '192.0.2.9' });
    await keys.close();
    const { db } = store.ledger;
    const from = new Date(at - 2 * DAY);
    const to = new Date(at + DAY);
    const [before, today] = [new Date(at - DAY), new Date(at)].map((day) => day.toISOString().slice(0, 10));
    expect(await sumUsage(db, first.lease)).toEqual({ VALID: 9, SUSPENDED: 2 });
    expect(await usageByDay(db, { leaseId: first.lease, from, to })).toEqual([
      { day: before, code: 'VALID', count: 5 },
      { day: today, code: 'SUSPENDED', count: 2 },
      { day: today, code: 'VALID', count: 4 },
    ]);
    expect(await usageByDay(db, { leaseId: first.lease, keyId, from, to })).toMatchObject([
      { count: 2 },
      { count: 2 },
      { count: 4 },
    ]);
    const row = await db.selectFrom('localKey').selectAll().where('id', '=', keyId).executeTakeFirstOrThrow();
    expect(row).toMatchObject({ lastUsedAt: new Date(at), lastIp: '192.0.2.8' });
  });

  test('what left its window long ago is forgotten by the ledger, what has no end with its last key', async () => {
    const keys = await open();
    const key = someKey({ quota: { limit: 9, per: 'reservation' }, limits: [{ limit: 9, per: 'hour' }] });
    await keys.manager.put(key);
    await ask(keys, key, { times: 1 });
    await keys.flush();
    const names = async () =>
      (
        await store.ledger.db.selectFrom('windowUse').select('name').where('budget', '=', key.lease).orderBy('name').execute()
      ).map(({ name }) => name);
    await forgetOld(store.ledger.db, now());
    expect(await names()).toEqual(['hour', 'quota-reservation']);
    await forgetOld(store.ledger.db, new Date(at + 2 * HOUR));
    expect(await names()).toEqual(['quota-reservation']);
    await keys.manager.remove(key.name);
    await forgetOld(store.ledger.db, now());
    expect(await names()).toEqual(['quota-reservation']);
    await forgetOld(store.ledger.db, new Date(at + 31 * DAY));
    expect(await names()).toEqual([]);
    await keys.close();
  });
});

describe.skipIf(!engines.some(({ name }) => name === 'postgres'))('two nodes on one PostgreSQL', () => {
  let store: TestLedger;
  beforeAll(async () => {
    store = await openTestLedger('postgres', { now });
  });
  afterAll(() => store.close());

  test('each learns with its flush what the other let through, and a limit is exceeded by no more than that', async () => {
    const open = () => openKeys({ ledger: store.ledger, now, log() {}, limitsOfProject });
    const [one, other] = [await open(), await open()];
    for (const changes of [
      { limits: [{ limit: 20, per: 'hour' }] },
      { quota: { limit: 20, per: 'day' } },
      { project: 'shared', limits: [{ limit: 20, per: 'month' }], quota: { limit: 20, per: 'reservation' } },
    ] satisfies Partial<LocalKey>[]) {
      const key = someKey(changes);
      const limit = changes.project ? 10 : 20;
      await one.manager.put(key);
      await expect.poll(async () => (await ask(other, key, { times: 1 })).VALID).toBe(1);
      let passed = 1;
      let between = 0;
      for (let round = 0; round < 8; round += 1) {
        between = (await ask(one, key, { times: 3 })).VALID ?? 0;
        passed += between + ((await ask(other, key, { times: 2 })).VALID ?? 0);
        await one.flush();
        await other.flush();
      }
      expect(passed).toBeGreaterThanOrEqual(limit);
      expect(passed).toBeLessThanOrEqual(limit + 3);
      expect((await ask(one, key, { times: 1 })).VALID).toBeUndefined();
      expect((await ask(other, key, { times: 1 })).VALID).toBeUndefined();
    }
    await one.close();
    await other.close();
  });
});
