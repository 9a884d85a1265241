import type { UsageCount } from '../ledger/usage.ts';

/** What a key was used for in the hour that is now, kept beside the key. */

/** A key, with its count kept beside it, so that a request looks nothing up. */
export interface Counted {
  readonly id: string;
  readonly budget: { readonly lease: string };
  tally?: Tally;
}

export interface Tally {
  readonly meter: object;
  readonly leaseId: string;
  readonly keyId: string;
  hour: number;
  /** Nearly all of what is counted. */
  valid: number;
  /** The others by code; none at first. */
  refused: Map<string, number> | undefined;
  usedAt: number;
  ip: string | undefined;
  isCounted: boolean;
  /** Whether its last use is not written yet. */
  isUsed: boolean;
}

export function newTally({ id, budget }: Counted, { meter, hour }: { meter: object; hour: number }): Tally {
  return {
    meter,
    leaseId: budget.lease,
    keyId: id,
    hour,
    valid: 0,
    refused: undefined,
    usedAt: 0,
    ip: undefined,
    isCounted: false,
    isUsed: false,
  };
}

/** Hands over what it counted in its hour. */
export function settle(tally: Tally, hour: Date, rows: UsageCount[]): void {
  const { leaseId, keyId, valid, refused } = tally;
  if (valid > 0) rows.push({ leaseId, keyId, hour, code: 'VALID', count: valid });
  if (refused) for (const [code, count] of refused) rows.push({ leaseId, keyId, hour, code, count });
  tally.valid = 0;
  tally.refused = undefined;
}
