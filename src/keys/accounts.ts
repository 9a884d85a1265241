import type { Limit } from '../reservation/plan.ts';
import { checksOf, createAccount, type Account, type Bound, type Ruling } from './account.ts';
import type { Budget } from './budget.ts';
import { isIdle } from './meter.ts';
import { periodStart } from './periods.ts';

/** The accounts of one process, by the budget's id. */
export interface Accounts {
  boundOf(budget: Budget): Bound;
  find(id: string): Account | undefined;
  open(id: string): Account;
  forget(id: string): void;
  /** In force at once; undefined lifts it. */
  rule(id: string, ruling: Ruling | undefined): void;
  /** It has something to write. */
  mark(account: Account): void;
  /** Those that were marked since the last time. */
  takeMarked(): Account[];
  /** Drops what holds nothing at that moment that would be missed. */
  sweep(at: number): void;
  clear(): void;
  readonly size: number;
}

export function createAccounts(): Accounts {
  const all = new Map<string, Account>();
  const rulings = new Map<string, Ruling>();
  const self = {};
  let marked: Account[] = [];

  function open(id: string): Account {
    let account = all.get(id);
    if (!account) all.set(id, (account = createAccount(id, rulings.get(id))));
    return account;
  }

  function forget(id: string): void {
    const account = all.get(id);
    if (account) account.gone = true;
    all.delete(id);
  }

  function bind(budget: Budget): Bound {
    const own = open(budget.lease);
    const shared = budget.project && open(budget.project.id);
    own.quota = budget.quota;
    if (shared) shared.limits = sharedBy(budget);
    const checks = checksOf(budget, own, shared);
    return (budget.bound = { of: budget, accounts: self, own, shared, sharedLimits: sharedBy(budget), checks });
  }

  return {
    boundOf(budget) {
      const { bound } = budget;
      // A copy of a budget has copied what was remembered for the other.
      if (bound === undefined || bound.of !== budget || bound.accounts !== self || bound.own.gone) return bind(budget);
      if (bound.sharedLimits !== sharedBy(budget) || bound.shared?.gone) return bind(budget);
      return bound;
    },
    find: (id) => all.get(id),
    open,
    forget,
    rule(id, ruling) {
      if (ruling) rulings.set(id, ruling);
      else rulings.delete(id);
      const account = all.get(id);
      if (account) account.ruling = ruling;
    },
    mark(account) {
      account.dirty = true;
      marked.push(account);
    },
    takeMarked() {
      const taken = marked;
      marked = [];
      for (const account of taken) account.dirty = false;
      return taken;
    },
    sweep(at) {
      for (const [id, account] of all) if (holdsNothing(account, at)) forget(id);
    },
    clear() {
      for (const id of all.keys()) forget(id);
    },
    get size() {
      return all.size;
    },
  };
}

function holdsNothing({ meters, counter, dirty }: Account, at: number): boolean {
  if (dirty || !meters.every((meter) => isIdle(meter, at))) return false;
  return counter === undefined || counter.used === 0 || periodStart(counter.kind.per, at) > counter.start;
}

function sharedBy({ project }: Budget): readonly Limit[] | undefined {
  const limits = project?.limits;
  return limits && limits.length > 0 ? limits : undefined;
}
