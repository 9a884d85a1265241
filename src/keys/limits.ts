import type { Limit, Period } from '../reservation/plan.ts';
import { periodEnd, periodStart, windowMs } from './periods.ts';
import { createWindowLog, type WindowLog } from './window-log.ts';

/** What a lease may spend. It belongs to the lease, or to the key of a project, so it survives the rotation of its keys. */
export interface Budget {
  readonly lease: string;
  readonly rateLimit?: Limit;
  readonly quota?: Limit;
  /** Further limits, each a sliding window. */
  readonly limits?: readonly Limit[];
  /** What all keys of its project share; `id` is `project:<name>`. */
  readonly project?: { readonly id: string; readonly limits: readonly Limit[] };
}

export interface Taken {
  readonly refused?: 'RATE_LIMITED' | 'QUOTA_EXCEEDED';
  /** `resetAt`: when the next request leaves the window and frees its place; null when none ever does. */
  readonly rateLimit?: { readonly limit: number; readonly remaining: number; readonly resetAt: Date | null };
  readonly quota?: { readonly limit: number; readonly used: number; readonly remaining: number; readonly resetAt: Date | null };
  /** When the same call would pass if nobody else called; absent when it never would. */
  readonly retryAfterMs?: number;
}

/** What was used in the quota period that holds `at`. */
export interface Spent {
  readonly per: Period;
  readonly used: number;
  readonly at: number;
}

export interface Limits {
  /** Takes `cost` (a whole number from 1) of rate and quota, or nothing of either. `at` is in epoch milliseconds. */
  take(budget: Budget, cost: number, at: number): Taken | Promise<Taken>;
  /** At least this much is used, as the database knows it. Never gives anything back. */
  restore(lease: string, spent: Spent): void;
  /** The lease has ended. */
  forget(lease: string): void;
  close(): Promise<void>;
}

/** Limits that answer at once, and so are exact however many ask at a time. */
export interface MemoryLimits extends Limits {
  take(budget: Budget, cost: number, at: number): Taken;
  /** What is used of the quota period that holds `at`. */
  spent(lease: string, per: Period, at: number): number;
}

interface Account {
  log: WindowLog | undefined;
  quota: { per: Period; start: number; used: number } | undefined;
}

/**
 * This process's own limits: a sliding window for the rate (in any window of `per` at most `limit` pass, and nobody below it is refused)
 * and a counter by UTC calendar period for the quota. 8 bytes for each request in the window, none for a lease that is not used.
 * With several processes each has its own.
 */
export function createMemoryLimits(): MemoryLimits {
  const accounts = new Map<string, Account>();

  function accountOf(lease: string): Account {
    let account = accounts.get(lease);
    if (!account) accounts.set(lease, (account = { log: undefined, quota: undefined }));
    return account;
  }

  return {
    take({ lease, rateLimit, quota }, cost, at) {
      if (!rateLimit && !quota) return {};
      const account = accountOf(lease);
      const log = rateLimit && slide((account.log ??= createWindowLog()), rateLimit, at);
      const counter = quota && turn(account, quota.per, at);
      if (log && rateLimit && log.size + cost > rateLimit.limit) return rateRefused({ log, rateLimit, cost, at });
      if (counter && quota && counter.used + cost > quota.limit) return quotaRefused({ used: counter.used, quota, cost, at });
      log?.add(at, cost);
      if (counter) counter.used += cost;
      return {
        rateLimit: log && rateLimit && rateState(log, rateLimit),
        quota: counter && quota && quotaState(counter.used, quota, at),
      };
    },
    restore(lease, { per, used, at }) {
      const counter = turn(accountOf(lease), per, at);
      if (periodStart(per, at) === counter.start) counter.used = Math.max(counter.used, used);
    },
    spent(lease, per, at) {
      return accounts.has(lease) ? turn(accountOf(lease), per, at).used : 0;
    },
    forget(lease) {
      accounts.delete(lease);
    },
    async close() {
      accounts.clear();
    },
  };
}

/** The quota's state as a caller sees it. */
export function quotaState(used: number, quota: Limit, at: number): NonNullable<Taken['quota']> {
  const end = periodEnd(quota.per, at);
  return { limit: quota.limit, used, remaining: Math.max(quota.limit - used, 0), resetAt: end === null ? null : new Date(end) };
}

export function quotaRefused({ used, quota, cost, at }: { used: number; quota: Limit; cost: number; at: number }): Taken {
  const end = periodEnd(quota.per, at);
  return {
    refused: 'QUOTA_EXCEEDED',
    quota: quotaState(used, quota, at),
    retryAfterMs: end === null || cost > quota.limit ? undefined : end - at,
  };
}

function slide(log: WindowLog, { per }: Limit, at: number): WindowLog {
  log.slide(at - windowMs(per), at);
  return log;
}

/** The counter of the period that holds `at`. A clock set back does not bring back an old period; a changed period keeps what was used. */
function turn(account: Account, per: Period, at: number): NonNullable<Account['quota']> {
  const start = periodStart(per, at);
  const counter = (account.quota ??= { per, start, used: 0 });
  if (counter.per !== per) {
    counter.per = per;
    counter.start = start;
  } else if (start > counter.start) {
    counter.start = start;
    counter.used = 0;
  }
  return counter;
}

function rateState(log: WindowLog, { limit, per }: Limit): NonNullable<Taken['rateLimit']> {
  const reset = log.size === 0 ? Infinity : log.nth(0) + windowMs(per);
  return { limit, remaining: Math.max(limit - log.size, 0), resetAt: Number.isFinite(reset) ? new Date(reset) : null };
}

function rateRefused({ log, rateLimit, cost, at }: { log: WindowLog; rateLimit: Limit; cost: number; at: number }): Taken {
  const leaves = log.size + cost - rateLimit.limit - 1;
  const frees = leaves < log.size ? log.nth(leaves) + windowMs(rateLimit.per) : Infinity;
  return {
    refused: 'RATE_LIMITED',
    rateLimit: rateState(log, rateLimit),
    retryAfterMs: Number.isFinite(frees) ? frees - at : undefined,
  };
}
