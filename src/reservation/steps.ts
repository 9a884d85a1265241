import { canonical } from './canonical.ts';
import type { Grant, Granted, Window } from './lease.ts';
import type { Plan } from './plan.ts';
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
      readonly plan: Plan;
    }
  | { readonly do: 'retime'; readonly keyId: string; readonly window: Window; readonly grant: Grant }
  | { readonly do: 'suspend'; readonly keyId: string }
  | { readonly do: 'resume'; readonly keyId: string }
  | { readonly do: 'revoke'; readonly keyId: string; readonly reason: string };

type Wanted = Terms & { wanted: true };

/** What brings the keys to where they should be; revocations come first. */
export function stepsTowards(situation: Situation, terms: Wanted, now: Date): Step[] {
  const { keys } = situation;
  const leaving = [
    ...supersededOf(situation, now),
    // Where none is made, what was to be one must not become one.
    ...keys.filter((key) => key.state === 'intended' && !terms.plan),
  ];
  const steps: Step[] = [
    ...keys.filter((key) => key.state === 'revoking' && !leaving.includes(key)).map((key) => revoke(key, 'revocation goes on')),
    ...leaving.map((key) => revoke(key, 'replaced by a newer key')),
    ...keys.filter((key) => key.state === 'active' && key.suspended).map((key): Step => ({ do: 'resume', keyId: key.id })),
  ];
  const made = terms.plan && madeUnder(terms.plan, situation, { terms, now });
  if (made) return [...steps, made];
  const moved = keys.filter(
    (key) => key.state === 'active' && !leaving.includes(key) && !sameWindow(key, terms.window) && !outgrows(terms, key, now),
  );
  return [...steps, ...moved.map((key): Step => ({ do: 'retime', keyId: key.id, window: terms.window, grant: terms.grant }))];
}

/**
 * Older keys that have had their time. Until its successor works, the newest that does stays; then it stays for the overlap. It is never
 * more than that one: a rotation in the middle of another prolongs nothing that the first one limited.
 */
function supersededOf({ lease, keys }: Situation, now: Date): KeyFacts[] {
  const outdated = keys.filter((key) => lives(key) && key.generation < lease.generation);
  const predecessor = outdated.findLast((key) => key.state === 'active');
  const works = keys.some((key) => key.generation === lease.generation && key.state === 'active');
  if (!works && !predecessor) return [];
  const overlaps = lease.overlapUntil !== null && now < lease.overlapUntil;
  return outdated.filter((key) => key !== predecessor || (works && !overlaps));
}

/** The key to be made, or made again after a call whose answer was lost; undefined when the one that is there will do. */
function madeUnder(plan: Plan, { lease, keys }: Situation, { terms, now }: { terms: Wanted; now: Date }): Step | undefined {
  const { window, grant, asked } = terms;
  const issue = (generation: number, overlapUntil: Date | null): Step => {
    return { do: 'issue', generation, overlapUntil, window, grant, asked, plan };
  };
  const current = keys.find((key) => key.generation === lease.generation);
  if (!current) return issue(lease.generation, lease.overlapUntil);
  const next = nextGeneration(keys);
  const otherRights = lease.granted !== null && !sameRights(lease.granted, terms, lease.former);
  if (current.state === 'intended') {
    if (otherRights) return issue(next, now);
    return issue(lease.former || saysOtherwise(terms, current, now) ? next : current.generation, lease.overlapUntil);
  }
  if (current.state !== 'active') return issue(next, null);
  if (keys.some((key) => key.rejected && key.generation > lease.generation)) return undefined;
  if (otherRights) return issue(next, now);
  const { rotation } = plan;
  if (rotation && !lease.former && current.activeAt && now.getTime() >= current.activeAt.getTime() + rotation.everyMs)
    return issue(next, new Date(now.getTime() + rotation.overlapMs));
  return lease.former || outgrows(terms, current, now) ? issue(next, current.closesAt) : undefined;
}

/** Another plan may grant something else for the same request: then the old key is good as long as it lives. */
function sameRights(granted: Granted, { grant, asked }: Wanted, former: boolean): boolean {
  return former ? granted.asked === asked : canonical(granted.grant) === canonical(grant);
}

/** It will not be good for all of the window: the provider ends it before, or its own word does. */
function outgrows(terms: Wanted, key: KeyFacts, now: Date): boolean {
  const endsBefore = terms.window.closesAt > key.closesAt && (key.powers.retime === 'replace' || key.fixed);
  return endsBefore || saysOtherwise(terms, key, now);
}

/** A value that says less than the window. When it began to be good no longer matters once it is. */
function saysOtherwise({ window }: Wanted, { says }: KeyFacts, now: Date): boolean {
  if (!says) return false;
  return window.closesAt > says.closesAt || (window.opensAt < says.opensAt && now < says.opensAt);
}

/** What takes away, or holds back, keys that should not work now. */
export function stepsAway({ keys }: Situation, terms: Terms & { wanted: false }): Step[] {
  return keys.filter(lives).flatMap((key): Step[] => {
    const holdsBack = terms.state === 'suspended' && key.powers.suspend;
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
