import type { Tx } from '../ledger/database.ts';
import type { Jobs } from '../ledger/jobs.ts';
import { openLeasesOf, wakeLeasesOf, type LeaseOpening } from '../ledger/openings.ts';
import { lockReservations, saveReservations, unheardOf, type Booking, type LockedReservation } from '../ledger/reservations.ts';
import { aheadOf, type Ahead } from './ahead.ts';
import { canonical } from '../reservation/canonical.ts';
import type { Event } from '../reservation/event.ts';
import { closedBy, fold } from '../reservation/fold.ts';
import { matchPlan } from '../reservation/narrow.ts';
import type { Plan } from '../reservation/plan.ts';
import type { Policy } from '../reservation/policy.ts';
import type { Reservation } from '../reservation/reservation.ts';
import { windowFor } from '../reservation/window.ts';

/** An event that was recorded for the first time. */
export interface News {
  readonly eventId: string;
  readonly source: string;
  readonly event: Event;
}

export interface Mover {
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly policy: Policy;
  readonly now: Date;
}

/**
 * Folds new events into their reservations, makes the leases that follow, and has all their leases settled. In one transaction
 * with the events, so that what was acknowledged is also acted on.
 */
export async function moveReservations(tx: Tx, news: readonly News[], mover: Mover): Promise<void> {
  if (news.length === 0) return;
  const byBooking = Map.groupBy(news, ({ source, event }) => keyOf({ source, externalId: event.reservationId }));
  // Most bookings are heard of for the first time: then what they are drafted as is what they are.
  const drafts = [...byBooking.values()].map((own) => {
    const { source, event } = own[0]!;
    const unheard = unheardOf({ source, externalId: event.reservationId });
    return move({ ...unheard, fresh: true }, own, mover);
  });
  const draftOf = new Map(drafts.map((draft) => [keyOf(draft.state), draft]));
  const locked = await lockReservations(tx.db, drafts, mover.now);
  const moved = locked.map((before): Placed => {
    const key = keyOf(before.state);
    return { before, ...(before.fresh ? draftOf.get(key)! : move(before, byBooking.get(key)!, mover)) };
  });
  await settleDown(tx, moved, mover);
}

/** The same bookings under a configuration that changed: leases that can be made now are made. */
export async function placeAgain(tx: Tx, bookings: readonly Booking[], mover: Mover): Promise<void> {
  const locked = await lockReservations(tx.db, bookings.map(unheardOf), mover.now);
  await settleDown(
    tx,
    locked.map((before) => ({ before, ...move(before, [], mover) })),
    mover,
  );
}

/** Writes what the bookings became, with the leases that follow, and has them settled. */
async function settleDown(tx: Tx, moved: readonly Placed[], mover: Mover): Promise<void> {
  const known = moved.filter(({ before }) => !before.fresh);
  await saveReservations(
    tx.db,
    known.map(({ before, state, problem }) => ({ ...before, state, problem })),
    mover.now,
  );
  for (const one of moved) auditMove(tx, one);
  const opened = await openLeasesOf(tx.db, openingsOf(moved, mover.now));
  const woken = await wakeLeasesOf(
    tx.db,
    known.map(({ before }) => before.id),
    mover.now,
  );
  await mover.jobs.enqueue(tx, 'settle', [...opened, ...woken]);
}

type Placed = Move & { readonly before: LockedReservation };

interface Move {
  readonly news: readonly News[];
  readonly state: Reservation;
  readonly problem: string | null;
  readonly plan: Plan | undefined;
  /** Of a new booking whose key is not due for long. */
  readonly ahead: Ahead | undefined;
}

function move(before: Pick<LockedReservation, 'state' | 'fresh'>, news: readonly News[], { policy, now }: Mover): Move {
  let state = before.state;
  for (const { event } of news) state = fold(state, event);
  const prospect = prospectOf(state, policy);
  const ahead = before.fresh && prospect.plan ? aheadOf(state, prospect.plan, { policy, now }) : undefined;
  return { news, state, ahead, ...prospect };
}

/** The plan to open leases under, or why there is none, in words for an operator. A closed booking needs neither. */
export function prospectOf(state: Reservation, policy: Policy): Pick<Move, 'plan' | 'problem'> {
  const none = (problem: string | null) => ({ plan: undefined, problem });
  if (closedBy(state)) return none(null);
  const resource = state.resource?.value;
  if (!resource) return none('the booking names no resource');
  const plan = matchPlan(policy, state.source, resource);
  if (!plan) return none(`no plan matches resource "${resource.name}" (id ${resource.id}, type "${resource.type}")`);
  if (!state.holders?.value.length) return none('the booking names nobody to give a key to');
  const opened = windowFor(plan, state);
  if ('unknown' in opened) return none(opened.unknown);
  // A window that the plan refuses still makes a lease: a refused one, whose holder is told why.
  return { plan, problem: null };
}

/** A lease for each holder of each open booking. */
function openingsOf(moved: readonly Placed[], now: Date): LeaseOpening[] {
  return moved.flatMap(({ before: { id: reservationId }, state, plan, ahead }): LeaseOpening[] => {
    const resourceId = state.resource?.value.id;
    if (!plan || resourceId === undefined) return [];
    return [{ reservationId, plan, holderIds: state.holders?.value ?? [], resourceId, now, ahead }];
  });
}

function auditMove(tx: Tx, { before, news, state, problem }: Placed): void {
  if (!before.fresh && canonical(before.state) === canonical(state)) return;
  const closed = closedBy(state);
  const closes = closed && !closedBy(before.state);
  tx.audit({
    actor: `source:${state.source}`,
    action: `reservation.${before.fresh ? 'created' : closes ? 'closed' : 'updated'}`,
    subject: before.id,
    detail: {
      booking: state.externalId,
      events: news.map(({ eventId, event }) => ({ id: eventId, type: event.type })),
      ...(closed ? { closed } : {}),
      ...(problem ? { problem } : {}),
    },
  });
}

function keyOf({ source, externalId }: Booking): string {
  return JSON.stringify([source, externalId]);
}
