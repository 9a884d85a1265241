import { expect } from 'vitest';
import { verifyAudit } from '../../src/audit/verify.ts';
import { lookAt } from '../../src/lease/look.ts';
import { readStory } from '../../src/ledger/leases.ts';
import type { KeyRow, LeaseRow } from '../../src/ledger/schema.ts';
import { LEASE_MOVES, LEASE_STATES, type LeaseState } from '../../src/reservation/lease.ts';
import { entitled, type HolderId } from './bookings.ts';
import type { World } from './world.ts';

type BookedLease = LeaseRow & { booking: string };

/** A key at the provider, with what the books know of it. */
interface Living {
  readonly value: string;
  readonly expiresAt: Date;
  readonly complete: boolean;
  readonly opens: boolean;
  readonly key: KeyRow;
  readonly lease: BookedLease;
}

/** What must hold once everything that is due was done, whatever happened before. */
export async function assertLaws(world: World): Promise<void> {
  const { shop } = world;
  expect(shop.errors, 'errors logged').toEqual([]);
  const { leases, keys, living } = await assertBooks(world);
  for (const notice of shop.notices.filter(({ kind }) => kind === 'issued' || kind === 'rotated'))
    for (const one of living.filter(({ key }) => key.id === notice.keyId))
      expect(one.complete, `key ${notice.keyId} was handed out without its policies`).toBe(true);
  for (const lease of leases) {
    // Somebody may be in the middle of it: a node that died, until its turn runs out.
    if (lease.heldUntil) continue;
    const own = keys.filter(({ leaseId }) => leaseId === lease.id);
    assertKeys(world, lease, { living: living.filter((one) => one.lease.id === lease.id), keys: own });
    await assertNothingDue(world, lease, own);
  }
}

/** What must hold at every moment, also when the process has just died in the middle: the books know more than the provider. */
export async function assertBooks(world: World): Promise<{ leases: BookedLease[]; keys: KeyRow[]; living: Living[] }> {
  const { leases, keys } = await world.read();
  for (const key of keys) if (key.sealedSecret) world.values.set((await world.shop.valueOf(key.id)).reveal(), key.id);
  const living = livingOf(world, leases, keys);
  for (const { id } of keys.filter(({ state }) => state === 'active'))
    expect(
      living.find(({ key }) => key.id === id),
      `key ${id} is active in the books`,
    ).toMatchObject({ complete: true });
  await assertMovesAudited(world, leases);
  return { leases, keys, living };
}

/** I5: whatever lives at the provider is in the books as something that may. */
function livingOf({ shop, values }: World, leases: BookedLease[], keys: readonly KeyRow[]): Living[] {
  return shop.manager.keys().map(({ api_key: value, expires_at, complete }) => {
    const key = keys.find(({ id }) => id === values.get(value));
    expect(key, 'a key at the provider that the books do not know').toBeDefined();
    expect(['intended', 'active', 'revoking'], 'a key lives that is dead in the books').toContain(key!.state);
    const opens = shop.manager.opensTheDoor({ apiKey: value, method: 'GET', path: '/api/x' });
    return {
      value,
      expiresAt: new Date(expires_at),
      complete,
      opens,
      key: key!,
      lease: leases.find(({ id }) => id === key!.leaseId)!,
    };
  });
}

function assertKeys(world: World, lease: BookedLease, { living, keys }: { living: Living[]; keys: KeyRow[] }) {
  const now = world.shop.clock.now();
  const booking = world.model.bookings.find(({ id }) => id === lease.booking)!;
  const may = entitled(world.model, booking, lease.holderId as HolderId, now);
  const active = keys.filter(({ state }) => state === 'active');
  const generations = living.map(({ key }) => key.generation);
  expect(new Set(generations).size, 'two living keys of one generation').toBe(generations.length);
  const overlap = lease.overlapUntil !== null && lease.overlapUntil > now;
  expect(active.length, overlap ? 'more than two good keys' : 'two good keys outside an overlap').toBeLessThanOrEqual(
    overlap ? 2 : 1,
  );
  for (const { id, closesAt, retryAt } of active) {
    const there = living.find(({ key }) => key.id === id);
    // Where a move is still tried, the provider may have made it and its answer been lost.
    if (!retryAt) expect(there!.expiresAt.getTime(), 'the provider ends it too early').toBeGreaterThanOrEqual(closesAt.getTime());
  }
  for (const { opens, key } of living) {
    const owed = key.state === 'revoking' && key.retryAt !== null && key.retryAt > now;
    if (opens && !may) expect(owed, `key ${key.id} (${key.state}) opens the door and nobody is entitled to it`).toBe(true);
  }
  const waits = keys.some(({ retryAt }) => retryAt !== null && retryAt > now);
  if (!may || waits || world.rejections) return;
  expect(active.at(-1), 'the holder has the newest key').toMatchObject({
    generation: lease.generation,
    closesAt: new Date(booking.endsAt),
  });
  expect(living.find(({ key }) => key.id === active.at(-1)!.id)?.opens, 'the holder gets in').toBe(true);
}

/** The lease sleeps with nothing to do, and with a time to wake as long as something lives. */
async function assertNothingDue({ shop }: World, lease: LeaseRow, keys: readonly KeyRow[]): Promise<void> {
  const { decision } = lookAt(shop.shop, (await readStory(shop.ledger.db, lease.id))!);
  expect(decision.steps, `lease ${lease.id} sleeps until ${lease.wakeAt?.toISOString()}`).toEqual([]);
  if (keys.some(({ state }) => state !== 'revoked'))
    expect(lease.wakeAt, 'a living key without a time to look again').not.toBeNull();
}

/** The provider works again and time goes by; nobody calls but the leases' own clocks. */
export async function assertEnd(world: World): Promise<void> {
  const { shop } = world;
  world.dieAt(Infinity);
  shop.manager.heal();
  for (let wakes = 0; ; wakes += 1) {
    expect(wakes, 'leases that never come to rest').toBeLessThan(200);
    const next = (await shop.leases()).flatMap(({ wakeAt, heldUntil }) =>
      wakeAt ? Math.max(wakeAt.getTime(), heldUntil?.getTime() ?? 0) : [],
    );
    if (next.length === 0) break;
    shop.clock.set(new Date(Math.max(shop.clock.now().getTime(), Math.min(...next))).toISOString());
    await world.sweep();
    await assertLaws(world);
  }
  expect(shop.manager.keys(), 'keys at the provider after every end').toEqual([]);
  expect((await shop.keys()).filter(({ state }) => state !== 'revoked')).toEqual([]);
  expect(await verifyAudit(shop.ledger, shop.chain)).toMatchObject({ ok: true });
}

/** I6: each lease's entries are a legal way from its beginning to where it is. */
async function assertMovesAudited({ shop }: World, leases: readonly LeaseRow[]): Promise<void> {
  const entries = await shop.ledger.db.selectFrom('audit').select(['action', 'subject']).orderBy('seq').execute();
  for (const lease of leases) {
    const way = entries
      .filter(({ subject, action }) => subject === lease.id && LEASE_STATES.some((state) => action === `lease.${state}`))
      .map(({ action }) => action.slice('lease.'.length) as LeaseState);
    const from: LeaseState[] = ['pending', ...way];
    const illegal = way.filter((state, index) => !LEASE_MOVES[from[index]!].includes(state));
    expect(illegal, `${lease.id}: ${from.join(' > ')}`).toEqual([]);
    expect(from.at(-1), `${lease.id}: the last entry`).toBe(lease.state);
  }
}
