import { prospectOf } from '../intake/move.ts';
import type { LeaseStory } from '../ledger/leases.ts';
import type { Lens } from '../lease/look.ts';
import { closedBy, emptyReservation, fold } from '../reservation/fold.ts';
import type { Policy } from '../reservation/policy.ts';
import type { Event } from '../reservation/event.ts';
import type { Reservation } from '../reservation/reservation.ts';
import { findLeases, type LeaseFinding } from './leases.ts';
import { judgePlans, type PlanFinding } from './plans.ts';

/** What the ledger has of a booking already. */
export interface Known {
  readonly state: Reservation;
  readonly leases: readonly LeaseStory[];
}

/** What observations of one booking add up to, and what would come of it. */
export interface BookingFinding {
  readonly reservation: Reservation;
  /** False where nobody has heard of it before. */
  readonly known: boolean;
  readonly closed: 'cancelled' | 'ended' | null;
  /** Why no lease would come of it. */
  readonly problem: string | null;
  readonly plans: readonly PlanFinding[];
  readonly leases: readonly LeaseFinding[];
}

/** What is looked with: the rules, the providers' powers, the clock; and whether mails can be sent. */
export interface BookingLens extends Lens {
  readonly policy: () => Policy;
  readonly smtp: boolean;
}

/** Events of one source, by booking, in the order in which each was first heard of. */
export function byBooking(events: readonly Event[]): ReadonlyMap<string, readonly Event[]> {
  return Map.groupBy(events, ({ reservationId }) => reservationId);
}

/** Folds the events on top of what is known, and asks the rules what would come of it. Changes nothing and calls nobody. */
export function findBooking(
  { source, events, known }: { readonly source: string; readonly events: readonly Event[]; readonly known: Known | undefined },
  lens: BookingLens,
): BookingFinding {
  const before = known?.state ?? emptyReservation(source, events[0]!.reservationId);
  const reservation = events.reduce(fold, before);
  const policy = lens.policy();
  const { plan, problem } = prospectOf(reservation, policy);
  const resource = reservation.resource?.value;
  return {
    reservation,
    known: known !== undefined,
    closed: closedBy(reservation) ?? null,
    problem,
    plans: resource ? judgePlans(policy, source, resource) : [],
    leases: findLeases({ reservation, plan, stories: known?.leases ?? [] }, lens),
  };
}
