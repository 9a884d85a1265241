import { sql, type Kysely, type Transaction } from 'kysely';
import type { BudgetRow, Database } from './schema.ts';

type Reader = Kysely<Database> | Transaction<Database>;

export type ReachedByLimit = BudgetRow['reached'];

export async function findBudget(db: Reader, id: string): Promise<BudgetRow | undefined> {
  return await db.selectFrom('budget').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Those that staff decided something about. */
export async function ruledBudgets(db: Reader): Promise<BudgetRow[]> {
  return await db
    .selectFrom('budget')
    .selectAll()
    .where((is) => is.or([is('frozenAt', 'is not', null), is('quotaExtra', '<>', 0)]))
    .execute();
}

/** The row, made where there was none, and locked until the transaction ends. */
export async function holdBudgets(db: Transaction<Database>, ids: readonly string[], now: Date): Promise<BudgetRow[]> {
  const inOrder = [...new Set(ids)].sort((a, b) => (a < b ? -1 : 1));
  await db
    .insertInto('budget')
    .values(inOrder.map((id) => ({ id, reached: '{}', updatedAt: now })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return await db.selectFrom('budget').selectAll().where('id', 'in', inOrder).orderBy('id').forUpdate().execute();
}

/** The highest thresholds that were told, the last of them at that instant. */
export async function noteReached(
  db: Reader,
  id: string,
  { reached, at }: { readonly reached: ReachedByLimit; readonly at: Date | null },
): Promise<void> {
  await db
    .updateTable('budget')
    .set({ reached: JSON.stringify(reached), reachedAt: at })
    .where('id', '=', id)
    .execute();
}

/** What staff decided. Of two changes the later has the later instant, whatever the clocks of their nodes say. */
export async function ruleBudget(
  db: Reader,
  id: string,
  { now, ...change }: Partial<Pick<BudgetRow, 'quotaExtra' | 'quotaExtraFrom' | 'frozenAt' | 'frozenReason'>> & { now: Date },
): Promise<BudgetRow> {
  return await db
    .updateTable('budget')
    .set({ ...change, updatedAt: sql<Date>`greatest(${now}::timestamptz, updated_at + interval '1 millisecond')` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}
