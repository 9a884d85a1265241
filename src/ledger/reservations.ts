import { sql, type Kysely } from 'kysely';
import { closedBy, emptyReservation, reviveReservation } from '../reservation/fold.ts';
import type { Reservation } from '../reservation/reservation.ts';
import { chunksOf } from './chunks.ts';
import { newId } from './ids.ts';
import { anyOf, insertRows, updateRows, type RowsOf } from './rows.ts';
import type { Database, ReservationRow } from './schema.ts';

/** Queries on reservations: what all events of a booking add up to. */

type Db = Kysely<Database>;

export interface Booking {
  readonly source: string;
  readonly externalId: string;
}

export interface LockedReservation {
  readonly id: string;
  readonly state: Reservation;
  readonly problem: string | null;
  readonly createdAt: Date;
  /** True when this call made it. */
  readonly fresh: boolean;
}

/** What a booking is if nobody has heard of it before. */
export interface Draft {
  readonly state: Reservation;
  readonly problem: string | null;
}

export function unheardOf({ source, externalId }: Booking): Draft {
  return { state: emptyReservation(source, externalId), problem: null };
}

/**
 * Locks the reservations of these bookings until the transaction ends, and makes those that are missing as they are drafted. Always in the
 * same order, so that two calls cannot wait for each other. Give each booking once.
 */
export async function lockReservations(db: Db, drafts: readonly Draft[], now: Date): Promise<readonly LockedReservation[]> {
  const rows = drafts.map((draft) => columnsOf({ id: newId('rsv'), ...draft, createdAt: now }, now)).sort(byName);
  const made = new Set(rows.map((row) => row.id));
  const locked: LockedReservation[] = [];
  for (const chunk of chunksOf(rows)) {
    for (const row of await insertOrLock(db, chunk)) {
      const fresh = made.has(row.id);
      const before = fresh ? unheardOf(row) : { state: reviveReservation(row.state), problem: row.problem };
      locked.push({ id: row.id, createdAt: row.createdAt, fresh, ...before });
    }
  }
  return locked;
}

/** Bookings that are not over, by id; `after` is the last id of the page before. */
export async function openBookings(
  db: Db,
  page: { after: string; limit: number; now: Date },
): Promise<(Booking & { id: string })[]> {
  return await db
    .selectFrom('reservation')
    .select(['id', 'source', 'externalId'])
    .where('closed', '=', false)
    .where((row) => row.or([row('endsAt', 'is', null), row('endsAt', '>', page.now)]))
    .where('id', '>', page.after)
    .orderBy('id')
    .limit(page.limit)
    .execute();
}

export interface ReservationChange {
  readonly id: string;
  readonly state: Reservation;
  readonly problem: string | null;
  readonly createdAt: Date;
}

/** Writes folded reservations that this transaction holds. */
export async function saveReservations(db: Db, changes: readonly ReservationChange[], now: Date): Promise<void> {
  for (const chunk of chunksOf(changes)) {
    const rows = chunk.map((change) => columnsOf(change, now));
    await updateRows(db, 'reservation', { columns: CHANGED, rows });
  }
}

export async function findReservation(db: Db, id: string): Promise<ReservationRow | undefined> {
  return await db.selectFrom('reservation').selectAll().where('id', '=', id).executeTakeFirst();
}

/** By the source's own id of the booking. */
export async function findBooking(db: Db, { source, externalId }: Booking): Promise<ReservationRow | undefined> {
  return await db
    .selectFrom('reservation')
    .selectAll()
    .where('source', '=', source)
    .where('externalId', '=', externalId)
    .executeTakeFirst();
}

export interface ReservationFilter {
  readonly source?: string;
  /** Only what came from these; undefined for all. */
  readonly sources?: readonly string[];
  /** The source's own id of the booking. */
  readonly externalId?: string;
  readonly resourceId?: string;
  readonly closed?: boolean;
  /** Only those that got no lease, with the reason. */
  readonly troubled?: boolean;
  /** The id of the last reservation of the page before. */
  readonly before?: string;
  readonly limit: number;
}

/** Newest first. Give the last id as `before` for the next page. */
export async function listReservations(db: Db, filter: ReservationFilter): Promise<readonly ReservationRow[]> {
  let query = db.selectFrom('reservation').selectAll().orderBy('id', 'desc').limit(filter.limit);
  for (const column of ['source', 'externalId', 'resourceId', 'closed'] as const) {
    if (filter[column] !== undefined) query = query.where(column, '=', filter[column]);
  }
  if (filter.sources) query = query.where('source', '=', anyOf(filter.sources));
  if (filter.troubled) query = query.where('problem', 'is not', null);
  if (filter.before !== undefined) query = query.where('id', '<', filter.before);
  return await query.execute();
}

const CHANGED = ['state', 'resourceId', 'resourceName', 'startsAt', 'endsAt', 'closed', 'problem', 'updatedAt'] as const;
const INSERTED = ['id', 'source', 'externalId', ...CHANGED, 'createdAt'] as const;

async function insertOrLock(db: Db, rows: RowsOf<'reservation', (typeof INSERTED)[number]>) {
  return await insertRows(db, 'reservation', { columns: INSERTED, rows })
    // Changes nothing, but unlike `do nothing` it locks and returns the row that is there.
    .onConflict((conflict) =>
      conflict.columns(['source', 'externalId']).doUpdateSet((row) => ({ updatedAt: row.ref('reservation.updatedAt') })),
    )
    .returning(['id', 'source', 'externalId', 'problem', 'createdAt'])
    // Of the new ones we know it.
    .returning(sql<Reservation>`case when id = ${anyOf(rows.map(({ id }) => id))} then null else state end`.as('state'))
    .execute();
}

function columnsOf({ id, state, problem, createdAt }: ReservationChange, now: Date) {
  return {
    id,
    source: state.source,
    externalId: state.externalId,
    state,
    resourceId: state.resource?.value.id ?? null,
    resourceName: state.resource?.value.name ?? null,
    startsAt: state.startsAt?.value ?? null,
    endsAt: state.endsAt?.value ?? null,
    closed: closedBy(state) !== undefined,
    problem,
    createdAt,
    updatedAt: now,
  };
}

function byName(a: Booking, b: Booking): number {
  if (a.source !== b.source) return a.source < b.source ? -1 : 1;
  return a.externalId < b.externalId ? -1 : 1;
}
