import { afterEach, expect, test } from 'vitest';
import { verifyAudit } from '../src/audit/verify.ts';
import type { Event } from '../src/reservation/event.ts';
import type { Plan } from '../src/reservation/plan.ts';
import { ofDefault, plan } from './fixtures/plan.ts';
import { describeEngines } from './engines.ts';
import { clockAt, openWorkshop, type TestWorkshop } from './workshop.ts';

const booked: Event = {
  type: 'created',
  reservationId: '7',
  version: 1,
  resource: { id: '1', name: 'lab-1', type: 'API Key' },
  holders: [{ id: 'ann' }],
  startsAt: new Date('2026-01-01T10:00:00Z'),
  endsAt: new Date('2026-01-01T12:00:00Z'),
};
const updated: Event = { ...booked, type: 'updated', version: 2 };
const lab: Plan = { ...plan, provider: 'campus' };
/** The same key manager under another name: its own pace, and its own failures. */
const elsewhere: Plan = { ...lab, provider: 'annex' };

describeEngines('a plan that is renamed, removed or given another provider', (engine) => {
  let shop: TestWorkshop;
  afterEach(async () => {
    expect(shop.errors).toEqual([]);
    expect(await verifyAudit(shop.ledger, shop.chain)).toMatchObject({ ok: true });
    await shop.close();
  });
  const open = async (event: Event, at = '2026-01-01T10:00:00Z') => {
    shop = await openWorkshop(engine, { clock: clockAt(at) });
    await shop.hear(event);
    await shop.settleAll();
  };
  const configure = async (...plans: Plan[]) => {
    Object.assign(shop.bound, { policy: () => ({ ...ofDefault, plans }) });
    await shop.settleAll();
  };
  const living = () => shop.manager.keys().map((key) => key.api_key);

  test('a booking that waits goes over to the plan’s new provider', async () => {
    await open(booked, '2026-01-01T09:00:00Z');
    await configure(elsewhere);
    expect(await shop.leases()).toMatchObject([{ plan: 'lab', provider: 'annex', state: 'pending' }]);
    shop.clock.set('2026-01-01T10:00:00Z');
    await shop.settleAll();
    expect(await shop.keys()).toMatchObject([{ provider: 'annex', state: 'active' }]);
    expect(await shop.leases()).toHaveLength(1);
  });

  test('a booking whose provider does not answer gets its key at the new one; what the old one owes goes on beside it', async () => {
    shop = await openWorkshop(engine, { clock: clockAt('2026-01-01T10:00:00Z') });
    shop.manager.fail({ on: 'issue', how: 'lost-answer' });
    await shop.hear(booked);
    await shop.settleAll();
    const [first] = await shop.keys();
    const value = (await shop.valueOf(first!.id)).reveal();
    shop.manager.fail({ on: 'any', how: '500', times: Number.POSITIVE_INFINITY, about: value });
    await configure(elsewhere);
    expect(await shop.leases()).toMatchObject([{ provider: 'annex', state: 'active' }]);
    expect(await shop.keys()).toMatchObject([
      { provider: 'campus', state: 'revoking' },
      { provider: 'annex', state: 'active' },
    ]);
    shop.manager.heal();
    for (let tries = 0; tries < 3; tries += 1) {
      shop.clock.forward(61_000);
      await shop.settleAll();
    }
    expect(living()).toHaveLength(1);
    expect(living()).not.toContain(value);
  });

  test('a running booking that becomes shorter is kept to it, and one that becomes longer gets a key under the present plan', async () => {
    await open(booked);
    const [value] = living();
    await configure({ ...lab, name: 'renamed' });
    expect(living()).toEqual([value]);
    await shop.hear({ ...updated, endsAt: new Date('2026-01-01T11:00:00Z') });
    await shop.settleAll();
    expect(await shop.keys()).toMatchObject([{ state: 'active', closesAt: new Date('2026-01-01T11:00:00Z') }]);
    await shop.hear({ ...updated, version: 3, endsAt: new Date('2026-01-01T13:00:00Z') });
    await shop.settleAll();
    expect(await shop.leases()).toMatchObject([{ plan: 'renamed', state: 'active' }]);
    shop.clock.set('2026-01-01T11:00:00Z');
    await shop.settleAll();
    expect(await shop.keys()).toMatchObject([{ state: 'revoked' }, { closesAt: new Date('2026-01-01T13:00:00Z') }]);
    expect(living()).not.toContain(value);
  });

  test('a key can be held back when its plan is gone, and comes back with a plan when it is resumed', async () => {
    await open(booked);
    const [lease] = await shop.leases();
    await configure();
    await shop.operations.suspend(lease!.id, { actor: 'eve', reason: 'a look' });
    expect(living()).toEqual([]);
    await configure(elsewhere);
    expect(await shop.leases()).toMatchObject([{ state: 'suspended' }]);
    await shop.operations.resume(lease!.id, { actor: 'eve' });
    expect(living()).toHaveLength(1);
  });

  test('a plan that goes and comes back leaves one key', async () => {
    await open(booked);
    const renamed = { ...lab, name: 'renamed' };
    for (const present of [renamed, lab, renamed, lab]) {
      await configure(present);
      await shop.hear({ ...updated, version: shop.clock.now().getTime() });
      await shop.settleAll();
    }
    expect(await shop.leases()).toHaveLength(1);
    expect(living()).toHaveLength(1);
  });

  test('a booking that one plan refuses and another takes has one key, also when it then asks for less', async () => {
    const asking = { ...booked, parameters: { scopes: ['admin'] } };
    await open(asking, '2026-01-01T09:00:00Z');
    expect(await shop.leases()).toMatchObject([{ state: 'refused', plan: 'lab' }]);
    const generous = { ...lab, name: 'labadmin', scopes: { default: ['read'], allowed: ['read', 'admin'] } };
    await configure(generous, lab);
    expect(await shop.leases()).toMatchObject([{ state: 'pending', plan: 'labadmin' }]);
    await shop.hear({ ...updated, parameters: {} });
    shop.clock.set('2026-01-01T10:00:00Z');
    await shop.settleAll();
    expect(await shop.leases()).toMatchObject([{ state: 'active' }]);
    expect(living()).toHaveLength(1);
  });

  test('a rotation that could make no new key is refused, and the old one stays', async () => {
    await open(booked);
    const [lease] = await shop.leases();
    const [value] = living();
    await configure();
    const rotation = shop.operations.rotate(lease!.id, { actor: 'eve', overlapMs: 0 });
    await expect(rotation).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('no longer configured') });
    await configure({ ...lab, name: 'narrow', window: { ...lab.window, longestMs: 60_000 } });
    await expect(shop.operations.rotate(lease!.id, { actor: 'eve', overlapMs: 0 })).rejects.toMatchObject({ code: 'conflict' });
    expect(living()).toEqual([value]);
    await configure(elsewhere);
    await shop.operations.rotate(lease!.id, { actor: 'eve', overlapMs: 0 });
    expect(await shop.keys()).toMatchObject([{ state: 'revoked' }, { state: 'active', provider: 'annex' }]);
  });
});
