import { sql, type Kysely } from 'kysely';
import type { Database } from './schema.ts';
import { headMac, type ChainMac } from './trail.ts';

/** What never is without an entry in the trail. */
const AUDITED = ['operator', 'lease', 'key'] as const;

/**
 * The keyed head of a trail that is still empty. A database in which something has happened gets none: its trail was taken away, and
 * whoever did that cannot make this head.
 */
export async function beginTrail(db: Kysely<Database>, mac: ChainMac): Promise<void> {
  await db
    .updateTable('auditHead')
    .set({ mac: headMac(mac, '', 0) })
    .where('id', '=', 1)
    .where('seq', '=', 0)
    .where('mac', '=', '')
    .where(sql<boolean>`not ${hasHistory}`)
    .execute();
}

/** Whether there is something that the trail must tell of. */
export async function mustHaveTrail(db: Kysely<Database>): Promise<boolean> {
  const { rows } = await sql<{ told: boolean }>`select ${hasHistory} as told`.execute(db);
  return rows[0]!.told;
}

const hasHistory = sql<boolean>`(${sql.join(
  AUDITED.map((table) => sql`exists (select from ${sql.table(table)})`),
  sql` or `,
)})`;
