import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { DriverError, FAILURES, type Asked } from '../providers/driver.ts';
import { verifyAudit } from '../src/audit/verify.ts';
import { createAnnouncer } from '../src/handover/notify.ts';
import { alertFor } from '../src/lease/alert.ts';
import type { KeyRow } from '../src/ledger/schema.ts';
import { keepTurn } from '../src/ledger/turns.ts';
import type { Event } from '../src/reservation/event.ts';
import { describeEngines } from './engines.ts';
import { tokenRules } from './fixtures/plan.ts';
import { clockAt, openWorkshop, type TestWorkshop } from './workshop.ts';
import { sourceOf } from './fixtures/source.ts';

const DAY = 24 * 60 * 60_000;
const booked: Event = {
  type: 'created',
  reservationId: '7',
  version: 1,
  resource: { id: '1', name: 'lab-1', type: 'API Key' },
  holders: [{ id: 'ann', name: 'Ann', email: 'ann@example.org' }],
  startsAt: new Date('2026-01-01T10:00:00Z'),
  endsAt: new Date('2026-01-01T12:00:00Z'),
};
const opens = (shop: TestWorkshop, apiKey: string, method = 'GET', path = '/api/x') =>
  shop.manager.opensTheDoor({ apiKey, method, path });

/** Has notices become deliveries, and answers the reasons in them. */
function tellForReal({ bound, ledger, sealer, clock, shop }: TestWorkshop): () => Promise<unknown[]> {
  const callback = { log: 'http://127.0.0.1:1/log', timeoutMs: 100 };
  const lab = sourceOf({ preset: 'cloud-resource-reservation' }, { name: 'lab', change: { callback } });
  const announce = createAnnouncer({
    policy: () => ({ ...shop.policy(), sources: { lab }, providers: {}, projects: {}, scopes: {}, tokens: tokenRules }),
    sealer,
    now: clock.now,
    jobs: { enqueue: async () => {} },
    smtp: false,
    alarm: () => {},
  });
  Object.assign(bound, { announce });
  return async () =>
    (await ledger.db.selectFrom('delivery').select('body').orderBy('id').execute()).map(({ body }) => body.reason);
}

describeEngines('settle', (engine) => {
  let shop: TestWorkshop;
  afterEach(async () => {
    expect(shop.errors).toEqual([]);
    expect(await verifyAudit(shop.ledger, shop.chain)).toMatchObject({ ok: true });
    await shop.close();
  });
  const open = async (at = '2026-01-01T10:00:00Z') => (shop = await openWorkshop(engine, { clock: clockAt(at) }));

  test('a booking becomes a key at its start and nothing before; the key is gone at its end, though no end was told', async () => {
    await open('2026-01-01T09:59:59Z');
    await shop.hear(booked);
    await shop.settleAll();
    expect(shop.manager.keys()).toEqual([]);
    expect(await shop.leases()).toMatchObject([{ state: 'pending', wakeAt: new Date('2026-01-01T10:00:00Z') }]);

    shop.clock.set('2026-01-01T10:00:00Z');
    await shop.settleAll();
    const [key] = await shop.keys();
    const value = (await shop.valueOf(key!.id)).reveal();
    expect(opens(shop, value)).toBe(true);
    expect(opens(shop, value, 'POST')).toBe(false);
    expect(opens(shop, value, 'GET', '/admin')).toBe(false);
    expect(await shop.leases()).toMatchObject([{ state: 'active', closesAt: new Date('2026-01-01T12:00:00Z') }]);
    expect(shop.notices).toMatchObject([{ kind: 'issued', keyId: key!.id }]);

    shop.clock.set('2026-01-01T12:00:00Z');
    await shop.settleAll();
    expect(shop.manager.keys()).toEqual([]);
    expect(opens(shop, value)).toBe(false);
    expect(await shop.leases()).toMatchObject([{ state: 'revoked', wakeAt: null }]);
    expect(await shop.keys()).toMatchObject([{ state: 'revoked', sealedSecret: null, handle: null }]);
    expect(shop.notices.at(-1)).toMatchObject({ kind: 'revoked', reason: 'the window closed' });
  });

  test('every change of state leaves one audit entry, in its order', async () => {
    await open();
    await shop.hear(booked);
    await shop.settleAll();
    await shop.settleAll();
    shop.clock.set('2026-01-01T12:00:00Z');
    await shop.settleAll();
    await shop.settleAll();
    const entries = await shop.ledger.db.selectFrom('audit').select('action').orderBy('seq').execute();
    expect(entries.map((entry) => entry.action)).toEqual([
      'lease.issuing',
      'key.intended',
      'lease.active',
      'key.active',
      'lease.revoking',
      'key.revoking',
      'key.revoked',
      'lease.revoked',
    ]);
  });

  test('settling again and again changes nothing', async () => {
    await open();
    await shop.hear(booked);
    await Promise.all([shop.settleAll(), shop.settleAll(), shop.settleAll()]);
    const before = { keys: await shop.keys(), manager: shop.manager.keys().length };
    await shop.settleAll();
    expect({ keys: await shop.keys(), manager: shop.manager.keys().length }).toEqual(before);
    expect(before.manager).toBe(1);
  });

  test('a lost answer leaves one key, handed out only when complete', async () => {
    await open();
    shop.manager.fail({ on: 'issue', how: 'lost-answer' });
    shop.manager.fail({ on: 'policy', how: '500' });
    await shop.hear(booked);
    await shop.settleAll();
    expect(await shop.leases()).toMatchObject([{ state: 'issuing' }]);
    expect(shop.notices).toEqual([]);
    for (let round = 0; round < 4; round += 1) {
      shop.clock.forward(10_000);
      await shop.settleAll();
    }
    expect(await shop.leases()).toMatchObject([{ state: 'active' }]);
    expect(shop.manager.keys()).toMatchObject([{ complete: true }]);
    expect(shop.notices).toHaveLength(1);
  });

  test('a key that the provider rejects is taken back, and its owner told', async () => {
    await open();
    shop.manager.fail({ on: 'policy', how: '400' });
    await shop.hear(booked);
    await shop.settleAll();
    shop.clock.forward(61_000);
    await shop.settleAll();
    expect(await shop.leases()).toMatchObject([{ state: 'refused' }]);
    expect(shop.manager.keys()).toEqual([]);
    expect(shop.notices).toMatchObject([{ kind: 'failed' }]);
  });

  test('a reason to refuse may be as long as what was booked, and each new one is told', async () => {
    await open();
    const told = tellForReal(shop);
    const words = Array.from({ length: 40 }, () => randomBytes(3000).toString('base64url'));
    await shop.hear({ ...booked, parameters: { scopes: words } });
    await shop.settleAll();
    await shop.settleAll();
    expect(await shop.leases()).toMatchObject([{ state: 'refused', reason: expect.stringContaining(words[0]!.slice(0, 50)) }]);
    expect(await told()).toEqual([expect.stringContaining(words[0]!.slice(0, 50))]);

    await shop.hear({ ...booked, type: 'updated', version: 2, parameters: { quota: 1_000_000 } });
    await shop.settleAll();
    await shop.settleAll();
    expect(await told()).toEqual([expect.anything(), expect.stringContaining('quota 1000000')]);
  });

  test('a booking may ask for less only in a way that its provider enforces, unless its plan accepts that nobody does', async () => {
    await open();
    const { driver } = shop.shop.providers('campus')!;
    Object.assign(driver, {
      limitsFor: ({ rateLimit }: Asked) =>
        rateLimit?.per === 'day' ? { ...driver.limits, rate: { by: 'none', note: 'no rates of a day' } } : driver.limits,
    });
    await shop.hear({ ...booked, parameters: { rateLimit: '5/day' } });
    await shop.settleAll();
    expect(await shop.leases()).toMatchObject([
      { state: 'refused', reason: 'provider campus does not enforce rate as it is asked for (no rates of a day)' },
    ]);
    const policy = shop.bound.policy();
    Object.assign(shop.bound, {
      policy: () => ({ ...policy, plans: policy.plans.map((plan) => ({ ...plan, acceptsUnenforced: true })) }),
    });
    await shop.settleAll();
    expect(await shop.leases()).toMatchObject([{ state: 'active', grant: { grant: { rateLimit: { limit: 5, per: 'day' } } } }]);
    Object.assign(shop.bound, { policy: () => policy });
    await shop.settleAll();
    expect(await shop.leases()).toMatchObject([{ state: 'active' }]);
  });

  test('a booking that asks for too much after its provider rejected it is told so', async () => {
    await open();
    shop.manager.fail({ on: 'policy', how: '400' });
    await shop.hear(booked);
    await shop.settleAll();
    shop.clock.forward(61_000);
    await shop.settleAll();
    await shop.hear({ ...booked, type: 'updated', version: 2, parameters: { quota: 1_000_000 } });
    await shop.settleAll();
    expect(shop.notices.map(({ kind }) => kind)).toEqual(['failed', 'refused']);
  });

  test('a right that our credentials lack is told with the first call that fails of it, and not with each', async () => {
    await open();
    const told = tellForReal(shop);
    shop.manager.fail({ on: 'issue', how: '403', times: 3 });
    await shop.hear(booked);
    for (let time = 0; time < 2; time += 1) {
      await shop.settleAll();
      expect(await told()).toEqual([
        expect.stringMatching(/^a key could not be made at campus \(our credentials lack a right\)/),
      ]);
      shop.clock.forward(60_000);
    }
    shop.manager.heal();
    shop.clock.forward(300_000);
    await shop.settleAll();
    expect(await shop.leases()).toMatchObject([{ state: 'active' }]);
    shop.manager.fail({ on: 'revoke', how: '403', times: 3 });
    await shop.hear({ type: 'cancelled', reservationId: '7', version: 2 });
    for (let time = 0; time < 2; time += 1) {
      await shop.settleAll();
      expect((await told()).filter((reason) => /could not be revoked/.test(String(reason)))).toHaveLength(1);
      shop.clock.forward(60_000);
    }
  });

  test('revocation never gives up, becomes a debt that can be seen, and is done when the provider is back', async () => {
    await open();
    await shop.hear(booked);
    await shop.settleAll();
    shop.manager.fail({ on: 'revoke', how: '500', times: Number.POSITIVE_INFINITY });
    shop.clock.set('2026-01-01T12:00:00Z');
    for (let passed = 0; passed < DAY; passed += DAY / 120) {
      await shop.settleAll();
      shop.clock.forward(DAY / 120);
    }
    expect(await shop.leases()).toMatchObject([{ state: 'stuck' }]);
    const [stuck] = await shop.keys();
    expect(stuck!.attempts).toBeGreaterThan(100);
    expect(shop.notices.some((notice) => notice.kind === 'alert')).toBe(true);
    shop.manager.heal();
    shop.clock.forward(5 * 60_000);
    await shop.settleAll();
    expect(shop.manager.keys()).toEqual([]);
    expect(await shop.leases()).toMatchObject([{ state: 'revoked' }]);
  });

  test('an operator closes a debt with a reason, and it stays in the audit', async () => {
    await open();
    await shop.hear(booked);
    await shop.settleAll();
    shop.manager.fail({ on: 'revoke', how: '403', times: Number.POSITIVE_INFINITY });
    const [lease] = await shop.leases();
    const { keys } = await shop.operations.revoke(lease!.id, { actor: 'eve', reason: 'leak' });
    expect(keys).toMatchObject([{ state: 'revoking' }]);
    await shop.operations.closeDebt(keys[0]!.id, { actor: 'eve', reason: 'gateway is gone' });
    expect(await shop.leases()).toMatchObject([{ state: 'revoked' }]);
    const entries = await shop.ledger.db.selectFrom('audit').selectAll().where('action', '=', 'debt.closed').execute();
    expect(entries).toMatchObject([{ actor: 'eve', detail: { reason: 'gateway is gone' } }]);
  });

  test('an extension keeps the key where the manager can move its window', async () => {
    shop = await openWorkshop(engine, { clock: clockAt('2026-01-01T10:00:00Z'), manager: { repeats: 'upsert' } });
    await shop.hear(booked);
    await shop.settleAll();
    const [key] = await shop.keys();
    await shop.hear({ ...booked, type: 'updated', version: 2, endsAt: new Date('2026-01-01T14:00:00Z') });
    await shop.settleAll();
    shop.clock.set('2026-01-01T13:00:00Z');
    await shop.settleAll();
    expect(opens(shop, (await shop.valueOf(key!.id)).reveal())).toBe(true);
    expect(await shop.keys()).toMatchObject([{ id: key!.id, closesAt: new Date('2026-01-01T14:00:00Z') }]);
    expect(shop.notices.map((notice) => notice.kind)).toEqual(['issued', 'extended']);
  });

  test('an extension replaces the key where the manager cannot, and a new owner gets another one', async () => {
    await open();
    await shop.hear(booked);
    await shop.settleAll();
    await shop.hear({ ...booked, type: 'updated', version: 2, endsAt: new Date('2026-01-01T14:00:00Z') });
    await shop.settleAll();
    shop.clock.set('2026-01-01T13:00:00Z');
    await shop.settleAll();
    const [old, fresh] = await Promise.all((await shop.keys()).map(async (key) => (await shop.valueOf(key.id)).reveal()));
    expect([opens(shop, old!), opens(shop, fresh!)]).toEqual([false, true]);
    expect(shop.notices.map((notice) => notice.kind)).toEqual(['issued', 'rotated']);

    await shop.hear({
      ...booked,
      type: 'updated',
      version: 3,
      endsAt: new Date('2026-01-01T14:00:00Z'),
      holders: [{ id: 'bob' }],
    });
    await shop.settleAll();
    expect(opens(shop, fresh!)).toBe(false);
    expect(await shop.leases()).toMatchObject([
      { holderId: 'ann', state: 'revoked' },
      { holderId: 'bob', state: 'active' },
    ]);
    expect(shop.manager.keys()).toHaveLength(1);
  });

  test.each(['upsert', 'conflict'] as const)(
    'a booking that was extended while its manager (%s) was down gets a key for the time it has now',
    async (repeats) => {
      shop = await openWorkshop(engine, { clock: clockAt('2026-01-01T10:00:00Z'), manager: { repeats } });
      shop.manager.fail({ on: 'issue', how: 'refuse' });
      await shop.hear(booked);
      await shop.settleAll();
      shop.clock.set('2026-01-01T12:30:00Z');
      const endsAt = new Date('2026-01-01T14:00:00Z');
      await shop.hear({ ...booked, type: 'updated', version: 2, endsAt });
      await shop.settleAll();
      expect(await shop.keys()).toMatchObject([{ generation: 1, state: 'active', closesAt: endsAt }]);
      expect(shop.manager.keys()).toMatchObject([{ expires_at: endsAt.toISOString(), complete: true }]);
    },
  );

  test.each(['upsert', 'conflict'] as const)(
    'a key whose answer was lost and whose window then moved has the new one in the end, at a manager that knows it already (%s)',
    async (repeats) => {
      shop = await openWorkshop(engine, { clock: clockAt('2026-01-01T10:00:00Z'), manager: { repeats } });
      shop.manager.fail({ on: 'issue', how: 'lost-answer' });
      await shop.hear(booked);
      await shop.settleAll();
      shop.clock.forward(10_000);
      await shop.hear({ ...booked, type: 'updated', version: 2, endsAt: new Date('2026-01-01T14:00:00Z') });
      await shop.settleAll();
      shop.clock.set('2026-01-01T13:00:00Z');
      await shop.settleAll();
      const good = (await shop.keys()).filter(({ state }) => state === 'active');
      expect(good).toMatchObject([{ closesAt: new Date('2026-01-01T14:00:00Z') }]);
      expect(opens(shop, (await shop.valueOf(good[0]!.id)).reveal())).toBe(true);
    },
  );

  test('a move that arrives after the key was revoked brings no key back', async () => {
    shop = await openWorkshop(engine, { clock: clockAt('2026-01-01T10:00:00Z'), manager: { repeats: 'upsert' } });
    await shop.hear(booked);
    await shop.settleAll();
    shop.manager.fail({ on: 'retime', how: 'late' });
    await shop.hear({ ...booked, type: 'updated', version: 2, endsAt: new Date('2026-01-01T14:00:00Z') });
    await shop.settleAll();
    await shop.hear({ type: 'cancelled', reservationId: '7', version: 3 });
    await shop.settleAll();
    expect(shop.manager.keys()).toEqual([]);
    shop.manager.arrive();
    expect(shop.manager.keys()).toMatchObject([{ complete: false }]);
    shop.clock.forward(61_000);
    await shop.settleAll();
    expect(shop.manager.keys()).toEqual([]);
    expect(await shop.leases()).toMatchObject([{ state: 'revoked' }]);
  });

  test('a node that lost its turn while it moved a window takes back what that made anew', async () => {
    shop = await openWorkshop(engine, { clock: clockAt('2026-01-01T10:00:00Z'), manager: { repeats: 'upsert' } });
    const [id] = await shop.hear(booked);
    await shop.settleAll();
    const calls = shop.manager.requests.length;
    await shop.hear({ ...booked, type: 'updated', version: 2, endsAt: new Date('2026-01-01T14:00:00Z') });
    shop.manager.latencyMs = 300;
    const slow = shop.settle(id!);
    await expect.poll(() => shop.manager.requests.length, { interval: 5 }).toBeGreaterThan(calls);
    await shop.hear({ type: 'cancelled', reservationId: '7', version: 3 });
    shop.clock.forward(11_000);
    await shop.settle(id!);
    shop.clock.forward(61_000);
    await shop.settle(id!);
    await slow;
    expect(await shop.leases()).toMatchObject([{ state: 'revoked' }]);
    expect(shop.manager.keys()).toEqual([]);
  });

  test('a window that became shorter is kept by our clock where the manager cannot move it', async () => {
    await open();
    await shop.hear(booked);
    await shop.settleAll();
    await shop.hear({ ...booked, type: 'updated', version: 2, endsAt: new Date('2026-01-01T11:00:00Z') });
    await shop.settleAll();
    expect(await shop.keys()).toMatchObject([{ state: 'active', closesAt: new Date('2026-01-01T11:00:00Z') }]);
    shop.clock.set('2026-01-01T11:00:00Z');
    await shop.settleAll();
    expect(shop.manager.keys()).toEqual([]);
  });

  test('rotation: both keys are good for the overlap, then only the new one', async () => {
    await open();
    await shop.hear(booked);
    await shop.settleAll();
    const [lease] = await shop.leases();
    await shop.operations.rotate(lease!.id, { actor: 'eve', overlapMs: 600_000 });
    const values = await Promise.all((await shop.keys()).map(async (key) => (await shop.valueOf(key.id)).reveal()));
    expect(values.map((value) => opens(shop, value))).toEqual([true, true]);
    shop.clock.forward(600_000);
    await shop.settleAll();
    expect(values.map((value) => opens(shop, value))).toEqual([false, true]);
    expect(await shop.leases()).toMatchObject([{ state: 'active', generation: 2 }]);
  });

  test('a second rotation prolongs no key that the first one had limited', async () => {
    await open();
    await shop.hear(booked);
    await shop.settleAll();
    const [lease] = await shop.leases();
    await shop.operations.rotate(lease!.id, { actor: 'eve', overlapMs: 3000 });
    await shop.operations.rotate(lease!.id, { actor: 'eve', overlapMs: 3_600_000 });
    const values = await Promise.all((await shop.keys()).map(async (key) => (await shop.valueOf(key.id)).reveal()));
    shop.clock.forward(6000);
    await shop.settleAll();
    expect(values.map((value) => opens(shop, value))).toEqual([false, true, true]);
  });

  test('an operator moves the window whatever version the source gave it', async () => {
    await open();
    await shop.hear({ ...booked, version: Date.parse('2026-01-01T18:00:00Z') });
    await shop.settleAll();
    const [lease] = await shop.leases();
    const endsAt = new Date('2026-01-01T11:00:00Z');
    await shop.operations.retime(lease!.id, { actor: 'eve', endsAt });
    expect(await shop.keys()).toMatchObject([{ state: 'active', closesAt: endsAt }]);
  });

  test('a booking that an operator opens again is no longer listed as closed', async () => {
    await open();
    await shop.hear(booked);
    await shop.hear({ type: 'ended', reservationId: '7', version: Date.parse('2026-01-01T10:30:00Z') });
    await shop.settleAll();
    await shop.ledger.db.updateTable('reservation').set({ closed: true }).execute();
    const [lease] = await shop.leases();
    await shop.operations.retime(lease!.id, { actor: 'eve', endsAt: new Date('2026-01-01T13:00:00Z') });
    const [booking] = await shop.ledger.db.selectFrom('reservation').select(['closed', 'endsAt']).execute();
    expect(booking).toEqual({ closed: false, endsAt: new Date('2026-01-01T13:00:00Z') });
    expect(shop.manager.keys()).toHaveLength(1);
  });

  test.each<[string, Event | undefined, string]>([
    ['was cancelled', { type: 'cancelled', reservationId: '7', version: 2 }, 'the booking was cancelled'],
    ['moved to somebody else', { ...booked, version: 2, holders: [{ id: 'bob' }] }, 'the booking moved to somebody else'],
    ['asks for less with expirationHours', { ...booked, version: 2, parameters: { expirationHours: 1 } }, 'expirationHours'],
    ['was revoked', undefined, 'revoked by eve'],
  ])('an operator is told when the window cannot be moved: the booking %s', async (_, event, why) => {
    await open();
    await shop.hear(booked);
    await shop.settleAll();
    const [lease] = await shop.leases();
    if (event) await shop.hear(event);
    else await shop.operations.revoke(lease!.id, { actor: 'eve', reason: 'leak' });
    const moved = shop.operations.retime(lease!.id, { actor: 'eve', endsAt: new Date('2026-01-01T14:00:00Z') });
    await expect(moved).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(why) });
    const [booking] = await shop.ledger.db.selectFrom('reservation').select('endsAt').execute();
    expect(booking!.endsAt).toEqual(booked.endsAt);
  });

  test('after a leak the old key dies with the rotation', async () => {
    await open();
    await shop.hear(booked);
    await shop.settleAll();
    const [lease] = await shop.leases();
    await shop.operations.rotate(lease!.id, { actor: 'eve', overlapMs: 0, reason: 'leak' });
    expect(shop.manager.keys()).toHaveLength(1);
    expect(await shop.keys()).toMatchObject([{ state: 'revoked' }, { state: 'active' }]);
  });

  test('back-to-back bookings of a resource free before they grant', async () => {
    await open();
    await shop.hear(booked);
    await shop.settleAll();
    await shop.hear({
      ...booked,
      reservationId: '8',
      holders: [{ id: 'bob' }],
      startsAt: new Date('2026-01-01T12:00:00Z'),
      endsAt: new Date('2026-01-01T13:00:00Z'),
    });
    shop.clock.set('2026-01-01T12:00:00Z');
    const leases = await shop.leases();
    const before = shop.manager.requests.length;
    await shop.settle(leases.find((lease) => lease.holderId === 'bob')!.id);
    const calls = shop.manager.requests
      .slice(before)
      .map((request) => `${request.method} ${request.path.split('/').slice(0, 3).join('/')}`);
    expect(calls.indexOf('DELETE /api/keys')).toBeGreaterThanOrEqual(0);
    expect(calls.indexOf('DELETE /api/keys')).toBeLessThan(calls.indexOf('POST /api/keys'));
    expect(shop.manager.keys()).toHaveLength(1);
  });

  test('a wake in the middle of a turn is not lost', async () => {
    await open();
    const [id] = await shop.hear(booked);
    shop.manager.latencyMs = 50;
    const settling = shop.settle(id!);
    await expect.poll(() => shop.manager.requests.length, { interval: 5 }).toBeGreaterThan(0);
    await shop.hear({ type: 'cancelled', reservationId: '7', version: 2 });
    await settling;
    expect(await shop.leases()).toMatchObject([{ state: 'revoked' }]);
    expect(shop.manager.keys()).toEqual([]);
  });

  test('a turn that was given back is not taken up again by a beat that comes late', async () => {
    await open();
    const [id] = await shop.hear(booked);
    await shop.settle(id!);
    const [lease] = await shop.leases();
    await keepTurn(shop.ledger.db, id!, lease!.turn, new Date(shop.clock.now().getTime() + 5000));
    expect(await shop.leases()).toMatchObject([{ heldUntil: null }]);
  });

  test('a node that lost its turn writes nothing, and takes back what it made meanwhile', async () => {
    await open();
    const [id] = await shop.hear(booked);
    shop.manager.latencyMs = 300;
    const slow = shop.settle(id!);
    await expect.poll(() => shop.manager.requests.length).toBeGreaterThan(0);
    await shop.hear({ type: 'cancelled', reservationId: '7', version: 2 });
    shop.clock.forward(11_000);
    shop.manager.latencyMs = 0;
    await shop.settle(id!);
    shop.clock.forward(61_000);
    await shop.settle(id!);
    await slow;
    expect(await shop.leases()).toMatchObject([{ state: 'revoked' }]);
    expect(shop.manager.keys()).toEqual([]);
  });
});

test.each(FAILURES)('a call that fails as %s is an alert when waiting cannot mend it', (kind) => {
  const key = { id: 'key_1', leaseId: 'lse_1', provider: 'campus' } as KeyRow;
  const alerts = (['issue', 'revoke'] as const).map((call) => alertFor(key, call, new DriverError(kind, 'campus: said no')));
  const expected = ['denied', 'refused', 'full'].includes(kind)
    ? [`${kind}:issue:key_1`, `${kind}:revoke:key_1`]
    : [undefined, undefined];
  expect(alerts.map((alert) => alert?.id)).toEqual(expected);
});
