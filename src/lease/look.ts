import type { LeaseStory } from '../ledger/leases.ts';
import type { KeyRow } from '../ledger/schema.ts';
import { decide, type Decision } from '../reservation/decide.ts';
import { reviveReservation } from '../reservation/fold.ts';
import type { Reservation } from '../reservation/reservation.ts';
import type { KeyFacts, Powers } from '../reservation/situation.ts';
import { CLOSED } from '../reservation/terms.ts';
import { REJECTED } from './issue.ts';
import { isOverdue } from './revoke.ts';
import type { Workshop } from './turn.ts';

/** What there is to look with. */
export type Lens = Pick<Workshop, 'policy' | 'providers' | 'now'>;

/** What would be decided about a lease now, as it stands in the ledger. Changes nothing and calls nobody. */
export function lookAt(lens: Lens, story: LeaseStory): { readonly reservation: Reservation; readonly decision: Decision } {
  const reservation = reviveReservation(story.reservation.state);
  const { lease, keys } = story;
  const now = lens.now();
  const policy = lens.policy();
  const situation = {
    reservation,
    lease: {
      holderId: lease.holderId,
      resourceId: lease.resourceId,
      generation: lease.generation,
      overlapUntil: lease.overlapUntil,
      suspended: lease.suspendedAt !== null,
      revokedBy: lease.revokedBy ? `revoked by ${lease.revokedBy.actor}: ${lease.revokedBy.reason}` : null,
      seenClosedAt: seenClosedAt(keys),
      granted: lease.grant,
    },
    keys: keys.map((key) => factsOf(key, now)),
    plan: policy.plans.find((plan) => plan.name === lease.plan && plan.provider === lease.provider),
    scopes: policy.scopes,
    powers: powersOf(lens, lease.provider),
  };
  return { reservation, decision: decide(situation, now) };
}

function seenClosedAt(keys: readonly KeyRow[]): Date | null {
  const times = keys.flatMap(({ revokeReason, revokingAt }) =>
    revokeReason === CLOSED && revokingAt ? [revokingAt.getTime()] : [],
  );
  return times.length === 0 ? null : new Date(Math.max(...times));
}

function factsOf(key: KeyRow, now: Date): KeyFacts {
  return {
    id: key.id,
    generation: key.generation,
    state: key.state,
    opensAt: key.opensAt,
    closesAt: key.closesAt,
    activeAt: key.activeAt,
    retryAt: key.retryAt,
    rejected: key.revokeReason === REJECTED,
    fixed: key.lastErrorKind === 'fixed',
    suspended: key.suspendedAt !== null,
    overdue: isOverdue(key, now),
  };
}

function powersOf(lens: Lens, provider: string): Powers {
  const driver = lens.providers(provider)?.driver;
  if (!driver) return { suspend: false, notBefore: false, retime: 'move' };
  const keepsExpiry = driver.limits.expiry.by === 'gateway' || driver.limits.expiry.by === 'approximate';
  return {
    suspend: driver.suspend !== undefined,
    notBefore: driver.limits.notBefore.by !== 'none',
    retime: driver.retime || !keepsExpiry ? 'move' : 'replace',
  };
}
