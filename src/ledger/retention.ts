import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';
import { forgetWindowUse } from './window-use.ts';

const DAY_MS = 86_400_000;
/** Longer than any sender's schedule of repeats, so that a late repeat is still known. */
export const EVENTS_KEPT_DAYS = 400;
/** A quarantined body is personal data that nobody may need: sealed, and not for long. */
export const BODIES_KEPT_DAYS = 14;
export const DELIVERIES_KEPT_DAYS = 400;
export const ALERTS_KEPT_DAYS = 400;

/** Forgets what has had its time. Leases, keys and the audit stay. Answers how many rows were touched. */
export async function forgetOld(db: Kysely<Database>, now: Date): Promise<number> {
  const before = (days: number): Date => new Date(now.getTime() - days * DAY_MS);
  const bodies = await db
    .updateTable('event')
    .set({ sealedBody: null })
    .where('sealedBody', 'is not', null)
    .where('receivedAt', '<', before(BODIES_KEPT_DAYS))
    .executeTakeFirst();
  const events = await db.deleteFrom('event').where('lastSeenAt', '<', before(EVENTS_KEPT_DAYS)).executeTakeFirst();
  const deliveries = await db
    .deleteFrom('delivery')
    .where('state', '!=', 'pending')
    .where('createdAt', '<', before(DELIVERIES_KEPT_DAYS))
    .executeTakeFirst();
  const alerts = await db.deleteFrom('alert').where('at', '<', before(ALERTS_KEPT_DAYS)).executeTakeFirst();
  const windows = await forgetWindowUse(db, now);
  const deleted = events.numDeletedRows + deliveries.numDeletedRows + alerts.numDeletedRows;
  return Number(bodies.numUpdatedRows + deleted) + windows;
}
