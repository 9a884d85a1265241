import type { LeaseState, Window } from './lease.ts';
import type { KeyFacts, Situation } from './situation.ts';
import { isDue, keyOf, lives, stepsAway, stepsTowards, type Step } from './steps.ts';
import { termsOf, type Terms } from './terms.ts';

export interface Decision {
  /** What the lease is, were the steps to be interrupted now. */
  readonly state: LeaseState;
  /** Why it is refused, suspended, revoked or stuck; for people. */
  readonly reason: string | null;
  /** When the holder should be told that the window closes soon. */
  readonly endingAt: Date | null;
  readonly window: Window | null;
  /** To be done in this order; revocations come first. */
  readonly steps: readonly Step[];
  /** When to look again, if nothing happens before; null when nothing is ahead. */
  readonly wakeAt: Date | null;
}

const ENDING_NOTICE_MS = 15 * 60_000;

/**
 * Compares the keys that should exist with the keys that do. It looks at the state of things, never at the event that woke
 * it, so repeats, disorder, crashes, extensions, rotation and expiry are one path. Doing the steps and asking again ends in
 * a decision without steps that are due.
 */
export function decide(situation: Situation, now: Date): Decision {
  const terms = termsOf(situation, now);
  const steps = terms.wanted ? stepsTowards(situation, terms, now) : stepsAway(situation, terms);
  const due = steps.filter((step) => isDue(step, situation.keys, now));
  return {
    ...stateOf(situation, terms),
    endingAt: terms.wanted ? endingAt(terms.window) : null,
    window: terms.window,
    steps: due,
    wakeAt: earliest([
      ...wakesOf(situation, terms, now),
      ...waitsOf(steps, due, situation.keys),
      ...situation.keys.flatMap(({ overdueAt, overdue }) => (overdueAt && !overdue ? [overdueAt] : [])),
    ]),
  };
}

function stateOf({ lease, keys }: Situation, terms: Terms): { state: LeaseState; reason: string | null } {
  const overdue = keys.find((key) => key.state === 'revoking' && key.overdue);
  if (overdue) return { state: 'stuck', reason: 'a key could not be revoked yet' };
  if (terms.wanted) {
    const usable = keys.some((key) => key.state === 'active');
    const ahead = keys.some(
      (key) => key.state === 'intended' || (key.generation >= lease.generation && key.state === 'revoking'),
    );
    return { state: usable ? 'active' : ahead ? 'issuing' : 'pending', reason: null };
  }
  const leaving = keys.some((key) => lives(key) && !(terms.state === 'suspended' && key.suspended));
  return { state: leaving ? 'revoking' : terms.state, reason: terms.reason };
}

function wakesOf({ lease, keys }: Situation, terms: Terms, now: Date): Date[] {
  if (!terms.wanted) return terms.until ? [terms.until] : [];
  const wakes = [terms.window.closesAt];
  const soon = endingAt(terms.window);
  if (soon) wakes.push(soon);
  if (lease.overlapUntil && keys.some((key) => lives(key) && key.generation < lease.generation)) wakes.push(lease.overlapUntil);
  const current = keys.find((key) => key.generation === lease.generation && key.state === 'active');
  const rotation = terms.plan?.rotation;
  if (rotation && current?.activeAt) wakes.push(new Date(current.activeAt.getTime() + rotation.everyMs));
  // What is past was seen now; it must not wake the lease again and again while something else is waited for.
  return wakes.filter((wake) => wake > now);
}

/** Steps put off by a provider's failure come due at their key's own time. */
function waitsOf(steps: readonly Step[], due: readonly Step[], keys: readonly KeyFacts[]): Date[] {
  return steps.filter((step) => !due.includes(step)).flatMap((step) => keyOf(step, keys)?.retryAt ?? []);
}

/** Only windows long enough for a warning to be of use get one. */
function endingAt(window: Window): Date | null {
  const long = window.closesAt.getTime() - window.opensAt.getTime() > 2 * ENDING_NOTICE_MS;
  return long ? new Date(window.closesAt.getTime() - ENDING_NOTICE_MS) : null;
}

function earliest(dates: readonly Date[]): Date | null {
  return dates.length === 0 ? null : new Date(Math.min(...dates.map((date) => date.getTime())));
}
