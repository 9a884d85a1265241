import { canonical } from './canonical.ts';
import { closedBy } from './fold.ts';
import type { Grant, Window } from './lease.ts';
import { narrow, type Narrowed } from './narrow.ts';
import type { Plan } from './plan.ts';
import type { Reservation } from './reservation.ts';
import type { KeyFacts, Situation } from './situation.ts';
import { windowFor, type Opened } from './window.ts';

export type Terms =
  | {
      readonly wanted: true;
      readonly window: Window;
      readonly grant: Grant;
      readonly asked: string;
      /** What keys are made under. Null when none is made: the one that lives is of a plan that has gone, and stays to its end. */
      readonly plan: Plan | null;
    }
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
export function termsOf(situation: Situation, now: Date): Terms {
  const over = overBecause(situation, now);
  if (over) return away('revoked', over);
  return keptTerms(situation, now) ?? newTerms(situation, now);
}

/** Why nothing can come of the lease any more, whatever else is so. */
export function overBecause(situation: Situation, now: Date): string | undefined {
  const { reservation, lease } = situation;
  if (lease.revokedBy) return lease.revokedBy;
  const closed = closedBy(reservation);
  if (closed && !(closed === 'ended' && hasMargin(situation, now))) return `the booking was ${closed}`;
  if (!reservation.holders?.value.includes(lease.holderId)) return 'the booking moved to somebody else';
  if (reservation.resource?.value.id !== lease.resourceId) return 'the booking moved to another resource';
  return undefined;
}

/** A booking that ended at its time, and not before, leaves its key the margin that the plan grants after it. */
function hasMargin({ reservation, lease, plan, keys }: Situation, now: Date): boolean {
  const { endsAt, ended } = reservation;
  const rules = lease.former ? lease.granted?.plan : plan;
  if (!endsAt || !rules?.window.closesAfterMs || !keys.some((key) => key.state === 'active')) return false;
  return now >= endsAt.value && (!ended || ended.version >= endsAt.value.getTime());
}

/** On which terms a new key would be made now, or why none is. */
export function newTerms(situation: Situation, now: Date): Terms {
  const { reservation, lease, plan, keys, powers } = situation;
  if (!plan) return away('revoked', 'its plan is no longer configured');
  const opened = windowFor(plan, reservation);
  if (!('window' in opened)) return unopened(opened);
  const { window } = opened;
  if (now >= window.closesAt || (lease.seenClosedAt && lease.seenClosedAt >= window.closesAt))
    return away('revoked', CLOSED, { window });
  const asked = askedOf(reservation);
  const granted = lease.former || lease.granted?.asked !== asked ? null : lease.granted;
  const narrowed = granted ?? newGrant(situation, plan);
  if ('refused' in narrowed) return away('refused', narrowed.refused.join('; '), { window });
  if (lease.suspended) return suspended(window);
  const rejected = keys.some((key) => key.generation === lease.generation && key.rejected);
  if (rejected && granted) return away('refused', REFUSED_FOR_GOOD, { window, until: window.closesAt });

  // A key that is out and opens the door must not live before the window, so none is made beside it either.
  const isOut = keys.some((key) => key.state === 'active' && !key.powers.notBefore);
  const lead = powers.notBefore && !isOut ? plan.window.issueBeforeMs : 0;
  const issueAt = new Date(window.opensAt.getTime() - lead);
  const isReady = !isOut && keys.some((key) => key.state === 'active');
  if (now < issueAt && !isReady) return early(window, keys, issueAt);
  return { wanted: true, window, grant: narrowed.grant, asked, plan };
}

/** A booking may not escape a limit by asking for it in a way that the provider does not enforce. */
function newGrant({ reservation, scopes, unkept }: Situation, plan: Plan): Narrowed {
  const narrowed = narrow(plan, scopes, reservation.parameters?.value ?? {});
  if ('refused' in narrowed || plan.acceptsUnenforced) return narrowed;
  const refused = unkept?.(narrowed.grant) ?? [];
  return refused.length > 0 ? { refused } : narrowed;
}

/**
 * A plan that vanished from the configuration takes no living key with it. Such a key follows its booking to a shorter window, never to
 * a longer one: what outgrows it is the present plan's to grant. Undefined where there is no such key.
 */
function keptTerms(situation: Situation, now: Date): Terms | undefined {
  const { reservation, lease, plan, keys } = situation;
  const key = keys.findLast(({ state }) => state === 'active');
  if (!lease.former || !lease.granted || !key) return undefined;
  const { grant, asked } = lease.granted;
  const present = plan && newTerms(situation, now);
  const opened = windowFor(lease.granted.plan, reservation);
  if (!('window' in opened)) return present ?? unopened(opened);
  const asksOther = askedOf(reservation) !== asked;
  const outgrown = opened.window.closesAt > key.closesAt || key.generation < lease.generation;
  if (present && (asksOther || (outgrown && present.wanted))) return present;

  const window = { ...opened.window, closesAt: earlier(opened.window.closesAt, key.closesAt) };
  if (now >= window.closesAt) return away('revoked', CLOSED, { window });
  if (lease.suspended) return suspended(window);
  if (now < window.opensAt && !key.powers.notBefore) return early(window, keys, window.opensAt);
  return { wanted: true, window, grant, asked, plan: null };
}

function askedOf(reservation: Reservation): string {
  return canonical(reservation.parameters?.value ?? {});
}

type Away = Terms & { wanted: false };

function away(
  state: Away['state'],
  reason: string | null,
  { window = null, until = null }: Partial<Pick<Away, 'window' | 'until'>> = {},
): Away {
  return { wanted: false, window, state, reason, until };
}

function unopened(opened: Exclude<Opened, { window: Window }>): Away {
  return 'unknown' in opened ? away('pending', opened.unknown) : away('refused', opened.refused);
}

function suspended(window: Window): Away {
  return away('suspended', 'suspended', { window, until: window.closesAt });
}

function early(window: Window, keys: readonly KeyFacts[], until: Date): Away {
  const living = keys.some((key) => key.state === 'active');
  return away('pending', living ? 'the window moved to later' : null, { window, until });
}

function earlier(a: Date, b: Date): Date {
  return a < b ? a : b;
}
