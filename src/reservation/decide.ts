import { canonical } from './canonical.ts';
import type { Grant, LeaseState, Window } from './lease.ts';
import type { KeyFacts, Situation } from './situation.ts';
import { termsOf, type Terms } from './terms.ts';
import { sameWindow } from './window.ts';

export type Step =
  | {
      readonly do: 'issue';
      readonly generation: number;
      readonly overlapUntil: Date | null;
      readonly window: Window;
      readonly grant: Grant;
      readonly asked: string;
    }
  | { readonly do: 'retime'; readonly keyId: string; readonly window: Window; readonly grant: Grant }
  | { readonly do: 'revoke'; readonly keyId: string; readonly reason: string };

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
  const steps = terms.wanted
    ? stepsTowards(situation, terms, now)
    : situation.keys.filter(lives).map((key) => revoke(key, terms.reason ?? 'not due'));
  const due = steps.filter((step) => isDue(step, situation.keys, now));
  return {
    ...stateOf(situation, terms),
    endingAt: terms.wanted ? endingAt(terms.window) : null,
    window: terms.window,
    steps: due,
    wakeAt: earliest([...wakesOf(situation, terms, now), ...waitsOf(steps, due, situation.keys)]),
  };
}

function stepsTowards(situation: Situation, terms: Terms & { wanted: true }, now: Date): Step[] {
  const { lease, keys, plan, powers } = situation;
  const current = keys.find((key) => key.generation === lease.generation);
  const outdated = keys.filter((key) => lives(key) && key.generation < lease.generation);
  const superseded = current?.state === 'active' && (lease.overlapUntil === null || now >= lease.overlapUntil) ? outdated : [];
  const steps: Step[] = [
    ...keys
      .filter((key) => key.state === 'revoking' && !superseded.includes(key))
      .map((key) => revoke(key, 'revocation goes on')),
    ...superseded.map((key) => revoke(key, 'replaced by a newer key')),
  ];
  /** The provider will end it before its window does. */
  const outgrows = (key: KeyFacts): boolean => terms.window.closesAt > key.closesAt && (powers.retime === 'replace' || key.fixed);
  const issue = (generation: number, overlapUntil: Date | null): Step => ({
    do: 'issue',
    generation,
    overlapUntil,
    window: terms.window,
    grant: terms.grant,
    asked: terms.asked,
  });

  if (!current) return [...steps, issue(lease.generation, lease.overlapUntil)];
  if (current.state === 'intended') return [...steps, issue(current.generation, lease.overlapUntil)];
  if (current.state !== 'active') return [...steps, issue(nextGeneration(keys), null)];
  const replacementFailed = keys.some((key) => key.rejected && key.generation > lease.generation);
  if (!replacementFailed) {
    if (lease.granted && canonical(lease.granted.grant) !== canonical(terms.grant))
      return [...steps, issue(nextGeneration(keys), now)];
    const rotation = plan?.rotation;
    if (rotation && current.activeAt && now.getTime() >= current.activeAt.getTime() + rotation.everyMs)
      return [...steps, issue(nextGeneration(keys), new Date(now.getTime() + rotation.overlapMs))];
    if (outgrows(current)) return [...steps, issue(nextGeneration(keys), current.closesAt)];
  }
  const moved = keys.filter(
    (key) => key.state === 'active' && !superseded.includes(key) && !sameWindow(key, terms.window) && !outgrows(key),
  );
  return [...steps, ...moved.map((key): Step => ({ do: 'retime', keyId: key.id, window: terms.window, grant: terms.grant }))];
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
  return { state: keys.some(lives) ? 'revoking' : terms.state, reason: terms.reason };
}

function wakesOf({ lease, keys, plan }: Situation, terms: Terms, now: Date): Date[] {
  if (!terms.wanted) return terms.until ? [terms.until] : [];
  const wakes = [terms.window.closesAt];
  const soon = endingAt(terms.window);
  if (soon && soon > now) wakes.push(soon);
  if (lease.overlapUntil && keys.some((key) => lives(key) && key.generation < lease.generation)) wakes.push(lease.overlapUntil);
  const current = keys.find((key) => key.generation === lease.generation && key.state === 'active');
  if (plan?.rotation && current?.activeAt) wakes.push(new Date(current.activeAt.getTime() + plan.rotation.everyMs));
  return wakes;
}

/** Steps put off by a provider's failure come due at their key's own time. */
function waitsOf(steps: readonly Step[], due: readonly Step[], keys: readonly KeyFacts[]): Date[] {
  return steps.filter((step) => !due.includes(step)).flatMap((step) => keyOf(step, keys)?.retryAt ?? []);
}

function isDue(step: Step, keys: readonly KeyFacts[], now: Date): boolean {
  const retryAt = keyOf(step, keys)?.retryAt;
  return !retryAt || retryAt <= now;
}

function keyOf(step: Step, keys: readonly KeyFacts[]): KeyFacts | undefined {
  return keys.find((key) => (step.do === 'issue' ? key.generation === step.generation : key.id === step.keyId));
}

function nextGeneration(keys: readonly KeyFacts[]): number {
  return 1 + Math.max(0, ...keys.map((key) => key.generation));
}

function lives(key: KeyFacts): boolean {
  return key.state !== 'revoked';
}

function revoke(key: KeyFacts, reason: string): Step {
  return { do: 'revoke', keyId: key.id, reason };
}

/** Only windows long enough for a warning to be of use get one. */
function endingAt(window: Window): Date | null {
  const long = window.closesAt.getTime() - window.opensAt.getTime() > 2 * ENDING_NOTICE_MS;
  return long ? new Date(window.closesAt.getTime() - ENDING_NOTICE_MS) : null;
}

function earliest(dates: readonly Date[]): Date | null {
  return dates.length === 0 ? null : new Date(Math.min(...dates.map((date) => date.getTime())));
}
