import type { PolledBookingRow } from '../ledger/tables/sources.ts';
import { reservationIdOf, type Change, type ReadDocument } from './compare.ts';

/** Clean readings in a row that must not have a booking before it is cancelled. */
export const READINGS = 2;
/** Of so many bookings or more, more than half do not vanish at once: it is rather a mistake of whoever wrote the list. */
const MANY = 10;
/** Nor for as long as that. */
export const HELD_MS = 24 * 3_600_000;

export interface Missing {
  /** Bookings that are cancelled, and those that were missing and are waited for. */
  readonly changes: readonly Change[];
  /** Not in this reading, and neither over nor unsure. */
  readonly count: number;
  readonly cancelled: number;
  /** Missing bookings that nothing is done about, as they are too many at once; and since when. */
  readonly held?: { readonly count: number; readonly of: number; readonly since: Date };
}

/** What a reading that does not have a booking means for it. One that is over needs no end. */
export function countMissing(
  absent: readonly PolledBookingRow[],
  before: readonly PolledBookingRow[],
  { reading, insists }: { readonly reading: ReadDocument; readonly insists: boolean },
): Missing {
  const expected = (row: PolledBookingRow): boolean => isExpected(row, reading);
  const missing = absent.filter(expected);
  // Occurrences of an event that is still there were moved or cut by whoever plans it: that is no accident.
  const unexplained = missing.filter(({ origin }) => origin === null || !reading.origins.has(origin));
  const of = before.filter(expected).length;
  const suspicious = !insists && of >= MANY && unexplained.length * 2 > of;
  const held = new Set(suspicious ? unexplained : []);
  const since = (row: PolledBookingRow): Date => row.missingSince ?? reading.at;
  const changes = missing.map((row): Change => {
    const counted = { ...row, missed: row.missed + 1, missingSince: since(row) };
    const waits =
      !insists && (counted.missed < READINGS || (held.has(row) && reading.at.getTime() - since(row).getTime() < HELD_MS));
    return waits ? { events: [], row: counted } : cancelledBy(counted, reading);
  });
  const waiting = changes.filter(({ row }) => !row.cancelled);
  const still = [...held].filter((row) => waiting.some((change) => change.row.externalId === row.externalId));
  return {
    changes,
    count: missing.length,
    cancelled: changes.length - waiting.length,
    ...(still.length > 0 && {
      held: { count: still.length, of, since: new Date(Math.min(...still.map((row) => since(row).getTime()))) },
    }),
  };
}

function isExpected(
  { cancelled, externalId, origin, startsAt, endsAt }: PolledBookingRow,
  { at, until, unsure }: ReadDocument,
): boolean {
  if (cancelled || (endsAt !== null && endsAt <= at)) return false;
  if (until !== undefined && startsAt !== null && startsAt >= until) return false;
  return !unsure.all && !unsure.ids.has(externalId) && (origin === null || !unsure.origins.has(origin));
}

function cancelledBy(row: PolledBookingRow, { at }: ReadDocument): Change {
  const version = Math.max(at.getTime(), row.version + 1);
  const reservationId = reservationIdOf(row.externalId, row.generation);
  return {
    events: [{ type: 'cancelled', reservationId, version }],
    row: { ...row, cancelled: true, version, meaning: 'gone', seenAt: at },
  };
}
