import { randomBytes } from 'node:crypto';
import type { ClaimRow, KeyRow } from '../ledger/schema.ts';
import { createSealer } from '../secret/seal.ts';
import { Secret } from '../secret/secret.ts';

/** How long the browser that claimed a key may see it again. */
export const AGAIN_MS = 60_000;

/** What a browser is known by from its first look at a link on: 256 bits in a cookie, kept nowhere else. */
export function mintBrowser(): Secret {
  return new Secret(randomBytes(32).toString('base64url'));
}

/** Undefined for what was never given out. */
export function browserFrom(cookie: string | undefined): Secret | undefined {
  return cookie !== undefined && /^[\w-]{43}$/.test(cookie) ? new Secret(cookie) : undefined;
}

/** The key under a key that only this browser has: database and master key together do not open it. */
export function sealAgain(secret: Secret, browser: Secret, claimId: string): string {
  return createSealer([browser]).seal(secret, contextOf(claimId));
}

/** The key of a claim once more; undefined for any other browser, after the minute, and for a key that does not live. */
export function openAgain(
  { claim, key }: { claim: ClaimRow; key: KeyRow },
  browser: Secret | undefined,
  now: Date,
): Secret | undefined {
  if (!browser || claim.sealedAgain === null || isLapsed(claim, now)) return undefined;
  if (key.state !== 'active' || key.closesAt <= now) return undefined;
  try {
    return createSealer([browser]).open(claim.sealedAgain, contextOf(claim.id));
  } catch {
    return undefined;
  }
}

/** Something is kept for another look, and its minute is over. */
export function isLapsed({ claimedAt, sealedAgain }: ClaimRow, now: Date): boolean {
  return sealedAgain !== null && claimedAt !== null && claimedAt < lapsedBefore(now);
}

export function lapsedBefore(now: Date): Date {
  return new Date(now.getTime() - AGAIN_MS);
}

function contextOf(claimId: string): string {
  return `claim-again:${claimId}`;
}
