import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { wakeOneWaiting, wakeWaiting } from '../src/ledger/waiting.ts';
import type { Event } from '../src/reservation/event.ts';
import { describeEngines } from './engines.ts';
import { openWorkshop, type TestWorkshop } from './workshop.ts';

const NOW = new Date('2026-01-01T09:00:00Z');

function booked(reservationId: string): Event {
  return {
    type: 'created',
    reservationId,
    version: 1,
    resource: { id: reservationId, name: `lab-${reservationId}`, type: 'API Key' },
    holders: [{ id: 'ann' }],
    startsAt: NOW,
    endsAt: new Date('2026-01-01T11:00:00Z'),
    parameters: {},
  };
}

describeEngines('a provider that answers again', (engine) => {
  let shop: TestWorkshop;
  beforeEach(async () => {
    shop = await openWorkshop(engine);
    shop.manager.fail({ on: 'any', how: 'refuse', times: Number.POSITIVE_INFINITY });
    for (const id of ['1', '2', '3']) await shop.hear(booked(id));
    await shop.settleAll();
  });
  afterEach(async () => await shop.close());
  const due = async () => (await shop.keys()).filter(({ retryAt }) => retryAt !== null && retryAt <= shop.clock.now()).length;

  test('has everything that waited for it tried at once', async () => {
    expect(await due()).toBe(0);
    await wakeWaiting(shop.ledger.db, 'campus', shop.clock.now());
    expect(await due()).toBe(3);
    expect((await shop.leases()).every(({ wakeAt }) => wakeAt! <= shop.clock.now())).toBe(true);
    shop.manager.heal();
    await shop.settleAll();
    expect((await shop.keys()).map(({ state }) => state)).toEqual(['active', 'active', 'active']);
  });

  test('is found out by one that waits, a revocation if there is one', async () => {
    await shop.hear({ ...booked('2'), type: 'cancelled', version: 2 });
    shop.clock.forward(5000);
    await shop.settleAll();
    await wakeOneWaiting(shop.ledger.db, 'elsewhere', shop.clock.now());
    expect(await due()).toBe(0);
    await wakeOneWaiting(shop.ledger.db, 'campus', shop.clock.now());
    expect((await shop.keys()).filter(({ retryAt }) => retryAt! <= shop.clock.now())).toMatchObject([{ state: 'revoking' }]);
  });

  test('does not hurry the second look at a revocation whose key may still be on its way', async () => {
    shop.manager.heal();
    await shop.hear({ ...booked('2'), type: 'cancelled', version: 2 });
    shop.clock.forward(5000);
    await shop.settleAll();
    const looked = async () => (await shop.keys()).find(({ proof }) => proof !== null);
    expect(await looked()).toMatchObject({ state: 'revoking' });
    await shop.ledger.db.updateTable('key').set({ lastErrorKind: 'transient' }).where('state', '=', 'revoking').execute();
    await wakeWaiting(shop.ledger.db, 'campus', shop.clock.now());
    await shop.settleAll();
    expect(await looked()).toMatchObject({ state: 'revoking' });
    shop.clock.forward(60_000);
    await shop.settleAll();
    expect(await looked()).toMatchObject({ state: 'revoked' });
  });
});

describeEngines('a provider that is given long for its answers', (engine) => {
  test('is looked at again when the longest call is over', async () => {
    const shop = await openWorkshop(engine, { timeout: '10m' });
    onTestFinished(() => shop.close());
    shop.manager.fail({ on: 'issue', how: 'refuse' });
    await shop.hear(booked('1'));
    await shop.settleAll();
    await shop.hear({ ...booked('1'), type: 'cancelled', version: 2 });
    shop.clock.forward(5000);
    await shop.settleAll();
    shop.clock.forward(20 * 60_000);
    await shop.settleAll();
    expect(await shop.keys()).toMatchObject([{ state: 'revoking', proof: { firstLookAt: expect.any(String) } }]);
    shop.clock.forward(1000);
    await shop.settleAll();
    expect(await shop.keys()).toMatchObject([{ state: 'revoked' }]);
  });
});
