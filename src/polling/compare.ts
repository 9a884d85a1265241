import type { PolledBookingRow } from '../ledger/tables/sources.ts';
import type { Event } from '../reservation/event.ts';
import { contentHash, meaningOf } from '../sources/map/meaning.ts';
import { countMissing, type Missing } from './missing.ts';

/** What one reading said of one booking. */
export interface ReadBooking {
  readonly id: string;
  /** The event of a calendar that it is an occurrence of. */
  readonly origin?: string;
  /** Usually one. */
  readonly events: readonly Event[];
}

/** A reading that could be read. */
export interface ReadDocument {
  readonly source: string;
  readonly at: Date;
  readonly bookings: readonly ReadBooking[];
  /** Everything that stands in it, whether or not it is a booking. */
  readonly origins: ReadonlySet<string>;
  /** What cannot be said to be gone, as it may stand in what could not be read. */
  readonly unsure: { readonly all: boolean; readonly origins: ReadonlySet<string>; readonly ids: ReadonlySet<string> };
  /** Bookings that begin later were not looked for. */
  readonly until?: Date;
}

/** What is to be recorded of one booking, and what is then known of it. */
export interface Change {
  readonly events: readonly Event[];
  readonly row: PolledBookingRow;
}

export interface Comparison {
  /** What follows for bookings; nothing for those that are as they were. */
  readonly changes: readonly Change[];
  readonly missing: Missing;
}

/** A reading next to what was read before. Pure. `insists`: an operator says that what is missing is gone. */
export function compare(
  reading: ReadDocument,
  before: readonly PolledBookingRow[],
  { insists = false }: { readonly insists?: boolean } = {},
): Comparison {
  const known = new Map(before.map((row) => [row.externalId, row]));
  const found = reading.bookings.flatMap((booking) => changeOf(booking, known.get(booking.id), reading) ?? []);
  const read = new Set(reading.bookings.map(({ id }) => id));
  const missing = countMissing(
    before.filter(({ externalId }) => !read.has(externalId)),
    before,
    { reading, insists },
  );
  return { changes: [...found, ...missing.changes], missing };
}

function changeOf(
  { id, origin, events }: ReadBooking,
  known: PolledBookingRow | undefined,
  reading: ReadDocument,
): Change | undefined {
  const { source, at } = reading;
  const meaning = contentHash(events.map((event) => meaningOf(event, undefined)).toSorted());
  const last = events.at(-1)!;
  const closes = events.every(({ type }) => type === 'cancelled' || type === 'ended');
  const isOver = last.endsAt !== undefined && last.endsAt <= at;
  // Nobody has a key for what was over, or off, when it was first read.
  if (!known || known.cancelled) {
    if (closes || isOver) return undefined;
  } else if (known.meaning === meaning) {
    return known.missed === 0 ? undefined : { events: [], row: { ...known, missed: 0, missingSince: null } };
  }
  const generation = known ? known.generation + Number(known.cancelled) : 1;
  const again = known && !known.cancelled ? known : undefined;
  const recorded = events.map((event) => revised(event, { again, reservationId: reservationIdOf(id, generation) }));
  const row: PolledBookingRow = {
    source,
    externalId: id,
    origin: origin ?? null,
    meaning,
    version: Math.max(...recorded.map(({ version }) => version)),
    generation,
    cancelled: recorded.some(({ type }) => type === 'cancelled'),
    startsAt: last.startsAt ?? again?.startsAt ?? null,
    endsAt: last.endsAt ?? again?.endsAt ?? null,
    seenAt: at,
    missed: 0,
    missingSince: null,
  };
  return { events: recorded, row };
}

/** What is read later counts over what was read before, whatever version it names: the list is the truth. */
function revised(event: Event, { again, reservationId }: { again: PolledBookingRow | undefined; reservationId: string }): Event {
  if (!again) return { ...event, reservationId };
  return {
    ...event,
    reservationId,
    type: event.type === 'created' ? 'updated' : event.type,
    version: Math.max(event.version, again.version + 1),
  };
}

/** A booking that was cancelled stays so (it is final): one that comes back is another booking. */
export function reservationIdOf(id: string, generation: number): string {
  return generation === 1 ? id : `${id}~${generation}`;
}
