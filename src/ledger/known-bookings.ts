import type { Kysely } from 'kysely';
import { readStories, type LeaseStory } from './leases.ts';
import { anyOf } from './rows.ts';
import type { Database, ReservationRow } from './schema.ts';

export interface KnownBooking {
  readonly reservation: ReservationRow;
  readonly leases: readonly LeaseStory[];
}

/** What is known of some bookings of a source, by its own ids. Those that nobody has heard of are missing. */
export async function knownBookings(
  db: Kysely<Database>,
  source: string,
  externalIds: readonly string[],
): Promise<Map<string, KnownBooking>> {
  const found = await db
    .selectFrom('reservation')
    .selectAll()
    .where('source', '=', source)
    .where('externalId', '=', anyOf(externalIds))
    .execute();
  const leases = await db
    .selectFrom('lease')
    .select('id')
    .where('reservationId', '=', anyOf(found.map(({ id }) => id)))
    .orderBy('id')
    .execute();
  const stories = await readStories(
    db,
    leases.map(({ id }) => id),
  );
  const own = Map.groupBy([...stories.values()], ({ lease }) => lease.reservationId);
  return new Map(found.map((reservation) => [reservation.externalId, { reservation, leases: own.get(reservation.id) ?? [] }]));
}

/** Which of these observations of a source were recorded before. */
export async function recordedOf(db: Kysely<Database>, source: string, dedupes: readonly string[]): Promise<Set<string>> {
  const rows = await db
    .selectFrom('event')
    .select('dedupe')
    .where('source', '=', source)
    .where('dedupe', '=', anyOf(dedupes))
    .execute();
  return new Set(rows.map(({ dedupe }) => dedupe));
}
