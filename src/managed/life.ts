import type { Window } from '../reservation/lease.ts';
import type { KeyRules } from '../reservation/project.ts';
import type { TokenType } from '../reservation/rights.ts';
import type { Ends, KeyAsked, Refusal, Rotation } from './asked.ts';

/** What stands in the books for a key that does not end. */
export const NEVER = new Date('9999-12-31T00:00:00.000Z');

export const endless = (closesAt: Date): boolean => closesAt >= NEVER;

const DAY_MS = 86_400_000;

/**
 * When the key works. It ends by itself unless the project allows one without an end and that is asked for; from its opening it lives at most
 * as long as the project says.
 */
export function windowFor(
  { opensAt, ends }: Pick<KeyAsked, 'opensAt' | 'ends'>,
  { rules, now, refused, endsAfter = now }: { rules: KeyRules; now: Date; refused: Refusal[]; endsAfter?: Date },
): Window {
  const opens = opensAt ?? now;
  const closesAt = closesOf(opens, ends ?? { inMs: rules.expires.defaultMs });
  const { longestMs, never } = rules.expires;
  if (endless(closesAt)) {
    if (!never)
      refused.push({ at: 'expires', why: `this project has no keys without an end; the longest life is ${days(longestMs)}` });
  } else if (!(closesAt > opens && closesAt > endsAfter)) refused.push({ at: 'expires', why: 'it would end before it opens' });
  else if (closesAt.getTime() - opens.getTime() > longestMs)
    refused.push({ at: 'expires', why: `it would live longer than this project allows (${days(longestMs)})` });
  return { opensAt: opens, closesAt };
}

function closesOf(opens: Date, ends: Ends): Date {
  if (ends === 'never') return NEVER;
  return 'at' in ends ? ends.at : new Date(Math.min(opens.getTime() + ends.inMs, NEVER.getTime()));
}

/** A token that was revoked is listed until its end: one without an end would be listed for ever. */
export function mustEnd(tokenType: TokenType, closesAt: Date, refused: Refusal[]): void {
  if (tokenType === 'jwt' && endless(closesAt))
    refused.push({ at: 'tokenType', why: 'a signed token has an end; give the key one, or make it opaque' });
}

/** How often its value changes. A project that prescribes it lets no key change more rarely, or keep an old value longer. */
export function rotationFor(asked: KeyAsked['rotation'], rules: KeyRules, refused: Refusal[]): Rotation | null {
  const most = rules.rotation;
  if (asked === undefined) return most ?? null;
  if (asked === null) {
    if (most) refused.push({ at: 'rotation', why: `this project rotates every key, at least every ${days(most.everyMs)}` });
    return null;
  }
  if (asked.overlapMs >= asked.everyMs)
    refused.push({ at: 'rotation', why: 'the overlap is as long as the time between rotations' });
  if (most && asked.everyMs > most.everyMs)
    refused.push({ at: 'rotation', why: `every is more than this project allows (${days(most.everyMs)})` });
  if (most && asked.overlapMs > most.overlapMs)
    refused.push({ at: 'rotation', why: `the overlap is more than this project allows (${days(most.overlapMs)})` });
  return asked;
}

/** When the clock changes its value next; null for never, also where it ends before. */
export function nextRotation(rotation: Rotation | null, from: Date, closesAt: Date): Date | null {
  if (!rotation) return null;
  const at = new Date(from.getTime() + rotation.everyMs);
  return at < closesAt ? at : null;
}

function days(ms: number): string {
  return ms % DAY_MS === 0 ? `${ms / DAY_MS}d` : `${Math.round(ms / 60_000)}m`;
}
