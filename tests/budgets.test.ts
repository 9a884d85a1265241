import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalKey } from '../providers/key-manager.ts';
import { mintKey } from '../src/keys/key.ts';
import { openKeys, type Keys } from '../src/keys/open.ts';
import type { Threshold } from '../src/keys/thresholds.ts';
import type { Limit } from '../src/reservation/plan.ts';
import { describeEngines, type TestLedger } from './engines.ts';

/** What staff decide about budgets, and who hears of it. */

const NOON = Date.UTC(2026, 0, 15, 12);
const DAY = 86_400_000;
let at = NOON;
const now = () => new Date(at);
const SHARED: Limit[] = [{ limit: 50, per: 'day' }];
const BY = { actor: 'ada', reason: 'the lab asked' };

let made = 0;
function someKey(changes: Partial<LocalKey> = {}): LocalKey {
  const n = ++made;
  return {
    name: `bu-${n}`,
    secret: mintKey('temp'),
    lease: `lse_budget_${n}`,
    holder: 'user',
    scopes: ['read'],
    methods: ['GET'],
    endpoints: ['/**'],
    window: { opensAt: new Date(NOON - DAY), closesAt: new Date(NOON + 90 * DAY) },
    ...changes,
  };
}

describeEngines('budgets', (engine) => {
  let store: TestLedger;
  let keys: Keys;
  const told: Threshold[] = [];
  const open = () =>
    openKeys({
      ledger: store.ledger,
      now,
      log() {},
      limitsOfProject: (project) => (project === 'lab' ? SHARED : undefined),
      onThreshold: (_tx, threshold) => void told.push(threshold),
    });
  const code = async (key: LocalKey, on = keys) => (await on.verify({ key: key.secret.reveal() })).code;
  const codes = async (key: LocalKey, times: number) => {
    const all: string[] = [];
    for (let n = 0; n < times; n += 1) all.push(await code(key));
    return all;
  };

  beforeAll(async () => {
    store = await engine.open({ now });
    keys = await open();
  });
  afterAll(async () => {
    await keys.close();
    await store.close();
  });

  test('what is added to a quota is good for this period, for whatever key the lease has, and over a restart', async () => {
    const key = someKey({ quota: { limit: 2, per: 'day' } });
    await keys.manager.put(key);
    expect(await codes(key, 3)).toEqual(['VALID', 'VALID', 'QUOTA_EXCEEDED']);
    await keys.budgets.topUp(key.lease, { ...BY, amount: 1 });
    expect(await keys.budgets.topUp(key.lease, { ...BY, amount: 2 })).toMatchObject({
      quota: { limit: 5, extra: 3, used: 2, remaining: 3 },
      frozen: null,
    });
    expect(await code(key)).toBe('VALID');
    const next = someKey({ lease: key.lease, quota: key.quota });
    await keys.manager.put(next);
    await keys.manager.remove(key.name);
    expect(await code(next)).toBe('VALID');
    await keys.close();
    keys = await open();
    expect(await codes(next, 2)).toEqual(['VALID', 'QUOTA_EXCEEDED']);
    at += DAY;
    expect(await codes(next, 3)).toEqual(['VALID', 'VALID', 'QUOTA_EXCEEDED']);
    expect(await keys.budgets.topUp(key.lease, { ...BY, amount: 1 })).toMatchObject({ quota: { limit: 3, extra: 1 } });
    const audit = await store.ledger.db.selectFrom('audit').selectAll().where('subject', '=', key.lease).execute();
    expect(audit.filter(({ action }) => action === 'budget.topped-up')).toMatchObject([
      { actor: 'ada', detail: { amount: 1, extra: 1, reason: BY.reason } },
      { detail: { amount: 2, extra: 3 } },
      { detail: { amount: 1, extra: 1 } },
    ]);
  });

  test('a threshold of the larger quota is told when it is reached again', async () => {
    told.length = 0;
    const key = someKey({ quota: { limit: 10, per: 'month' } });
    await keys.manager.put(key);
    await codes(key, 10);
    await keys.budgets.topUp(key.lease, { ...BY, amount: 10 });
    await codes(key, 5);
    await keys.flush();
    await codes(key, 1);
    await keys.flush();
    expect(told.map(({ percent, used, of }) => [percent, used, of])).toEqual([
      [50, 10, 10],
      [80, 10, 10],
      [100, 10, 10],
      [80, 16, 20],
    ]);
  });

  test('a frozen budget lets nothing through until it is lifted, and what was refused burns nothing', async () => {
    const key = someKey({ quota: { limit: 2, per: 'day' } });
    const free = someKey();
    await keys.manager.put(key);
    await keys.manager.put(free);
    await keys.budgets.freeze(free.lease, BY);
    await keys.budgets.freeze(key.lease, BY);
    expect(await keys.budgets.freeze(key.lease, { ...BY, reason: 'again' })).toMatchObject({
      frozen: { at: now(), reason: BY.reason },
    });
    expect(await codes(key, 3)).toEqual(['QUOTA_EXCEEDED', 'QUOTA_EXCEEDED', 'QUOTA_EXCEEDED']);
    expect(await code(free)).toBe('QUOTA_EXCEEDED');
    await keys.close();
    keys = await open();
    expect(await code(key)).toBe('QUOTA_EXCEEDED');
    expect(await keys.budgets.unfreeze(key.lease, BY)).toMatchObject({ frozen: null, quota: { used: 0 } });
    expect(await codes(key, 3)).toEqual(['VALID', 'VALID', 'QUOTA_EXCEEDED']);
    expect(await code(free)).toBe('QUOTA_EXCEEDED');
  });

  test('a project that is frozen stops all its keys, and its budget says what they used together', async () => {
    const [one, other, outside] = [someKey({ project: 'lab' }), someKey({ project: 'lab' }), someKey()];
    for (const key of [one, other, outside]) await keys.manager.put(key);
    expect([await code(one), await code(other)]).toEqual(['VALID', 'VALID']);
    expect(await keys.budgets.show('project:lab')).toMatchObject({
      project: 'lab',
      limits: [{ name: 'day', limit: 50, remaining: 48 }],
    });
    await keys.budgets.freeze('project:lab', BY);
    expect([await code(one), await code(other), await code(outside)]).toEqual(['QUOTA_EXCEEDED', 'QUOTA_EXCEEDED', 'VALID']);
    await keys.budgets.unfreeze('project:lab', BY);
    expect(await code(one)).toBe('VALID');
    await expect(keys.budgets.topUp('project:lab', { ...BY, amount: 1 })).rejects.toMatchObject({ code: 'conflict' });
    await expect(keys.budgets.freeze('project:none', BY)).rejects.toMatchObject({ code: 'not_found' });
    await expect(keys.budgets.show('lse_none')).rejects.toMatchObject({ code: 'not_found' });
  });

  test.runIf(engine.name === 'postgres')('another node hears of it', async () => {
    const other = await open();
    const key = someKey({ quota: { limit: 1, per: 'day' } });
    await keys.manager.put(key);
    await expect.poll(() => code(key, other)).toBe('VALID');
    await other.flush();
    expect(await code(key, other)).toBe('QUOTA_EXCEEDED');
    await keys.budgets.topUp(key.lease, { ...BY, amount: 500 });
    await expect.poll(() => code(key, other)).toBe('VALID');
    await keys.budgets.freeze(key.lease, BY);
    await expect.poll(() => code(key, other)).toBe('QUOTA_EXCEEDED');
    await keys.budgets.unfreeze(key.lease, BY);
    await expect.poll(() => code(key, other)).toBe('VALID');
    await other.flush();
    expect(await keys.budgets.show(key.lease)).toMatchObject({
      quota: { limit: 501, extra: 500, remaining: expect.any(Number) },
      frozen: null,
    });
    await other.close();
  });
});
