import type { Tx } from '../ledger/database.ts';
import { changeEvent, lockEvent } from '../ledger/events.ts';
import { Fault } from '../reservation/fault.ts';

/**
 * Gives a quarantined event up: it counts as ignored, what was kept of it is wiped, and the same sending is still known. Throws a Fault for
 * any other event.
 */
export async function discardEvent(
  tx: Tx,
  { eventId, reason, actor }: { readonly eventId: string; readonly reason: string; readonly actor: string },
): Promise<void> {
  const row = await lockEvent(tx.db, eventId);
  if (!row) throw new Fault('not_found', `there is no event "${eventId.slice(0, 100)}"`);
  if (row.outcome !== 'quarantined')
    throw new Fault('conflict', `only a quarantined event can be discarded; this one is ${row.outcome}`);
  await changeEvent(tx.db, row.id, { outcome: 'ignored', reason: `discarded by ${actor}: ${reason}`, sealedBody: null });
  tx.audit({ actor, action: 'event.discarded', subject: row.id, detail: { source: row.source, reason } });
}
