import { sql, type Kysely, type Transaction } from 'kysely';
import { chunksOf } from './chunks.ts';
import { insertRows } from './rows.ts';
import type { Database } from './schema.ts';

type Reader = Kysely<Database> | Transaction<Database>;

/** As one parameter, which is composed while requests wait. */
const ROWS_A_STATEMENT = 2000;

export interface UsageCount {
  readonly leaseId: string;
  readonly keyId: string;
  /** The start of the hour, UTC. */
  readonly hour: Date;
  readonly code: string;
  readonly count: number;
}

/** Adds to the counters. Rows are written in one order everywhere, so that two nodes do not lock each other out. */
export async function addUsage(db: Reader, counts: readonly UsageCount[]): Promise<void> {
  const sorted = counts.toSorted(
    (a, b) =>
      compare(a.leaseId, b.leaseId) ||
      compare(a.keyId, b.keyId) ||
      a.hour.getTime() - b.hour.getTime() ||
      compare(a.code, b.code),
  );
  for (const rows of chunksOf(sorted, ROWS_A_STATEMENT))
    await insertRows(db, 'usage', { columns: ['leaseId', 'keyId', 'hour', 'code', 'count'], rows })
      .onConflict((conflict) =>
        conflict.columns(['leaseId', 'keyId', 'hour', 'code']).doUpdateSet({ count: sql<number>`usage.count + excluded.count` }),
      )
      .execute();
}

/** What the keys of a lease, or one of them, were used for by UTC day and verify code, oldest first. */
export async function usageByDay(
  db: Reader,
  { leaseId, keyId, from, to }: { readonly leaseId: string; readonly keyId?: string; readonly from: Date; readonly to: Date },
): Promise<{ day: string; code: string; count: number }[]> {
  const day = sql<string>`to_char(hour at time zone 'UTC', 'YYYY-MM-DD')`;
  const query = db
    .selectFrom('usage')
    .select([day.as('day'), 'code', sql<number>`sum(count)::bigint`.as('count')])
    .where('leaseId', '=', leaseId)
    .where('hour', '>=', from)
    .where('hour', '<', to)
    .groupBy([day, 'code'])
    .orderBy(day)
    .orderBy('code');
  return await (keyId === undefined ? query : query.where('keyId', '=', keyId)).execute();
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
