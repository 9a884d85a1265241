import type { Kysely } from 'kysely';
import { anyOf } from './rows.ts';
import type { Database } from './schema.ts';

/** What comes from a booking, and so from one source. */
export const ORIGINATED = ['reservation', 'event', 'lease', 'key', 'delivery'] as const;
export type Originated = (typeof ORIGINATED)[number];

/** Which source something came from; undefined where it is not there, null where it is of no booking. */
export async function originOf(db: Kysely<Database>, what: Originated, id: string): Promise<string | null | undefined> {
  const row = await QUERIES[what](db, id);
  return row === undefined ? undefined : row.source;
}

/** The ids of the leases whose bookings came from these sources, for a condition of another query. */
export function leasesFrom(db: Kysely<Database>, sources: readonly string[]) {
  return db
    .selectFrom('lease')
    .innerJoin('reservation', 'reservation.id', 'lease.reservationId')
    .where('reservation.source', '=', anyOf(sources))
    .select('lease.id');
}

type Query = (db: Kysely<Database>, id: string) => Promise<{ source: string | null } | undefined>;

const QUERIES: Readonly<Record<Originated, Query>> = {
  reservation: (db, id) => db.selectFrom('reservation').select('source').where('id', '=', id).executeTakeFirst(),
  event: (db, id) => db.selectFrom('event').select('source').where('id', '=', id).executeTakeFirst(),
  lease: (db, id) =>
    db
      .selectFrom('lease')
      .innerJoin('reservation', 'reservation.id', 'lease.reservationId')
      .select('reservation.source')
      .where('lease.id', '=', id)
      .executeTakeFirst(),
  key: (db, id) =>
    db
      .selectFrom('key')
      .innerJoin('lease', 'lease.id', 'key.leaseId')
      .innerJoin('reservation', 'reservation.id', 'lease.reservationId')
      .select('reservation.source')
      .where('key.id', '=', id)
      .executeTakeFirst(),
  delivery: (db, id) =>
    db
      .selectFrom('delivery')
      .leftJoin('lease', 'lease.id', 'delivery.leaseId')
      .leftJoin('reservation', 'reservation.id', 'lease.reservationId')
      .select('reservation.source')
      .where('delivery.id', '=', id)
      .executeTakeFirst(),
};
