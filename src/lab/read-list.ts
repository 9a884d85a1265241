import { compare, type Comparison } from '../polling/compare.ts';
import { understand, type Understood } from '../polling/document.ts';
import type { PolledBookingRow } from '../ledger/tables/sources.ts';
import { Fault } from '../reservation/fault.ts';
import type { Event } from '../reservation/event.ts';
import type { PolledSource, Source } from '../reservation/source.ts';
import { describeAuth } from '../sources/auth/describe.ts';
import type { Reading } from './read.ts';
import type { Sample } from './sample.ts';

/** What a list, as a source is polled for it, means for the bookings that were read before. */
export interface ListFinding {
  readonly bookings: number;
  /** Of these, those of which something would be recorded. */
  readonly changed: number;
  /** Read before, not in it any more, and not over. */
  readonly missing: number;
  /** Of these, cancelled by this reading. */
  readonly cancelled: number;
  /** Of these, left alone, as they are too many at once. */
  readonly held: number;
  /** What in it could not be read. */
  readonly problem: string | null;
}

const CALENDAR = /^\uFEFF?\s*BEGIN:VCALENDAR/i;

/** True where a sample is what a source is polled for, and not a message of it. */
export function isList(source: Source, { body }: Sample): source is PolledSource {
  if (!source.poll) return false;
  return source.auth.kind === 'none' || (source.poll.kind === 'ical' && CALENDAR.test(body.subarray(0, 100).toString('utf8')));
}

export interface ListReading {
  readonly reading: Reading;
  /** What would be recorded. */
  readonly news: readonly Event[];
  /** What would be remembered of its bookings then, and is of the others. */
  readonly rows: readonly PolledBookingRow[];
}

/** Reads a list as a poll does, next to what was read before. Never throws for what is in it. */
export async function readSampleList(
  source: PolledSource,
  sample: Sample,
  before: readonly PolledBookingRow[],
): Promise<ListReading> {
  const signature = { verdict: 'read', reason: null, expected: describeAuth(source), secret: null } as const;
  const body = { kind: source.poll.kind === 'ical' ? 'calendar' : 'json', bytes: sample.body.length, problem: null };
  const none = { sample, signature, handshake: null, items: [] };
  const unread = (problem: string): ListReading => ({ reading: { ...none, body: { ...body, problem } }, news: [], rows: before });
  if (sample.body.length > source.poll.largestBytes)
    return unread(`it has more than ${source.poll.largestBytes} bytes: see largest`);
  try {
    const understood = await understand(sample.body, source, sample.receivedAt);
    const comparison = compare(understood, before);
    const { changes } = comparison;
    const rows = new Map([...before, ...changes.map(({ row }) => row)].map((row) => [row.externalId, row]));
    return {
      reading: { ...none, body, items: understood.items, list: findingOf(understood, comparison) },
      news: changes.flatMap(({ events }) => events),
      rows: [...rows.values()],
    };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return unread(error.message);
  }
}

function findingOf({ bookings, problem }: Understood, { changes, missing }: Comparison): ListFinding {
  return {
    bookings: bookings.length,
    changed: changes.filter(({ events }) => events.length > 0).length,
    missing: missing.count,
    cancelled: missing.cancelled,
    held: missing.held?.count ?? 0,
    problem,
  };
}
