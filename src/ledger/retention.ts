import { sql, type Kysely } from 'kysely';
import { forgetUsage } from './old-usage.ts';
import type { Database } from './schema.ts';
import { forgetWindowUse } from './window-use.ts';

const DAY_MS = 86_400_000;
/** Longer than any sender's schedule of repeats, so that a late repeat is still known. */
export const EVENTS_KEPT_DAYS = 400;
/** A quarantined body is personal data that nobody may need: sealed, and not for long. Unless QUARANTINE_KEPT_DAYS says otherwise. */
const BODIES_KEPT_MS = 14 * DAY_MS;
/** Samples of a recording are looked at soon or never. */
export const SAMPLES_KEPT_DAYS = 14;
/** Deliveries, alerts, work in bulk, usage by the hour. */
export const DELIVERIES_KEPT_DAYS = 400;
/** A key that comes back within the month finds what was counted and known of it. */
const ORPHANS_KEPT_DAYS = 30;

/** Forgets what has had its time. Leases, keys and the audit stay. Answers how many rows were touched. */
export async function forgetOld(
  db: Kysely<Database>,
  now: Date,
  { quarantineKeptMs = BODIES_KEPT_MS }: { readonly quarantineKeptMs?: number } = {},
): Promise<number> {
  const before = (days: number): Date => new Date(now.getTime() - days * DAY_MS);
  const old = before(DELIVERIES_KEPT_DAYS);
  const bodies = await db
    .updateTable('event')
    .set({ sealedBody: null })
    .where('sealedBody', 'is not', null)
    .where('receivedAt', '<', new Date(now.getTime() - quarantineKeptMs))
    .executeTakeFirst();
  const events = await db.deleteFrom('event').where('lastSeenAt', '<', before(EVENTS_KEPT_DAYS)).executeTakeFirst();
  const samples = await db.deleteFrom('sample').where('receivedAt', '<', before(SAMPLES_KEPT_DAYS)).executeTakeFirst();
  const deliveries = await db
    .deleteFrom('delivery')
    .where('state', '!=', 'pending')
    .where('createdAt', '<', old)
    .executeTakeFirst();
  const alerts = await db.deleteFrom('alert').where('at', '<', old).where('suspendAt', 'is', null).executeTakeFirst();
  return (
    Number(
      bodies.numUpdatedRows + events.numDeletedRows + samples.numDeletedRows + deliveries.numDeletedRows + alerts.numDeletedRows,
    ) +
    (await forgetBulks(db, old)) +
    (await forgetOrphans(db, before(ORPHANS_KEPT_DAYS))) +
    (await forgetWindowUse(db, now)) +
    (await forgetUsage(db, old))
  );
}

async function forgetBulks(db: Kysely<Database>, before: Date): Promise<number> {
  const { numAffectedRows } = await sql`
    with old as (select id from bulk where done_at < ${before}), items as (delete from bulk_item where bulk_id in (select id from old))
    delete from bulk where id in (select id from old)`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/** Addresses, and thresholds told, of whose keys are long dead. What staff froze or added to stays for as long as there is a row of a key. */
async function forgetOrphans(db: Kysely<Database>, before: Date): Promise<number> {
  const hasKey = (owner: string) =>
    sql`exists (select from local_key k where k.lease_id = ${sql.ref(owner)} and (k.revoked_at is null or k.revoked_at >= ${before}))`;
  const addresses = await sql`delete from known_address where not ${hasKey('known_address.lease_id')}`.execute(db);
  const budgets = await sql`
    delete from budget where id not like 'project:%' and updated_at < ${before} and frozen_at is null and not ${hasKey('budget.id')}
      and (quota_extra = 0 or not exists (select from local_key k where k.lease_id = budget.id))`.execute(db);
  return Number(addresses.numAffectedRows ?? 0) + Number(budgets.numAffectedRows ?? 0);
}
