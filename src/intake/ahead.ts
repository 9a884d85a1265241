import { decide } from '../reservation/decide.ts';
import type { Window } from '../reservation/lease.ts';
import type { Plan } from '../reservation/plan.ts';
import type { Policy } from '../reservation/policy.ts';
import type { Reservation } from '../reservation/reservation.ts';
import type { Situation } from '../reservation/situation.ts';

export interface Ahead {
  readonly wakeAt: Date;
  readonly window: Window;
}

/** What is due so soon is settled at once all the same. */
const SOON_MS = 60_000;

/**
 * When the leases of a new booking must be looked at first, if `decide` has nothing to do for them until then: most bookings are made
 * days ahead, and settling each one only to learn that cost more than recording it. Undefined when they are to be settled now.
 */
export function aheadOf(state: Reservation, plan: Plan, { policy, now }: { policy: Policy; now: Date }): Ahead | undefined {
  const holderId = state.holders?.value[0];
  if (holderId === undefined || !state.resource) return undefined;
  const { steps, wakeAt, window } = decide(situationOfNew(state, holderId, { plan, policy }), now);
  const quiet = steps.length === 0 && wakeAt !== null && wakeAt.getTime() - now.getTime() > SOON_MS;
  return quiet && window ? { wakeAt, window } : undefined;
}

/** A holder's lease of a booking as it is when it is opened. */
export function situationOfNew(
  state: Reservation,
  holderId: string,
  { plan, policy }: { readonly plan: Plan; readonly policy: Policy },
): Situation {
  return {
    reservation: state,
    lease: {
      holderId,
      resourceId: state.resource?.value.id ?? '',
      generation: 1,
      overlapUntil: null,
      suspended: false,
      revokedBy: null,
      granted: null,
      former: false,
    },
    keys: [],
    plan,
    scopes: policy.scopesOf(plan.project),
    // The earliest that any provider may want it.
    powers: { suspend: true, notBefore: true, retime: 'move' },
  };
}
