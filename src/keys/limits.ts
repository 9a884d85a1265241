import { counterOf, type Bound, type Check } from './account.ts';
import { createAccounts, type Accounts } from './accounts.ts';
import type { Budget, Limits, Taken } from './budget.ts';
import { use, usedAt } from './meter.ts';
import { periodStart } from './periods.ts';
import { fullHere, quotaLimit, refused, toldHere, UNLIMITED, weightOf } from './taken.ts';

/** Limits that answer at once, and so are exact however many ask at a time. */
export interface MemoryLimits extends Limits {
  take(budget: Budget, cost: number, at: number): Taken;
  /** Counts what others have let through already, whatever is left. */
  note(budget: Budget, cost: number, at: number): void;
  /** What `take` would tell, without taking. */
  peek(budget: Budget, at: number): Taken;
  /** What is used of the quota period that holds `at`. */
  spent(budget: Pick<Budget, 'lease' | 'quota'>, at: number): number;
  readonly accounts: Accounts;
}

/**
 * This process's own limits: sliding windows (in any window at most the limit passes, and nobody below it is refused) and a quota by UTC
 * calendar period. A call takes of all or of none.
 */
export function createMemoryLimits(): MemoryLimits {
  const accounts = createAccounts();

  function count(bound: Bound, { quota }: Budget, { cost, at }: { cost: number; at: number }): void {
    const { own, shared } = bound;
    for (const { meter, byRequest } of bound.checks) use(meter, at, byRequest ? 1 : cost);
    if (quota && own.counter) {
      const weight = weightOf(quota, cost);
      own.counter.used += weight;
      own.counter.unsent += weight;
    }
    if (!own.dirty) accounts.mark(own);
    if (shared && !shared.dirty) accounts.mark(shared);
  }

  return {
    accounts,
    take(budget, cost, at) {
      const bound = accounts.boundOf(budget);
      const { own, shared, checks } = bound;
      const { quota } = budget;
      let full: Check[] | undefined;
      for (const check of checks)
        if (usedAt(check.meter, at) + (check.byRequest ? 1 : cost) > check.limit) (full ??= []).push(check);
      const counter = quota && counterOf(own, quota, at);
      if (own.ruling?.frozen || shared?.ruling?.frozen)
        return { ...toldHere(bound, quota, at), refused: 'QUOTA_EXCEEDED', frozen: true };
      const isSpent = counter && quota && counter.used + weightOf(quota, cost) > quotaLimit(own, quota, at);
      if (full || isSpent) {
        const windows = (full ?? []).map((check) => fullHere(check, cost, at));
        return refused(toldHere(bound, quota, at), windows, { quota, cost, at });
      }
      if (checks.length === 0 && !quota) return UNLIMITED;
      count(bound, budget, { cost, at });
      return toldHere(bound, quota, at);
    },
    note(budget, cost, at) {
      const bound = accounts.boundOf(budget);
      for (const { meter } of bound.checks) usedAt(meter, at);
      if (budget.quota) counterOf(bound.own, budget.quota, at);
      count(bound, budget, { cost, at });
    },
    peek(budget, at) {
      const bound = accounts.boundOf(budget);
      for (const { meter } of bound.checks) usedAt(meter, at);
      if (budget.quota) counterOf(bound.own, budget.quota, at);
      return toldHere(bound, budget.quota, at);
    },
    restore(lease, { used, at, ...kind }) {
      const counter = counterOf(accounts.open(lease), kind, at);
      if (periodStart(kind.per, at) === counter.start) counter.used = Math.max(counter.used, used);
    },
    spent({ lease, quota }, at) {
      const account = quota && accounts.find(lease);
      return account ? counterOf(account, quota, at).used : 0;
    },
    forget(lease) {
      accounts.forget(lease);
    },
    async close() {
      accounts.clear();
    },
  };
}
