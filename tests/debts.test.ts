import { afterEach, expect, test } from 'vitest';
import { lookAt } from '../src/lease/look.ts';
import { debtCount } from '../src/ledger/counts.ts';
import { isDebt, isOverdue } from '../src/ledger/debts.ts';
import { readStory } from '../src/ledger/leases.ts';
import { listDebts } from '../src/ledger/lists/keys.ts';
import { describeEngines } from './engines.ts';
import { openWorkshop, type TestWorkshop } from './workshop.ts';

describeEngines('debts', (engine) => {
  let shop: TestWorkshop;
  afterEach(async () => {
    expect(shop.errors).toEqual([]);
    await shop.close();
  });

  async function book(number: number): Promise<void> {
    await shop.hear({
      type: 'created',
      reservationId: String(number),
      version: 1,
      resource: { id: `r${number}`, name: `lab-${number}`, type: 'API Key' },
      holders: [{ id: 'ann' }],
      startsAt: new Date('2026-01-01T09:00:00Z'),
      endsAt: new Date('2026-01-01T12:00:00Z'),
    });
  }

  /** In every way in which debts are told; all of them must say the same. */
  async function debts(): Promise<{ count: number; overdue: number; stuck: number; oldestSeconds: number }> {
    const { db } = shop.ledger;
    const now = shop.clock.now();
    const { count, oldestSeconds } = await debtCount(db, now);
    const { items } = await listDebts(db, { now }, { limit: 100, cursor: undefined });
    const keys = await shop.keys();
    expect(items.map(({ id }) => id).sort()).toEqual(keys.filter((key) => isDebt(key, now)).map(({ id }) => id));
    expect(items).toHaveLength(count);
    const stuck = await Promise.all(
      (await shop.leases()).map(async ({ id }) => lookAt(shop.shop, (await readStory(db, id))!).decision.state === 'stuck'),
    );
    const overdue = items.filter((item) => isOverdue(item, now)).length;
    return { count, overdue, stuck: stuck.filter(Boolean).length, oldestSeconds };
  }
  const forward = async (ms: number): Promise<void> => {
    shop.clock.forward(ms);
    await shop.settleAll();
  };

  test('are all keys that a dead provider was not asked to revoke in time, and all are overdue by age', async () => {
    shop = await openWorkshop(engine);
    for (let number = 1; number <= 7; number += 1) await book(number);
    await shop.settleAll();
    shop.manager.fail({ on: 'any', how: 'refuse', times: Number.POSITIVE_INFINITY });
    shop.clock.set('2026-01-01T12:00:00Z');
    await shop.settleAll();
    const unasked = (await shop.keys()).filter((key) => key.attempts === 0);
    expect(unasked.length).toBeGreaterThan(0);
    expect(await debts()).toMatchObject({ count: 7 - unasked.length, overdue: 0 });
    await forward(5000);
    expect(await debts()).toMatchObject({ count: 7, overdue: 0, oldestSeconds: 5 });
    await forward(295_000);
    expect(await debts()).toEqual({ count: 7, overdue: 7, stuck: 7, oldestSeconds: 300 });
    expect((await shop.leases()).map(({ state }) => state)).toEqual(Array.from({ length: 7 }, () => 'stuck'));
    expect(new Set(shop.notices.flatMap(({ kind, leaseId }) => (kind === 'alert' ? [leaseId] : []))).size).toBe(7);
    expect(shop.warnings.filter(({ message }) => message === 'revocation overdue')).toHaveLength(7);

    shop.manager.heal();
    for (let minute = 0; minute < 3; minute += 1) await forward(60_000);
    expect(await debts()).toEqual({ count: 0, overdue: 0, stuck: 0, oldestSeconds: 0 });
    expect(shop.manager.keys()).toEqual([]);
  });

  test('a lease whose next try is far off gets stuck on time all the same', async () => {
    shop = await openWorkshop(engine);
    await book(1);
    await shop.settleAll();
    shop.manager.fail({ on: 'revoke', how: '403', times: Number.POSITIVE_INFINITY });
    shop.clock.set('2026-01-01T12:00:00Z');
    await shop.settleAll();
    let last = 0;
    while (shop.clock.now() < new Date('2026-01-01T12:05:00Z')) {
      const { wakeAt } = (await shop.leases())[0]!;
      expect(wakeAt!.getTime()).toBeGreaterThan(last);
      last = wakeAt!.getTime();
      shop.clock.set(wakeAt!.toISOString());
      await shop.settleAll();
    }
    expect(shop.clock.now()).toEqual(new Date('2026-01-01T12:05:00Z'));
    expect(await shop.leases()).toMatchObject([{ state: 'stuck' }]);
    expect(shop.notices.at(-1)).toMatchObject({
      kind: 'alert',
      reason: expect.stringContaining('could not be revoked at campus'),
    });
  });

  test('a key that waits for its second look is none until that is over', async () => {
    shop = await openWorkshop(engine);
    shop.manager.fail({ on: 'issue', how: 'refuse', times: 1 });
    await book(1);
    await shop.settleAll();
    const [lease] = await shop.leases();
    shop.manager.fail({ on: 'revoke', how: '500', times: 1 });
    await shop.operations.revoke(lease!.id, { actor: 'eve', reason: 'leak' });
    expect(await debts()).toMatchObject({ count: 1 });
    await forward(2000);
    expect((await shop.keys())[0]).toMatchObject({ state: 'revoking', proof: { secondLookAt: expect.any(String) } });
    for (const ms of [0, 10_000, 49_000]) {
      await forward(ms);
      expect(await debts()).toMatchObject({ count: 0 });
    }
    shop.manager.fail({ on: 'revoke', how: '500', times: 1 });
    await forward(1000);
    expect(await debts()).toMatchObject({ count: 1, overdue: 0 });
    await forward(5000);
    expect(await debts()).toMatchObject({ count: 0 });
    expect(await shop.leases()).toMatchObject([{ state: 'revoked' }]);
  });
});
