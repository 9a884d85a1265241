import type { Kysely, Transaction } from 'kysely';
import { insertRows } from './rows.ts';
import type { Database } from './schema.ts';

/** One thing that happened. `action` like `lease.active`, `subject` the id it happened to; never a secret. */
export interface AuditEntry {
  actor: string;
  action: string;
  subject: string;
  detail?: Record<string, unknown>;
}

export interface AuditLink extends Required<AuditEntry> {
  seq: number;
  at: Date;
}

/** The keyed hash of a row that follows a row with `previousMac`. */
export type ChainMac = (previousMac: string, row: AuditLink) => string;

/**
 * What the head carries is not the last row's mac but a mac over it: the head cannot be set back to an older row
 * without the key, and the next row is chained on the head as it was found, so a forged head shows.
 */
export function headMac(mac: ChainMac, lastMac: string, seq: number): string {
  return mac(lastMac, { seq, at: new Date(0), actor: 'ledger', action: 'head', subject: '', detail: {} });
}

/** Appends to the chain. Last in its transaction: from here to the commit the head is locked, and everybody who audits waits. */
export async function appendAudit(
  trx: Transaction<Database>,
  entries: readonly AuditEntry[],
  options: { at: Date; mac: ChainMac },
): Promise<void> {
  if (entries.length === 0) return;
  let head = await trx.selectFrom('auditHead').select(['seq', 'mac']).where('id', '=', 1).forUpdate().executeTakeFirstOrThrow();
  const rows = entries.map((entry) => {
    // As the database will give it back: without undefined, with dates as text.
    const detail = JSON.parse(JSON.stringify(entry.detail ?? {})) as Record<string, unknown>;
    const link = { actor: entry.actor, action: entry.action, subject: entry.subject, detail, seq: head.seq + 1, at: options.at };
    const mac = options.mac(head.mac, link);
    head = { seq: link.seq, mac: headMac(options.mac, mac, link.seq) };
    return { ...link, mac };
  });
  await trx
    .with('appended', (db) => insertRows(db as unknown as Kysely<Database>, 'audit', { columns: INSERTED, rows }))
    .updateTable('auditHead')
    .set(head)
    .where('id', '=', 1)
    .execute();
}

const INSERTED = ['seq', 'at', 'actor', 'action', 'subject', 'detail', 'mac'] as const;
