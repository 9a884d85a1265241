import type { Limit } from '../reservation/plan.ts';
import type { Bound } from './account.ts';

/** What is asked of limits, and what they answer. */

/** What a lease may spend. It belongs to the lease, or to the key of a project, so it survives the rotation of its keys. */
export interface Budget {
  readonly lease: string;
  readonly rateLimit?: Limit;
  readonly quota?: Limit;
  /** Further limits, each a sliding window. */
  readonly limits?: readonly Limit[];
  readonly project?: ProjectBudget;
  /** Where the limits count it, remembered here so that a request looks nothing up. For the limits alone. */
  bound?: Bound;
}

/** What all keys of a project share. One object for each project: other limits in it are in force at the next request. */
export interface ProjectBudget {
  /** `project:<name>` */
  readonly id: string;
  readonly limits: readonly Limit[];
}

export interface Taken {
  readonly refused?: 'RATE_LIMITED' | 'QUOTA_EXCEEDED';
  /**
   * The tightest window: the one that refused, else the one with the fewest places. `resetAt`: when the next request leaves the window and
   * frees its place; null when none ever does.
   */
  readonly rateLimit?: { readonly limit: number; readonly remaining: number; readonly resetAt: Date | null };
  /** `limit` with what was added to it for this period. */
  readonly quota?: { readonly limit: number; readonly used: number; readonly remaining: number; readonly resetAt: Date | null };
  /** Every limit that the call was held against, the quota last; empty when there is none. */
  readonly limits: readonly LimitState[];
  /** When the same call would pass if nobody else called; absent when it never would. */
  readonly retryAfterMs?: number;
  /** Staff stopped the budget, whatever is left of it. */
  readonly frozen?: true;
}

/** One limit after the call, as the fields of RateLimit and RateLimit-Policy want it. */
export interface LimitState {
  /** Unique in its list, and a token: `hour`, `hour-requests`, `project-day`, `quota`. */
  readonly name: string;
  readonly limit: number;
  readonly remaining: number;
  /** The window in seconds: of a quota its period, a month having 30 days; null for a reservation's. */
  readonly windowSeconds: number | null;
  /** Until the next place is free, or the quota is whole again; null when that is never, or nothing is taken. */
  readonly resetMs: number | null;
}

/** What was used in the quota period that holds `at`. */
export interface Spent extends Pick<Limit, 'per' | 'unit'> {
  readonly used: number;
  readonly at: number;
}

export interface Limits {
  /** Takes `cost` (a whole number from 1) of all limits and the quota, or nothing of any. `at` is in epoch milliseconds. */
  take(budget: Budget, cost: number, at: number): Taken | Promise<Taken>;
  /** At least this much is used, as the database knows it. Never gives anything back. */
  restore(lease: string, spent: Spent): void;
  /** The lease has ended. */
  forget(lease: string): void;
  close(): Promise<void>;
}
