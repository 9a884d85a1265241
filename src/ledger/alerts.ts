import { sql, type Kysely, type Transaction } from 'kysely';
import { insertRows } from './rows.ts';
import type { AlertRow, AlertRuleRow, Database } from './schema.ts';

/** Queries on alert rules and on what they found. */

type Reader = Kysely<Database> | Transaction<Database>;

export async function alertRules(db: Reader, project?: string): Promise<AlertRuleRow[]> {
  const query = db.selectFrom('alertRule').selectAll().orderBy('id');
  return await (project === undefined ? query : query.where('project', '=', project)).execute();
}

/** Until the end of the transaction no other node tells of anything. */
export async function lockAlerts(tx: Transaction<Database>): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('alerts', 0))`.execute(tx);
}

const INSERTED = ['id', 'ruleId', 'project', 'type', 'subject', 'crossing', 'detail', 'at', 'suspend', 'suspendAt'] as const;

export type NewAlert = Pick<AlertRow, (typeof INSERTED)[number]>;

/** The same crossing by the same rule a second time is an error, whoever writes it. */
export async function insertAlerts(db: Transaction<Database>, rows: readonly NewAlert[]): Promise<void> {
  if (rows.length > 0) await insertRows(db, 'alert', { columns: INSERTED, rows }).execute();
}
