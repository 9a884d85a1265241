import type { ClaimRow, KeyRow } from '../ledger/schema.ts';

export const CLAIM_STATES = ['waiting', 'claimed', 'expired', 'revoked'] as const;
export type ClaimState = (typeof CLAIM_STATES)[number];

/** Wrong confirmations after which a claim is closed until its link is made anew. */
export const MOST_TRIES = 5;

/** A claim ends with its key, wherever an extension has moved that. */
export function stateOf(claim: ClaimRow, key: KeyRow, now: Date): ClaimState {
  if (claim.claimedAt) return 'claimed';
  if (key.closesAt <= now) return 'expired';
  return key.state === 'active' ? 'waiting' : 'revoked';
}

export function isLocked(claim: Pick<ClaimRow, 'claimedAt' | 'refusals'>): boolean {
  return claim.claimedAt === null && claim.refusals >= MOST_TRIES;
}
