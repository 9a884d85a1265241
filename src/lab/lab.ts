import { judge } from '../intake/check.ts';
import type { Source } from '../reservation/source.ts';
import { byBooking, findBooking, type BookingFinding, type BookingLens, type Known } from './bookings.ts';
import { readSample, type Reading } from './read.ts';
import type { Sample } from './sample.ts';

/** What would come of samples, had they arrived one after the other. */
export interface Findings {
  readonly source: Source;
  /** The instant at which it is asked what comes next. */
  readonly now: Date;
  readonly readings: readonly Reading[];
  readonly bookings: readonly BookingFinding[];
  /** The observations, by `dedupe`, that had been recorded before: a repetition changes nothing. */
  readonly recorded: ReadonlySet<string>;
  /** Everything in them was understood: accepted, or ignored on purpose. */
  readonly ok: boolean;
}

/** What has been heard before. Without a ledger nothing was. */
export interface Memory {
  bookings(source: string, externalIds: readonly string[]): Promise<ReadonlyMap<string, Known>>;
  recorded(source: string, dedupes: readonly string[]): Promise<ReadonlySet<string>>;
}

export const NO_MEMORY: Memory = {
  bookings: async () => new Map(),
  recorded: async () => new Set(),
};

/**
 * What a source would make of samples, and what would follow: the same code that receives, maps, folds and decides. Nothing is stored, nothing
 * sent and no provider called.
 */
export async function tryOut(
  source: Source,
  samples: readonly Sample[],
  { lens, memory }: { readonly lens: BookingLens; readonly memory: Memory },
): Promise<Findings> {
  const readings = samples.map((sample) => withVerdict(readSample(source, sample), source, lens));
  const items = readings.flatMap((reading) => reading.items);
  const events = byBooking(items.flatMap((item) => (item.outcome === 'accepted' ? [item.event] : [])));
  const known = await memory.bookings(source.name, [...events.keys()]);
  const bookings = [...events].map(([externalId, own]) =>
    findBooking({ source: source.name, events: own, known: known.get(externalId) }, lens),
  );
  return {
    source,
    now: lens.now(),
    readings,
    bookings,
    recorded: await memory.recorded(
      source.name,
      items.map(({ dedupe }) => dedupe),
    ),
    ok: readings.every(isUnderstood),
  };
}

/** What a booking system that asks beforehand is told. */
function withVerdict(reading: Reading, { name, answers }: Source, lens: BookingLens): Reading {
  const { questions } = reading;
  if (!questions) return reading;
  const verdict = judge(name, questions, { ...lens, policy: lens.policy() });
  const answer = verdict.status === 'granted' ? 'the key would be given' : verdict.message;
  return { ...reading, handshake: { status: answers[verdict.status], answer } };
}

function isUnderstood({ signature, body, questions = [], items }: Reading): boolean {
  const isIn = signature.verdict !== 'refused' && body.problem === null;
  return isIn && questions.every(({ ok }) => ok) && items.every(({ outcome }) => outcome !== 'quarantined');
}
