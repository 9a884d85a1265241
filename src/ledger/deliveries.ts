import { type Kysely, sql } from 'kysely';
import { inOne } from './in-one.ts';
import { anyOf, insertRows } from './rows.ts';
import type { Database, DeliveryRow } from './schema.ts';

/** Queries on deliveries. `attempts` is the fence: only the worker whose turn it is may write an outcome. */

type Db = Kysely<Database>;

/** The ids that are new; an announcement made twice inserts nothing. */
export const insertDeliveries = inOne(async (db, announced: readonly (readonly NewDelivery[])[]) => {
  const rows = announced.flat();
  if (rows.length === 0) return announced.map((): string[] => []);
  const inserted = await insertRows(db, 'delivery', { columns: INSERTED, rows })
    .onConflict((conflict) => conflict.column('dedupe').doNothing())
    .returning('id')
    .execute();
  const fresh = new Set(inserted.map((row) => row.id));
  return announced.map((own) => own.map(({ id }) => id).filter((id) => fresh.has(id)));
});

const INSERTED = [
  'id',
  'dedupe',
  'leaseId',
  'claimId',
  'channel',
  'kind',
  'target',
  'body',
  'state',
  'nextAt',
  'createdAt',
] as const;

export type NewDelivery = Pick<DeliveryRow, (typeof INSERTED)[number]>;

export async function deliveryById(db: Db, id: string): Promise<DeliveryRow | undefined> {
  return await db.selectFrom('delivery').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function deliveriesOf(db: Db, leaseId: string): Promise<DeliveryRow[]> {
  return await db.selectFrom('delivery').selectAll().where('leaseId', '=', leaseId).orderBy('id').execute();
}

/** The deliveries that carry a claim's link or its code. */
export async function claimDeliveries(db: Db, claimId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('delivery')
    .select('id')
    .where('claimId', '=', claimId)
    .where(sql<string>`body ->> 'part'`, 'in', ['link', 'code'])
    .orderBy('id')
    .execute();
  return rows.map((row) => row.id);
}

/** Where a delivery goes: all mail to the mail server, everything else to the endpoint of its target. */
const LANE = sql<string>`case when channel = 'email' then channel else channel || ' ' || target end`;

export async function lanesOf(db: Db, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('delivery')
    .select(['id', LANE.as('lane')])
    .where('id', '=', anyOf(ids))
    .execute();
  return new Map(rows.map(({ id, lane }) => [id, lane]));
}

/**
 * Deliveries to send now, taken in turns from each place they go to so that a slow one holds up no other, the longest waiting first.
 * One whose sender died in the middle is due again after its turn.
 */
export async function dueDeliveries(db: Db, now: Date, limit: number): Promise<string[]> {
  const turns = db
    .selectFrom('delivery')
    .select(['id', 'nextAt', sql<number>`row_number() over (partition by ${LANE} order by next_at)`.as('place')])
    .where('state', '=', 'pending')
    .where('nextAt', '<=', now);
  const rows = await db.selectFrom(turns.as('turns')).select('id').orderBy('place').orderBy('nextAt').limit(limit).execute();
  return rows.map((row) => row.id);
}

/** Counts the attempt and keeps others away until `until`. Undefined when it is not due, or another took it first. */
export async function takeDelivery(db: Db, id: string, turn: { now: Date; until: Date }): Promise<DeliveryRow | undefined> {
  return await db
    .updateTable('delivery')
    .set((row) => ({ attempts: row('attempts', '+', 1), nextAt: turn.until }))
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .where('nextAt', '<=', turn.now)
    .returningAll()
    .executeTakeFirst();
}

/** Embedded only, at start: attempts that a dead process was making are made again at once, and what would come as soon with them. */
export async function releaseDeliveries(db: Db, turn: { now: Date; until: Date }): Promise<void> {
  await db
    .updateTable('delivery')
    .set({ nextAt: turn.now })
    .where('state', '=', 'pending')
    .where('attempts', '>', 0)
    .where('nextAt', '<=', turn.until)
    .execute();
}

export type DeliveryOutcome =
  | { readonly state: 'delivered'; readonly at: Date; readonly status: number | null }
  | { readonly state: 'pending'; readonly nextAt: Date; readonly status: number | null; readonly error: string }
  | { readonly state: 'failed'; readonly status: number | null; readonly error: string };

/** False when the turn was lost meanwhile (a slow attempt, sent again by another): nothing is written then. */
export async function finishDelivery(db: Db, turn: { id: string; attempts: number }, outcome: DeliveryOutcome): Promise<boolean> {
  const row = await db
    .updateTable('delivery')
    .set({
      state: outcome.state,
      nextAt: outcome.state === 'pending' ? outcome.nextAt : null,
      lastStatus: outcome.status,
      lastError: outcome.state === 'delivered' ? null : outcome.error,
      deliveredAt: outcome.state === 'delivered' ? outcome.at : null,
    })
    .where('id', '=', turn.id)
    .where('attempts', '=', turn.attempts)
    .where('state', '=', 'pending')
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Sends it again from the beginning of the schedule, whatever became of it. */
export async function restartDelivery(db: Db, id: string, now: Date): Promise<boolean> {
  const row = await db
    .updateTable('delivery')
    .set({ state: 'pending', attempts: 0, nextAt: now, lastStatus: null, lastError: null, deliveredAt: null })
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}
