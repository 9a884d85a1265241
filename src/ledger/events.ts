import type { Kysely, Updateable } from 'kysely';
import { chunksOf } from './chunks.ts';
import { anyOf, insertRows } from './rows.ts';
import type { Database, EventRow, NewEvent } from './schema.ts';
import type { EventTable } from './tables/bookings.ts';

/** Queries on events. A source's event is recorded once; further sightings are counted. */

type Db = Kysely<Database>;

export interface Recorded {
  readonly id: string;
  readonly outcome: EventTable['outcome'];
  /** True for the one row that was new; false for whatever had been recorded before, be it in the same call. */
  readonly fresh: boolean;
}

/**
 * Records events, in the order given. Whether one is new is decided by the unique constraint alone, so it holds for any number
 * of senders and nodes at once. Rows are written in the order of their key, so that two calls cannot wait for each other.
 */
export async function insertEvents(db: Db, events: readonly NewEvent[]): Promise<readonly Recorded[]> {
  const distinct = new Map<string, NewEvent>();
  for (const event of events) {
    const key = keyOf(event);
    const first = distinct.get(key);
    // One statement may not touch a row twice.
    distinct.set(key, first ? { ...first, seen: first.seen + 1 } : event);
  }
  const rows = [...distinct].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, event]) => event);
  const written = new Map<string, { id: string; outcome: EventTable['outcome'] }>();
  for (const chunk of chunksOf(rows)) {
    for (const row of await insertOrCount(db, chunk)) written.set(keyOf(row), row);
  }
  return events.map((event) => {
    const row = written.get(keyOf(event))!;
    return { id: row.id, outcome: row.outcome, fresh: row.id === event.id };
  });
}

/** With the reservation it moved; one that moved none has none. */
export type ListedEvent = Omit<EventRow, 'sealedBody'> & { readonly reservationId: string | null };

export async function findEvent(db: Db, id: string): Promise<ListedEvent | undefined> {
  return await selectListed(db).where('event.id', '=', id).executeTakeFirst();
}

/** Locks the row until the transaction ends, so that it is replayed by one at a time. */
export async function lockEvent(db: Db, id: string): Promise<EventRow | undefined> {
  return await db.selectFrom('event').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

/** What a replay made of a quarantined event. Its `dedupe` stays, so that the same sending is still known. */
export async function changeEvent(
  db: Db,
  id: string,
  change: Partial<Pick<Updateable<EventTable>, 'outcome' | 'reason' | 'type' | 'externalId' | 'event' | 'sealedBody'>>,
): Promise<void> {
  await db.updateTable('event').set(change).where('id', '=', id).execute();
}

export interface EventFilter {
  readonly source?: string;
  /** Only what came from these; undefined for all. */
  readonly sources?: readonly string[];
  readonly outcome?: EventTable['outcome'];
  readonly type?: string;
  /** The source's id of the booking. */
  readonly externalId?: string;
  /** The id of the last event of the page before. */
  readonly before?: string;
  readonly limit: number;
}

/** Newest first. Give the last id as `before` for the next page; sealed bodies stay behind. */
export async function listEvents(db: Db, filter: EventFilter): Promise<readonly ListedEvent[]> {
  let query = selectListed(db).orderBy('event.id', 'desc').limit(filter.limit);
  for (const column of ['source', 'outcome', 'type', 'externalId'] as const) {
    if (filter[column] !== undefined) query = query.where(`event.${column}`, '=', filter[column]);
  }
  if (filter.sources) query = query.where('event.source', '=', anyOf(filter.sources));
  if (filter.before !== undefined) query = query.where('event.id', '<', filter.before);
  return await query.execute();
}

function selectListed(db: Db) {
  return db
    .selectFrom('event')
    .leftJoin('reservation', (join) =>
      join
        .onRef('reservation.source', '=', 'event.source')
        .onRef('reservation.externalId', '=', 'event.externalId')
        .on('event.outcome', '=', 'accepted'),
    )
    .select(LISTED);
}

const LISTED = [
  'event.id',
  'event.source',
  'event.dedupe',
  'event.outcome',
  'event.reason',
  'event.type',
  'event.externalId',
  'reservation.id as reservationId',
  'event.event',
  'event.requestId',
  'event.receivedAt',
  'event.seen',
  'event.lastSeenAt',
] as const;

const INSERTED = [
  'id',
  'source',
  'dedupe',
  'outcome',
  'reason',
  'type',
  'externalId',
  'event',
  'sealedBody',
  'requestId',
  'receivedAt',
  'seen',
  'lastSeenAt',
] as const;

async function insertOrCount(db: Db, rows: NewEvent[]) {
  return await insertRows(db, 'event', { columns: INSERTED, rows })
    .onConflict((conflict) =>
      conflict.columns(['source', 'dedupe']).doUpdateSet((row) => ({
        seen: row('event.seen', '+', row.ref('excluded.seen')),
        lastSeenAt: row.ref('excluded.lastSeenAt'),
      })),
    )
    .returning(['id', 'source', 'dedupe', 'outcome'])
    .execute();
}

function keyOf(event: { source: string; dedupe: string }): string {
  return JSON.stringify([event.source, event.dedupe]);
}
