import { canonical } from './canonical.ts';
import { closedBy } from './fold.ts';
import type { Grant, Window } from './lease.ts';
import { narrow } from './narrow.ts';
import type { KeyFacts, LeaseFacts, Situation } from './situation.ts';
import { windowFor } from './window.ts';

export type Terms =
  | { readonly wanted: true; readonly window: Window; readonly grant: Grant; readonly asked: string }
  | {
      readonly wanted: false;
      readonly window: Window | null;
      readonly state: 'pending' | 'refused' | 'revoked' | 'suspended';
      readonly reason: string | null;
      readonly until: Date | null;
    };

/** Why a key is revoked at its time. */
export const CLOSED = 'the window closed';

/** Announced as a failure when the provider says so, so it is no news when the lease comes to rest. */
export const REFUSED_FOR_GOOD = 'the provider refused this key for good';

/** Whether the lease should have a living key now, and on which terms. */
export function termsOf({ reservation, lease, plan, scopes, keys, powers }: Situation, now: Date): Terms {
  const over = (reason: string): Terms => ({ wanted: false, window: null, state: 'revoked', reason, until: null });
  if (lease.revokedBy) return over(lease.revokedBy);
  const closed = closedBy(reservation);
  if (closed) return over(`the booking was ${closed}`);
  if (!reservation.holders?.value.includes(lease.holderId)) return over('the booking moved to somebody else');
  if (reservation.resource?.value.id !== lease.resourceId) return over('the booking moved to another resource');
  if (!plan) return withoutPlan(lease, keys, now);

  const opened = windowFor(plan, reservation);
  if ('unknown' in opened) return { wanted: false, window: null, state: 'pending', reason: opened.unknown, until: null };
  if ('refused' in opened) return { wanted: false, window: null, state: 'refused', reason: opened.refused, until: null };
  const { window } = opened;
  if (now >= window.closesAt || (lease.seenClosedAt && lease.seenClosedAt >= window.closesAt))
    return { wanted: false, window, state: 'revoked', reason: CLOSED, until: null };
  const asked = canonical(reservation.parameters?.value ?? {});
  const narrowed =
    lease.granted?.asked === asked ? { grant: lease.granted.grant } : narrow(plan, scopes, reservation.parameters?.value ?? {});
  if ('refused' in narrowed) return { wanted: false, window, state: 'refused', reason: narrowed.refused.join('; '), until: null };
  if (lease.suspended) return { wanted: false, window, state: 'suspended', reason: 'suspended', until: window.closesAt };
  const rejected = keys.find((key) => key.generation === lease.generation && key.rejected);
  if (rejected && lease.granted?.asked === asked)
    return { wanted: false, window, state: 'refused', reason: REFUSED_FOR_GOOD, until: window.closesAt };

  const living = keys.some((key) => key.state === 'active');
  const lead = powers.notBefore ? plan.window.issueBeforeMs : 0;
  const issueAt = new Date(window.opensAt.getTime() - lead);
  if (now < issueAt && !(living && powers.notBefore))
    return { wanted: false, window, state: 'pending', reason: living ? 'the window moved to later' : null, until: issueAt };
  return { wanted: true, window, grant: narrowed.grant, asked };
}

/** A plan that vanished from the configuration takes no living key with it, and makes no new one. */
function withoutPlan(lease: LeaseFacts, keys: readonly KeyFacts[], now: Date): Terms {
  const key = keys.find((candidate) => candidate.state === 'active' && candidate.generation === lease.generation);
  if (!key || !lease.granted)
    return { wanted: false, window: null, state: 'revoked', reason: 'its plan is no longer configured', until: null };
  const window = { opensAt: key.opensAt, closesAt: key.closesAt };
  if (now >= key.closesAt) return { wanted: false, window, state: 'revoked', reason: CLOSED, until: null };
  return { wanted: true, window, grant: lease.granted.grant, asked: lease.granted.asked };
}
