import { setTimeout as wait } from 'node:timers/promises';
import { findBudget, ruledBudgets } from '../ledger/budgets.ts';
import type { Ledger } from '../ledger/database.ts';
import type { BudgetRow } from '../ledger/schema.ts';
import { noteTold } from './account.ts';
import type { Accounts } from './accounts.ts';
import { BUDGETS_CHANNEL, rulingOf } from './budgets.ts';

const RETRY_MS = 250;

/** Keeps what staff decided about budgets in force on this node, whoever they told. */
export interface Rulings {
  /** Reads all, and from then on hears of every change. */
  open(): Promise<void>;
  /** Such a row is committed. An older one never replaces a newer. */
  apply(row: BudgetRow): void;
  close(): void;
}

export interface RulingsOptions {
  readonly ledger: Ledger;
  readonly accounts: Accounts;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
}

export function createRulings({ ledger, accounts, log }: RulingsOptions): Rulings {
  const known = new Map<string, number>();
  const closing = new AbortController();

  function apply(row: BudgetRow): void {
    const at = row.updatedAt.getTime();
    if ((known.get(row.id) ?? 0) > at) return;
    known.set(row.id, at);
    const ruling = rulingOf(row);
    accounts.rule(row.id, ruling.frozen || ruling.extra > 0 ? ruling : undefined);
    const account = accounts.find(row.id);
    if (account) noteTold(account, row.reached);
  }

  async function untilDone(read: () => Promise<readonly (BudgetRow | undefined)[]>): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        for (const row of await read()) if (row) apply(row);
        return;
      } catch (error) {
        log('budgets could not be read; trying again', { error: error instanceof Error ? error.message : 'unknown' });
        await wait(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  // One that was lifted while nobody heard is none of those that are in force.
  const readAll = async () => [
    ...(await ruledBudgets(ledger.db)),
    ...(await Promise.all([...known.keys()].map((id) => findBudget(ledger.db, id)))),
  ];

  return {
    apply,
    async open() {
      if (ledger.engine === 'postgres')
        await ledger.listen(
          BUDGETS_CHANNEL,
          (id) => void untilDone(async () => [await findBudget(ledger.db, id)]),
          () => void untilDone(readAll),
        );
      for (const row of await ruledBudgets(ledger.db)) apply(row);
    },
    close: () => closing.abort(),
  };
}
