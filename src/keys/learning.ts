import type { Kysely } from 'kysely';
import type { Database } from '../ledger/schema.ts';
import { pageWindowUse, type WindowTotal } from '../ledger/window-use.ts';
import { PERIODS, type Limit, type Period } from '../reservation/plan.ts';
import { counterOf, meterOf, type Account } from './account.ts';
import type { Accounts } from './accounts.ts';
import { learn } from './elsewhere.ts';
import { periodStart } from './periods.ts';

const BUDGETS_A_PAGE = 1000;

/** Takes over what all nodes together counted of quotas, and what the others did of windows: never less than is known. */
export function learnTotals(accounts: Accounts, totals: readonly WindowTotal[], at: number): void {
  for (const [id, own] of byBudget(totals)) {
    const account = accounts.open(id);
    for (const [name, rows] of own) {
      const kind = kindOf(name);
      if (!kind) continue;
      if (kind.isQuota) learnQuota(account, rows, { ...kind, now: at });
      else {
        const { elsewhere } = meterOf(account, { ...kind, limit: 0 });
        if (elsewhere)
          learn(
            elsewhere,
            rows.map((row) => ({ at: row.at.getTime(), count: row.count })),
          );
      }
    }
  }
}

/** What was let through before this process began, by itself and by others. */
export async function learnFromLedger(db: Kysely<Database>, accounts: Accounts, now: Date): Promise<void> {
  for (let after = ''; ;) {
    const rows = await pageWindowUse(db, { now, after, budgets: BUDGETS_A_PAGE });
    if (rows.length === 0) return;
    learnTotals(accounts, rows, now.getTime());
    after = rows.at(-1)!.budget;
  }
}

function learnQuota(account: Account, rows: readonly WindowTotal[], kind: Pick<Limit, 'per' | 'unit'> & { now: number }): void {
  const { now, per, unit } = kind;
  // A counter of another kind is the one in force: the rows are of before its limit was changed.
  if (account.counter && (account.counter.kind.per !== per || account.counter.kind.unit !== unit)) return;
  for (const { at, count } of rows) {
    if (at.getTime() !== periodStart(per, now)) continue;
    const counter = counterOf(account, { per, unit }, now);
    if (counter.start === at.getTime()) counter.used = Math.max(counter.used, count + counter.unsent);
  }
}

function kindOf(name: string): (Pick<Limit, 'per' | 'unit'> & { isQuota: boolean }) | undefined {
  const words = name.split('-');
  const isQuota = words[0] === 'quota';
  const [per, unit] = isQuota ? words.slice(1) : words;
  if (!PERIODS.includes(per as Period)) return undefined;
  return { per: per as Period, unit: unit === 'requests' ? unit : undefined, isQuota };
}

function byBudget(totals: readonly WindowTotal[]): Map<string, Map<string, WindowTotal[]>> {
  const all = new Map<string, Map<string, WindowTotal[]>>();
  for (const total of totals) {
    let own = all.get(total.budget);
    if (!own) all.set(total.budget, (own = new Map()));
    const rows = own.get(total.name);
    if (rows) rows.push(total);
    else own.set(total.name, [total]);
  }
  return all;
}
