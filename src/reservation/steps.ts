import { canonical } from './canonical.ts';
import type { Grant, Window } from './lease.ts';
import type { KeyFacts, Situation } from './situation.ts';
import type { Terms } from './terms.ts';
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
  | { readonly do: 'suspend'; readonly keyId: string }
  | { readonly do: 'resume'; readonly keyId: string }
  | { readonly do: 'revoke'; readonly keyId: string; readonly reason: string };

/** What brings the keys to where they should be; revocations come first. */
export function stepsTowards(situation: Situation, terms: Terms & { wanted: true }, now: Date): Step[] {
  const { lease, keys, plan, powers } = situation;
  const current = keys.find((key) => key.generation === lease.generation);
  const outdated = keys.filter((key) => lives(key) && key.generation < lease.generation);
  // Until its successor works, the newest key that does stays.
  const newest = current?.state === 'active' ? current : outdated.findLast((key) => key.state === 'active');
  const overlaps = lease.overlapUntil !== null && now < lease.overlapUntil;
  const superseded = overlaps ? [] : outdated.filter((key) => newest && key !== newest);
  const steps: Step[] = [
    ...keys
      .filter((key) => key.state === 'revoking' && !superseded.includes(key))
      .map((key) => revoke(key, 'revocation goes on')),
    ...superseded.map((key) => revoke(key, 'replaced by a newer key')),
    ...keys.filter((key) => key.state === 'active' && key.suspended).map((key): Step => ({ do: 'resume', keyId: key.id })),
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
  const otherRights = lease.granted !== null && canonical(lease.granted.grant) !== canonical(terms.grant);
  if (current.state === 'intended')
    return [...steps, otherRights ? issue(nextGeneration(keys), now) : issue(current.generation, lease.overlapUntil)];
  if (current.state !== 'active') return [...steps, issue(nextGeneration(keys), null)];
  const replacementFailed = keys.some((key) => key.rejected && key.generation > lease.generation);
  if (!replacementFailed) {
    if (otherRights) return [...steps, issue(nextGeneration(keys), now)];
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

/** What takes away, or holds back, keys that should not work now. */
export function stepsAway({ keys, powers }: Situation, terms: Terms & { wanted: false }): Step[] {
  const holdsBack = terms.state === 'suspended' && powers.suspend;
  return keys.filter(lives).flatMap((key): Step[] => {
    if (!holdsBack || key.state !== 'active') return [revoke(key, terms.reason ?? 'not due')];
    return key.suspended ? [] : [{ do: 'suspend', keyId: key.id }];
  });
}

export function isDue(step: Step, keys: readonly KeyFacts[], now: Date): boolean {
  const key = keyOf(step, keys);
  // The wait belongs to the call that failed. Taking a key away is another call, and waits only for itself.
  if (step.do === 'revoke' && key?.state !== 'revoking') return true;
  const retryAt = key?.retryAt;
  return !retryAt || retryAt <= now;
}

export function keyOf(step: Step, keys: readonly KeyFacts[]): KeyFacts | undefined {
  return keys.find((key) => (step.do === 'issue' ? key.generation === step.generation : key.id === step.keyId));
}

function nextGeneration(keys: readonly KeyFacts[]): number {
  return 1 + Math.max(0, ...keys.map((key) => key.generation));
}

export function lives(key: KeyFacts): boolean {
  return key.state !== 'revoked';
}

function revoke(key: KeyFacts, reason: string): Step {
  return { do: 'revoke', keyId: key.id, reason };
}
