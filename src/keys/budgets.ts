import { findBudget, holdBudgets, noteReached, ruleBudget } from '../ledger/budgets.ts';
import type { Ledger, Tx } from '../ledger/database.ts';
import { findLocalKeyOfLease } from '../ledger/local-keys.ts';
import type { BudgetRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import type { Limit } from '../reservation/plan.ts';
import type { Ruling } from './account.ts';
import type { Budget, LimitState, Taken } from './budget.ts';
import type { Flush } from './flush.ts';
import type { MemoryLimits } from './limits.ts';
import { periodStart } from './periods.ts';
import { recordOf, type ProjectBudget } from './record.ts';
import { percentOf } from './thresholds.ts';

/** Carries the ids of budgets that staff decided about to every node. */
export const BUDGETS_CHANNEL = 'latchkey_budgets';
const OF_PROJECT = 'project:';

/** What a budget stands at: the windows as this node counts them. */
export interface BudgetState {
  readonly id: string;
  readonly project: string;
  readonly limits: readonly LimitState[];
  /** `extra` is in its limit. */
  readonly quota?: NonNullable<Taken['quota']> & Pick<Limit, 'per' | 'unit'> & { readonly extra: number };
  readonly frozen: { readonly at: Date; readonly reason: string } | null;
}

/** Who did it, and why. */
export interface Decision {
  readonly actor: string;
  readonly reason: string;
}

export interface Budgets {
  /** Throws a Fault 'not_found' where no key and no project has such a budget; so does all else here. */
  show(id: string): Promise<BudgetState>;
  /** Adds to the quota for the period that is now. Throws a Fault 'conflict' where there is no quota. */
  topUp(id: string, decision: Decision & { readonly amount: number }): Promise<BudgetState>;
  /** Refuses every call until it is lifted. Repeating it changes nothing. */
  freeze(id: string, decision: Decision): Promise<BudgetState>;
  unfreeze(id: string, decision: Decision): Promise<BudgetState>;
}

export interface BudgetsOptions {
  readonly ledger: Ledger;
  readonly limits: MemoryLimits;
  readonly flush: Flush['flush'];
  readonly projectBudget: ProjectBudget;
  readonly isProject: (name: string) => boolean;
  readonly apply: (row: BudgetRow) => void;
  readonly now: () => Date;
}

/** What staff decide about budgets: in force on this node when it is answered, and on the others milliseconds later. */
export function createBudgets(options: BudgetsOptions): Budgets {
  const { ledger, limits, now } = options;

  async function ownerOf(id: string): Promise<{ project: string; budget: Budget }> {
    const project = id.startsWith(OF_PROJECT) ? id.slice(OF_PROJECT.length) : undefined;
    if (project !== undefined && options.isProject(project))
      return { project, budget: { lease: id, limits: options.projectBudget(project)?.limits ?? [] } };
    const row = await findLocalKeyOfLease(ledger.db, id, now());
    if (!row) throw new Fault('not_found', `there is no budget ${id}`);
    const { budget } = recordOf(row, options.projectBudget);
    const { quota, lease } = budget;
    if (quota && row.used > 0) limits.restore(lease, { per: quota.per, unit: quota.unit, used: row.used, at: now().getTime() });
    return { project: row.project, budget };
  }

  async function show(id: string): Promise<BudgetState> {
    await options.flush();
    const { project, budget } = await ownerOf(id);
    const row = await findBudget(ledger.db, id);
    const taken = limits.peek(budget, now().getTime());
    const { quota } = budget;
    return {
      id,
      project,
      limits: taken.limits.filter(({ name }) => name !== 'quota'),
      quota: quota && taken.quota && { ...taken.quota, per: quota.per, unit: quota.unit, extra: taken.quota.limit - quota.limit },
      frozen: row?.frozenAt ? { at: row.frozenAt, reason: row.frozenReason ?? '' } : null,
    };
  }

  async function decide(id: string, decide: (tx: Tx, row: BudgetRow, at: Date) => Promise<BudgetRow>): Promise<BudgetState> {
    await ownerOf(id);
    await ledger.transact(async (tx) => {
      const at = now();
      const [row] = await holdBudgets(tx.db, [id], at);
      const ruled = await decide(tx, row!, at);
      if (ledger.engine === 'postgres') await tx.notify(BUDGETS_CHANNEL, id);
      tx.afterCommit(() => options.apply(ruled));
    });
    return await show(id);
  }

  return {
    show,
    async topUp(id, { actor, reason, amount }) {
      const { quota } = (await ownerOf(id)).budget;
      if (!quota) throw new Fault('conflict', `budget ${id} has no quota that something could be added to`);
      await options.flush();
      return await decide(id, async (tx, row, at) => {
        const start = periodStart(quota.per, at.getTime());
        const isCurrent = row.quotaExtraFrom !== null && periodStart(quota.per, row.quotaExtraFrom.getTime()) === start;
        const quotaExtra = amount + (isCurrent ? row.quotaExtra : 0);
        tx.audit({ actor, action: 'budget.topped-up', subject: id, detail: { amount, reason, extra: quotaExtra } });
        // What is reached again of the larger quota is told again.
        const used = limits.spent({ lease: id, quota }, at.getTime());
        const percent = percentOf({ used, of: quota.limit + quotaExtra });
        await noteReached(tx.db, id, { reached: { ...row.reached, quota: { percent, start } }, at: row.reachedAt });
        return await ruleBudget(tx.db, id, { quotaExtra, quotaExtraFrom: at, now: at });
      });
    },
    freeze: (id, { actor, reason }) =>
      decide(id, async (tx, row, at) => {
        if (row.frozenAt) return row;
        tx.audit({ actor, action: 'budget.frozen', subject: id, detail: { reason } });
        return await ruleBudget(tx.db, id, { frozenAt: at, frozenReason: reason, now: at });
      }),
    unfreeze: (id, { actor, reason }) =>
      decide(id, async (tx, row, at) => {
        if (!row.frozenAt) return row;
        tx.audit({ actor, action: 'budget.unfrozen', subject: id, detail: { reason } });
        return await ruleBudget(tx.db, id, { frozenAt: null, frozenReason: null, now: at });
      }),
  };
}

/** What a node must know of a row. */
export function rulingOf({ quotaExtra, quotaExtraFrom, frozenAt }: BudgetRow): Ruling {
  return { extra: quotaExtra, extraFrom: quotaExtraFrom?.getTime() ?? 0, frozen: frozenAt !== null };
}
