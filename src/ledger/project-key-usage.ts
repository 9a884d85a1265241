import { sql, type Kysely } from 'kysely';
import type { Database } from './schema.ts';

export interface ProjectKeyUsage {
  /** Requests by verify code. */
  readonly byCode: Record<string, number>;
  /** The same by UTC day, oldest first. */
  readonly days: readonly { readonly day: string; readonly byCode: Record<string, number> }[];
}

/** What went through a budget, as far back as its hours are kept. */
export async function projectKeyUsage(db: Kysely<Database>, budget: string, from = new Date(0)): Promise<ProjectKeyUsage> {
  const rows = await db
    .selectFrom('usage')
    .select(['code', sql<string>`to_char(hour at time zone 'UTC', 'YYYY-MM-DD')`.as('day')])
    .select(sql<number>`sum(count)::bigint`.as('total'))
    .where('leaseId', '=', budget)
    .where('hour', '>=', from)
    .groupBy(['code', 'day'])
    .orderBy('day')
    .execute();
  const byCode: Record<string, number> = {};
  const days = new Map<string, Record<string, number>>();
  for (const { day, code, total } of rows) {
    byCode[code] = (byCode[code] ?? 0) + total;
    if (!days.has(day)) days.set(day, {});
    days.get(day)![code] = total;
  }
  return { byCode, days: [...days].map(([day, of]) => ({ day, byCode: of })) };
}
