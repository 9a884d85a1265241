import { judge } from '../intake/check.ts';
import type { PolledBookingRow } from '../ledger/tables/sources.ts';
import type { Event } from '../reservation/event.ts';
import type { Source } from '../reservation/source.ts';
import { byBooking, findBooking, type BookingFinding, type BookingLens, type Known } from './bookings.ts';
import { isList, readSampleList } from './read-list.ts';
import { readSample, type Reading } from './read.ts';
import type { Sample } from './sample.ts';

/** What would come of samples, had they arrived one after the other. */
export interface Findings {
  readonly source: Source;
  /** The instant at which it is asked what comes next. */
  readonly now: Date;
  readonly readings: readonly Reading[];
  readonly bookings: readonly BookingFinding[];
  /** Bookings of which nothing was asked, as they are too many. */
  readonly more: number;
  /** The observations, by `dedupe`, that had been recorded before: a repetition changes nothing. */
  readonly recorded: ReadonlySet<string>;
  /** Everything in them was understood: accepted, or ignored on purpose. */
  readonly ok: boolean;
}

/** What has been heard before. Without a ledger nothing was. */
export interface Memory {
  bookings(source: string, externalIds: readonly string[]): Promise<ReadonlyMap<string, Known>>;
  recorded(source: string, dedupes: readonly string[]): Promise<ReadonlySet<string>>;
  /** What was read of a source that is polled. */
  polled(source: string): Promise<readonly PolledBookingRow[]>;
}

export const NO_MEMORY: Memory = {
  bookings: async () => new Map(),
  recorded: async () => new Set(),
  polled: async () => [],
};

/** A calendar has thousands. */
const MOST_BOOKINGS = 100;

interface Tools {
  readonly lens: BookingLens;
  readonly memory: Memory;
}

/**
 * What a source would make of samples, and what would follow: the same code that receives, maps, folds and decides. Nothing is stored, nothing
 * sent and no provider called.
 */
export async function tryOut(source: Source, samples: readonly Sample[], { lens, memory }: Tools): Promise<Findings> {
  const { readings, news } = await readAll(source, samples, { lens, memory });
  const events = [...byBooking(news)];
  const asked = events.slice(0, MOST_BOOKINGS);
  const known = await memory.bookings(
    source.name,
    asked.map(([id]) => id),
  );
  const bookings = asked.map(([externalId, own]) =>
    findBooking({ source: source.name, events: own, known: known.get(externalId) }, lens),
  );
  return {
    source,
    now: lens.now(),
    readings,
    bookings,
    more: events.length - asked.length,
    recorded: await memory.recorded(
      source.name,
      readings.flatMap(({ items }) => items.map(({ dedupe }) => dedupe)),
    ),
    ok: readings.every(isUnderstood),
  };
}

/** Samples in turn: a list counts next to the one before it. */
async function readAll(source: Source, samples: readonly Sample[], { lens, memory }: Tools) {
  const readings: Reading[] = [];
  const news: Event[] = [];
  let rows: readonly PolledBookingRow[] | undefined;
  for (const sample of samples) {
    if (isList(source, sample)) {
      const read = await readSampleList(source, sample, (rows ??= await memory.polled(source.name)));
      rows = read.rows;
      readings.push(read.reading);
      news.push(...read.news);
    } else {
      const reading = withVerdict(readSample(source, sample), source, lens);
      readings.push(reading);
      news.push(...reading.items.flatMap((item) => (item.outcome === 'accepted' ? [item.event] : [])));
    }
  }
  return { readings, news };
}

/** What a booking system that asks beforehand is told. */
function withVerdict(reading: Reading, { name, answers }: Source, lens: BookingLens): Reading {
  const { questions } = reading;
  if (!questions) return reading;
  const verdict = judge(name, questions, { ...lens, policy: lens.policy() });
  const answer = verdict.status === 'granted' ? 'the key would be given' : verdict.message;
  return { ...reading, handshake: { status: answers[verdict.status], answer } };
}

function isUnderstood({ signature, body, list, questions = [], items }: Reading): boolean {
  const isIn = signature.verdict !== 'refused' && body.problem === null && !list?.problem;
  return isIn && questions.every(({ ok }) => ok) && items.every(({ outcome }) => outcome !== 'quarantined');
}
