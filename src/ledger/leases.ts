import { sql, type Kysely, type Transaction } from 'kysely';
import { chunksOf } from './chunks.ts';
import { inOne } from './in-one.ts';
import { anyOf, updateRows } from './rows.ts';
import type { Granted, LeaseState } from '../reservation/lease.ts';
import { JOB_GRACE_MS, openLeasesOf, wakeLeasesOf, type LeaseOpening } from './openings.ts';
import type { Database, KeyRow, LeaseRow, ReservationRow } from './schema.ts';

type Reader = Kysely<Database> | Transaction<Database>;

const SWEEP_GRACE_MS = 30_000;

/** Makes sure that each holder has a lease. Returns the ids of those that are new. */
export async function openLeases(db: Reader, opening: LeaseOpening): Promise<string[]> {
  return await openLeasesOf(db, [opening]);
}

/** Every lease of a reservation is to be settled soon; returns their ids for the job queue. */
export async function wakeLeases(db: Reader, reservationId: string, now: Date): Promise<string[]> {
  return await wakeLeasesOf(db, [reservationId], now);
}

export async function wakeLease(db: Reader, id: string, now: Date): Promise<void> {
  await db
    .updateTable('lease')
    .set({ wakeAt: new Date(now.getTime() + JOB_GRACE_MS) })
    .where('id', '=', id)
    .execute();
}

export async function findLease(db: Reader, id: string): Promise<LeaseRow | undefined> {
  return await db.selectFrom('lease').selectAll().where('id', '=', id).executeTakeFirst();
}

export interface LeaseStory {
  readonly lease: LeaseRow;
  readonly reservation: ReservationRow;
  readonly keys: readonly KeyRow[];
}

export async function readStory(db: Reader, id: string): Promise<LeaseStory | undefined> {
  return (await readStories(db, [id])).get(id);
}

/** By lease. Those that are gone are missing. */
export async function readStories(db: Reader, ids: readonly string[]): Promise<Map<string, LeaseStory>> {
  const leases = await db.selectFrom('lease').selectAll().where('id', '=', anyOf(ids)).execute();
  const booked = [...new Set(leases.map((lease) => lease.reservationId))];
  const reservations = await db.selectFrom('reservation').selectAll().where('id', '=', anyOf(booked)).execute();
  const keys = await db.selectFrom('key').selectAll().where('leaseId', '=', anyOf(ids)).orderBy('generation').execute();
  const reservationOf = new Map(reservations.map((reservation) => [reservation.id, reservation]));
  const keysOf = Map.groupBy(keys, (key) => key.leaseId);
  return new Map(
    leases.map((lease) => {
      const story = { lease, reservation: reservationOf.get(lease.reservationId)!, keys: keysOf.get(lease.id) ?? [] };
      return [lease.id, story];
    }),
  );
}

/** At which provider each of these leases has its keys. */
export async function providersOf(db: Reader, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await db.selectFrom('lease').select(['id', 'provider']).where('id', '=', anyOf(ids)).execute();
  return new Map(rows.map(({ id, provider }) => [id, provider]));
}

/**
 * Leases whose time has come, taken in turns from each provider so that one with much to do holds up no other, closings
 * first. They count as taken: the next sweep sees them again only if nothing came of it.
 */
export async function takeDue(db: Reader, now: Date, limit: number): Promise<string[]> {
  const turns = db
    .selectFrom('lease')
    .select(['id'])
    .select(
      sql<number>`row_number() over (partition by provider order by (closes_at is not null and closes_at <= ${now}) desc, wake_at)`.as(
        'place',
      ),
    )
    .where('wakeAt', '<=', now)
    .where((where) => where.or([where('heldUntil', 'is', null), where('heldUntil', '<=', now)]));
  const due = await db.selectFrom(turns.as('turns')).select('id').orderBy('place').limit(limit).execute();
  if (due.length === 0) return [];
  const taken = await db
    .updateTable('lease')
    .set({ wakeAt: new Date(now.getTime() + SWEEP_GRACE_MS) })
    .where(
      'id',
      'in',
      due.map((row) => row.id),
    )
    .where('wakeAt', '<=', now)
    .returning('id')
    .execute();
  const ids = new Set(taken.map((row) => row.id));
  return due.map((row) => row.id).filter((id) => ids.has(id));
}

/** At start: what the last process had taken to do, and did not do, is looked at now and not when its time is over. */
export async function wakeTaken(db: Reader, now: Date): Promise<void> {
  await db
    .updateTable('lease')
    .set({ wakeAt: now })
    .where('wakeAt', '>', now)
    .where('wakeAt', '<=', new Date(now.getTime() + SWEEP_GRACE_MS))
    .where('heldUntil', 'is', null)
    .execute();
}

/** These are looked at soon, by whichever node sweeps first. */
export async function giveBack(db: Reader, ids: readonly string[], now: Date): Promise<void> {
  for (const chunk of chunksOf(ids))
    await db.updateTable('lease').set({ wakeAt: now }).where('id', 'in', chunk).where('heldUntil', 'is', null).execute();
}

/** For each of these leases, others on its resource whose window is over but whose keys may still live: they go before a new key is made. */
export async function predecessorsOf(db: Reader, ids: readonly string[], now: Date): Promise<Map<string, string[]>> {
  const rows = await db
    .selectFrom('lease')
    .innerJoin('lease as older', (join) =>
      join.onRef('older.resourceId', '=', 'lease.resourceId').onRef('older.provider', '=', 'lease.provider'),
    )
    .select(['lease.id', 'older.id as olderId'])
    .where('lease.id', '=', anyOf(ids))
    .whereRef('older.id', '!=', 'lease.id')
    .where('older.closesAt', '<=', now)
    .where('older.state', 'in', ['active', 'issuing'])
    .limit(20 * ids.length)
    .execute();
  const found = new Map<string, string[]>();
  for (const { id, olderId } of rows) found.set(id, [...(found.get(id) ?? []), olderId]);
  return found;
}

export interface LeaseChange {
  state?: LeaseState;
  reason?: string | null;
  opensAt?: Date | null;
  closesAt?: Date | null;
  generation?: number;
  overlapUntil?: Date | null;
  grant?: Granted | null;
  plan?: string;
  provider?: string;
  attempts?: number;
  lastError?: string | null;
}

/** Writes to leases that this transaction holds. Those that change the same things are changed by one statement. */
export const changeLease = inOne(async (db, asked: readonly { id: string; change: LeaseChange; now: Date }[]) => {
  const changes = asked.map(({ id, change, now }) => {
    const columns = (Object.keys(change) as (keyof LeaseChange)[]).filter((column) => change[column] !== undefined);
    return { columns, row: { ...change, id, updatedAt: now } };
  });
  for (const alike of Map.groupBy(changes, ({ columns }) => columns.toSorted().join(' ')).values()) {
    const rows = alike.map(({ row }) => row) as Required<(typeof alike)[number]['row']>[];
    await updateRows(db, 'lease', { columns: [...alike[0]!.columns, 'updatedAt'], rows });
  }
  return asked.map(() => undefined);
});
