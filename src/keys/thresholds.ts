import type { Tx } from '../ledger/database.ts';
import { holdBudgets, noteReached, type ReachedByLimit } from '../ledger/budgets.ts';
import type { Limit } from '../reservation/plan.ts';
import { noteTold, type Account } from './account.ts';
import { nameOf, usedAt } from './meter.ts';
import { windowMs } from './periods.ts';
import { quotaLimit } from './taken.ts';

export const PERCENTS = [50, 80, 100] as const;

/** So much of a quota, or of what the keys of a project share, is used. */
export interface Threshold {
  /** Of a lease, a key of a project, or `project:<name>`. */
  readonly budget: string;
  /** `quota`, or the name of the project's limit. */
  readonly limit: string;
  readonly percent: (typeof PERCENTS)[number];
  readonly used: number;
  readonly of: number;
  readonly at: Date;
}

/** Told in the transaction that knows it: once for each period, on all nodes together. */
export type OnThreshold = (tx: Tx, threshold: Threshold) => void | Promise<void>;

export interface Thresholds {
  /** Tells what these accounts have reached. */
  write(tx: Tx, accounts: readonly Account[], at: number): Promise<void>;
}

interface Level {
  readonly limit: string;
  readonly used: number;
  readonly of: number;
  /** Of the period; of a sliding window, of its length counted from 1970. */
  readonly start: number;
}

export function createThresholds({ onThreshold = () => {} }: { onThreshold?: OnThreshold } = {}): Thresholds {
  return {
    async write(tx, accounts, at) {
      const news = accounts.filter((account) =>
        levelsOf(account, at).some((level) => isNew(account.reached?.get(level.limit), level)),
      );
      if (news.length === 0) return;
      const byId = new Map(news.map((account) => [account.id, account]));
      for (const { id, reached } of await holdBudgets(tx.db, [...byId.keys()], new Date(at))) {
        const account = byId.get(id)!;
        const now: ReachedByLimit = { ...reached };
        for (const level of levelsOf(account, at).filter((each) => isNew(reached[each.limit], each))) {
          for (const percent of newPercents(reached[level.limit], level)) await tell(tx, id, { ...level, percent, at });
          now[level.limit] = { percent: percentOf(level), start: level.start };
        }
        await noteReached(tx.db, id, { reached: now, at: new Date(at) });
        tx.afterCommit(() => {
          noteTold(account, now);
        });
      }
    },
  };

  async function tell(tx: Tx, budget: string, level: Level & { percent: Threshold['percent']; at: number }): Promise<void> {
    const { limit, percent, used, of, at } = level;
    tx.audit({ actor: 'system', action: 'budget.reached', subject: budget, detail: { limit, percent, used, of } });
    await onThreshold(tx, { budget, limit, percent, used, of, at: new Date(at) });
  }
}

/** The highest threshold that so much is at; 0 below the first. */
export function percentOf({ used, of }: Pick<Level, 'used' | 'of'>): number {
  return PERCENTS.findLast((percent) => used * 100 >= of * percent) ?? 0;
}

function levelsOf(account: Account, at: number): Level[] {
  const { counter, quota, limits = [], meters } = account;
  const levels = limits.flatMap((limit) => {
    const meter = meters.find(({ name }) => name === nameOf(limit));
    return meter?.elsewhere ? [{ limit: meter.name, used: usedAt(meter, at), of: limit.limit, start: startOf(limit, at) }] : [];
  });
  if (counter && quota)
    levels.push({ limit: 'quota', used: counter.used, of: quotaLimit(account, quota, at), start: counter.start });
  return levels;
}

function startOf({ per }: Limit, at: number): number {
  const ms = windowMs(per);
  return ms === Infinity ? 0 : at - (at % ms);
}

function isNew(told: ReachedByLimit[string] | undefined, level: Level): boolean {
  // All but the few are below the first.
  return level.used * 100 >= level.of * PERCENTS[0] && newPercents(told, level).length > 0;
}

function newPercents(told: ReachedByLimit[string] | undefined, level: Level): Threshold['percent'][] {
  const before = told && told.start >= level.start ? told.percent : 0;
  return PERCENTS.filter((percent) => percent > before && percent <= percentOf(level));
}
