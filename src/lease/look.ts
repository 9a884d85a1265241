import { isOverdue, overdueAt } from '../ledger/debts.ts';
import type { LeaseStory } from '../ledger/leases.ts';
import type { KeyRow, LeaseRow } from '../ledger/schema.ts';
import { askedOfGrant, limitsOf, unkept } from '../policy/asked.ts';
import { decide, type Decision } from '../reservation/decide.ts';
import { reviveReservation } from '../reservation/fold.ts';
import type { Grant } from '../reservation/lease.ts';
import { matchPlan } from '../reservation/narrow.ts';
import { projectOfLease } from '../reservation/project.ts';
import type { Catalogue, Plan, Scopes } from '../reservation/plan.ts';
import type { Reservation } from '../reservation/reservation.ts';
import type { KeyFacts, Powers, Situation } from '../reservation/situation.ts';
import { CLOSED } from '../reservation/terms.ts';
import { REJECTED } from './issue.ts';
import type { Workshop } from './turn.ts';

/** What there is to look with. */
export type Lens = Pick<Workshop, 'policy' | 'providers' | 'now'>;

/** What would be decided about a lease now, as it stands in the ledger. Changes nothing and calls nobody. */
export function lookAt(lens: Lens, story: LeaseStory): Look {
  const situation = situationOf(lens, story);
  const { reservation, plan } = situation;
  return { reservation, plan, decision: decide(situation, lens.now()) };
}

export interface Look {
  readonly reservation: Reservation;
  /** What new keys are made under. */
  readonly plan: Plan | undefined;
  readonly decision: Decision;
}

/** What `decide` looks at, from what the ledger, the configuration and the clock say. */
export function situationOf(lens: Lens, story: LeaseStory): Situation {
  const reservation = reviveReservation(story.reservation.state);
  const { lease, keys } = story;
  const now = lens.now();
  const policy = lens.policy();
  const plan = planFor(policy, story, reservation);
  const project = projectOfLease(policy, { source: reservation.source, plan: lease.plan });
  const scopes = policy.scopesOf(project);
  return {
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
      former: !plan || !isUnder(lease, plan),
    },
    keys: keys.map((key) => ({ ...factsOf(key, now), powers: powersOf(lens, key.provider, key.revealedAt) })),
    plan,
    scopes,
    powers: powersOf(lens, plan?.provider ?? lease.provider),
    unkept: (grant) => unkeptAt(lens, plan?.provider ?? lease.provider, { grant, scopes }),
  };
}

/** What nobody would enforce of a grant at a provider, in words. */
export function unkeptAt(lens: Lens, provider: string, { grant, scopes }: { grant: Grant; scopes: Scopes }): string[] {
  const driver = lens.providers(provider)?.driver;
  if (!driver) return [];
  return unkept(limitsOf(driver, [askedOfGrant(grant, scopes)])).map(
    ({ limit, note }) => `provider ${provider} does not enforce ${limit} as it is asked for${note ? ` (${note})` : ''}`,
  );
}

export function isUnder(lease: Pick<LeaseRow, 'plan' | 'provider'>, plan: Plan): boolean {
  return lease.plan === plan.name && lease.provider === plan.provider;
}

/** The lease's own plan, as long as its project has it and a key lives; else the one that matches the booking now. */
function planFor(policy: Catalogue, { lease, keys }: LeaseStory, { source, resource }: Reservation): Plan | undefined {
  const project = policy.projectOf(source);
  const own = policy.plans.find((plan) => isUnder(lease, plan) && (project === undefined || plan.project === project));
  if (own && keys.some((key) => key.state !== 'revoked')) return own;
  return (resource && matchPlan(policy, source, resource.value)) ?? own;
}

function seenClosedAt(keys: readonly KeyRow[]): Date | null {
  const times = keys.flatMap(({ revokeReason, revokingAt }) =>
    revokeReason === CLOSED && revokingAt ? [revokingAt.getTime()] : [],
  );
  return times.length === 0 ? null : new Date(Math.max(...times));
}

function factsOf(key: KeyRow, now: Date): Omit<KeyFacts, 'powers'> {
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
    ...(key.tokenFrom && key.tokenUntil && { says: { opensAt: key.tokenFrom, closesAt: key.tokenUntil } }),
    suspended: key.suspendedAt !== null,
    overdue: isOverdue(key, now),
    overdueAt: overdueAt(key),
  };
}

/** A key that nobody was shown yet is as good as one that opens nothing. */
function powersOf(lens: Lens, provider: string, revealedAt: Date | null = null): Powers {
  const driver = lens.providers(provider)?.driver;
  if (!driver) return { suspend: false, notBefore: false, retime: 'move' };
  const keepsExpiry = driver.limits.expiry.by === 'gateway' || driver.limits.expiry.by === 'approximate';
  return {
    suspend: driver.suspend !== undefined,
    notBefore: driver.limits.notBefore.by === 'latchkey' ? revealedAt === null : driver.limits.notBefore.by !== 'none',
    retime: driver.retime || !keepsExpiry ? 'move' : 'replace',
  };
}
