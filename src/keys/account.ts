import type { Limit } from '../reservation/plan.ts';
import type { Budget } from './budget.ts';
import { createMeter, nameOf, type Meter } from './meter.ts';
import { createQuotaCounter, turn, type QuotaCounter } from './quota-counter.ts';

/** Where a budget's use is counted. Keys of one lease share it; what is idle is dropped and made again. */
export interface Account {
  readonly id: string;
  meters: readonly Meter[];
  counter: QuotaCounter | undefined;
  /** What was asked of it last, for who tells how much of it is used. */
  quota: Limit | undefined;
  /** Of a project: what its keys share. */
  limits: readonly Limit[] | undefined;
  /** By limit, the highest threshold that is known to be told, and for which period; undefined while there is none. */
  reached: Map<string, Reached> | undefined;
  ruling: Ruling | undefined;
  /** Whether it has something to write. */
  dirty: boolean;
  /** Dropped: whoever remembers it looks again. */
  gone: boolean;
}

export interface Reached {
  readonly percent: number;
  readonly start: number;
}

/** What staff decided about a budget. */
export interface Ruling {
  /** On top of the quota, in the period that `extraFrom` (epoch milliseconds) lies in. */
  readonly extra: number;
  readonly extraFrom: number;
  readonly frozen: boolean;
}

/** One limit, and where its use is counted. */
export interface Check {
  readonly name: string;
  /** Whose it is: with the meter's name unique among all. */
  readonly budget: string;
  readonly limit: number;
  readonly meter: Meter;
  /** Each call counts once, whatever it costs. */
  readonly byRequest: boolean;
  readonly windowSeconds: number | null;
}

/** A budget with its accounts found. */
export interface Bound {
  readonly of: object;
  readonly accounts: object;
  readonly own: Account;
  readonly shared: Account | undefined;
  readonly sharedLimits: readonly Limit[] | undefined;
  readonly checks: readonly Check[];
}

const NONE: readonly Meter[] = [];

export function createAccount(id: string, ruling: Ruling | undefined): Account {
  return {
    id,
    meters: NONE,
    counter: undefined,
    quota: undefined,
    limits: undefined,
    reached: undefined,
    ruling,
    dirty: false,
    gone: false,
  };
}

/** Such a threshold is told. */
export function noteTold(account: Account, reached: Readonly<Record<string, Reached>>): void {
  for (const [limit, told] of Object.entries(reached)) (account.reached ??= new Map<string, Reached>()).set(limit, told);
}

export function meterOf(account: Account, limit: Limit): Meter {
  const name = nameOf(limit);
  let meter = account.meters.find((each) => each.name === name);
  // What is pushed to an empty list takes room for sixteen more.
  if (!meter) account.meters = [...account.meters, (meter = createMeter(name, limit.per))];
  return meter;
}

/** As it is at that moment. */
export function counterOf(account: Account, quota: Pick<Limit, 'per' | 'unit'>, at: number): QuotaCounter {
  const counter = (account.counter ??= createQuotaCounter(quota, at));
  turn(counter, quota, at);
  return counter;
}

/** All windows of a budget. Of several of one length only the smallest can ever refuse. */
export function checksOf(budget: Budget, own: Account, shared: Account | undefined): Check[] {
  const ofOwn = budget.rateLimit ? [budget.rateLimit, ...(budget.limits ?? [])] : (budget.limits ?? []);
  const checks = smallest(ofOwn).map((limit) => checkOf(own, limit, ''));
  if (shared && budget.project)
    checks.push(...smallest(budget.project.limits).map((limit) => checkOf(shared, limit, 'project-')));
  return checks;
}

function checkOf(account: Account, limit: Limit, prefix: string): Check {
  const meter = meterOf(account, limit);
  const seconds = meter.window.ms / 1000;
  return {
    name: `${prefix}${meter.name}`,
    budget: account.id,
    limit: limit.limit,
    meter,
    byRequest: limit.unit === 'requests',
    windowSeconds: seconds === Infinity ? null : seconds,
  };
}

function smallest(limits: readonly Limit[]): Limit[] {
  const byName = new Map<string, Limit>();
  for (const limit of limits) {
    const name = nameOf(limit);
    const other = byName.get(name);
    if (!other || limit.limit < other.limit) byName.set(name, limit);
  }
  return [...byName.values()];
}
