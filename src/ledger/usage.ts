import { sql, type Kysely, type Transaction } from 'kysely';
import type { Database } from './schema.ts';

type Reader = Kysely<Database> | Transaction<Database>;

export interface UsageCount {
  readonly leaseId: string;
  /** The start of the hour, UTC. */
  readonly hour: Date;
  readonly code: string;
  readonly count: number;
}

const ROWS_A_STATEMENT = 2000;

/** Adds to the counters. Rows are written in one order everywhere, so that two nodes do not lock each other out. */
export async function addUsage(db: Reader, counts: readonly UsageCount[]): Promise<void> {
  const sorted = counts.toSorted(
    (a, b) => compare(a.leaseId, b.leaseId) || a.hour.getTime() - b.hour.getTime() || compare(a.code, b.code),
  );
  for (let from = 0; from < sorted.length; from += ROWS_A_STATEMENT) {
    await db
      .insertInto('usage')
      .values(sorted.slice(from, from + ROWS_A_STATEMENT))
      .onConflict((conflict) =>
        conflict.columns(['leaseId', 'keyId', 'hour', 'code']).doUpdateSet({ count: sql<number>`usage.count + excluded.count` }),
      )
      .execute();
  }
}

/** What a lease's keys were used for, by verify code. */
export async function sumUsage(
  db: Reader,
  leaseId: string,
  range: { from?: Date; to?: Date } = {},
): Promise<Record<string, number>> {
  let query = db
    .selectFrom('usage')
    .select(['code', sql<number>`sum(count)::bigint`.as('total')])
    .where('leaseId', '=', leaseId)
    .groupBy('code');
  if (range.from) query = query.where('hour', '>=', range.from);
  if (range.to) query = query.where('hour', '<', range.to);
  return Object.fromEntries((await query.execute()).map((row) => [row.code, row.total]));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
