import { channelsFor, codeByFor, confirmationFor, type CodeBy } from '../handover/audience.ts';
import { holderOf } from '../handover/facts.ts';
import type { LeaseStory } from '../ledger/leases.ts';
import { situationOf } from '../lease/look.ts';
import { decide } from '../reservation/decide.ts';
import type { Holder } from '../reservation/event.ts';
import type { Grant, LeaseState, Window } from '../reservation/lease.ts';
import { narrow } from '../reservation/narrow.ts';
import type { Channel, Confirmation, Plan } from '../reservation/plan.ts';
import type { Reservation } from '../reservation/reservation.ts';
import type { Situation } from '../reservation/situation.ts';
import type { BookingLens } from './bookings.ts';
import { foresee, type Ahead } from './foresee.ts';

/** One plan granted to one holder, as it would stand. */
export interface LeaseFinding {
  /** Of one that the ledger has already. */
  readonly id: string | null;
  readonly holder: Holder;
  readonly plan: string;
  readonly provider: string;
  readonly state: LeaseState;
  readonly reason: string | null;
  readonly window: Window | null;
  /** What the plan and the booking come to; null where it is refused. */
  readonly grant: Grant | null;
  readonly refused: readonly string[];
  readonly told: Telling;
  readonly ahead: readonly Ahead[];
  /** When it would be looked at again. */
  readonly wakeAt: Date | null;
}

/** How the holder would be told. */
export interface Telling {
  /** Empty: nobody is told, and an operator hands the link on. */
  readonly by: readonly Channel[];
  readonly confirm: Confirmation;
  /** Where the code comes from, where one is asked for. */
  readonly codeBy: CodeBy | null;
}

export interface Booked {
  readonly reservation: Reservation;
  /** What new leases are opened under. */
  readonly plan: Plan | undefined;
  readonly stories: readonly LeaseStory[];
}

/** The leases that the ledger has of the booking, and those that would be opened: one for each holder. */
export function findLeases({ reservation, plan, stories }: Booked, lens: BookingLens): LeaseFinding[] {
  const known = stories.map(({ lease, keys, reservation: row }) =>
    findLease({ lease, keys, reservation: { ...row, state: reservation } }, lens),
  );
  const resourceId = reservation.resource?.value.id;
  if (!plan || resourceId === undefined) return known;
  const has = (holderId: string) =>
    stories.some(({ lease }) => lease.holderId === holderId && lease.resourceId === resourceId && lease.plan === plan.name);
  const fresh = (reservation.holders?.value ?? []).filter((holderId) => !has(holderId));
  return [
    ...known,
    ...fresh.map((holderId) => findLease(newStory({ reservation, plan, holderId, resourceId, now: lens.now() }), lens)),
  ];
}

function findLease(story: LeaseStory, lens: BookingLens): LeaseFinding {
  const { lease } = story;
  const now = lens.now();
  const situation = situationOf(lens, story);
  const { reservation, plan } = situation;
  const { state, reason, window, wakeAt } = decide(situation, now);
  const holder = holderOf(reservation, lease.holderId, lens.policy().sources[reservation.source]);
  return {
    id: lease.id === NEW ? null : lease.id,
    holder,
    plan: plan?.name ?? lease.plan,
    provider: plan?.provider ?? lease.provider,
    state,
    reason,
    window,
    ...rightsOf(situation),
    told: tellingOf({ source: reservation.source, plan, holder }, lens),
    ahead: foresee(situation, now),
    wakeAt,
  };
}

function rightsOf({ plan, scopes, reservation, lease, unkept }: Situation): Pick<LeaseFinding, 'grant' | 'refused'> {
  if (!plan) return { grant: lease.granted?.grant ?? null, refused: [] };
  const narrowed = narrow(plan, scopes, reservation.parameters?.value ?? {});
  if ('refused' in narrowed) return { grant: null, refused: narrowed.refused };
  const refused = plan.acceptsUnenforced ? [] : (unkept?.(narrowed.grant) ?? []);
  return refused.length > 0 ? { grant: null, refused } : { grant: narrowed.grant, refused };
}

function tellingOf(
  { source, plan, holder }: { readonly source: string; readonly plan: Plan | undefined; readonly holder: Holder },
  { policy, smtp }: BookingLens,
): Telling {
  const reach = { source: policy().sources[source], plan, facts: { holder }, smtp };
  const by = channelsFor(reach);
  const confirm = confirmationFor(reach);
  return { by, confirm, codeBy: codeByFor(confirm, by) ?? null };
}

const NEW = 'new';

/** A lease as it is when it is opened. */
function newStory(opening: {
  readonly reservation: Reservation;
  readonly plan: Plan;
  readonly holderId: string;
  readonly resourceId: string;
  readonly now: Date;
}): LeaseStory {
  const { reservation, plan, holderId, resourceId, now } = opening;
  const { source, externalId } = reservation;
  const times = { createdAt: now, updatedAt: now };
  const nothing = { grant: null, opensAt: null, closesAt: null, overlapUntil: null, suspendedAt: null, revokedBy: null };
  const idle = { reason: null, wakeAt: null, turn: 0, heldUntil: null, attempts: 0, lastError: null };
  const under = { plan: plan.name, provider: plan.provider, holderId, resourceId };
  const booked = { resourceId, resourceName: null, startsAt: null, endsAt: null, closed: false, problem: null };
  return {
    lease: { id: NEW, reservationId: NEW, state: 'pending', generation: 1, ...under, ...nothing, ...idle, ...times },
    reservation: { id: NEW, source, externalId, state: reservation, ...booked, ...times },
    keys: [],
  };
}
