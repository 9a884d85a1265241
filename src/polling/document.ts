import { setImmediate as pause } from 'node:timers/promises';
import { Fault } from '../reservation/fault.ts';
import type { MappedItem, PolledSource } from '../reservation/source.ts';
import { parseJson } from '../sources/json.ts';
import type { ReadBooking, ReadDocument } from './compare.ts';
import { readCalendarApart } from './ical/apart.ts';
import { Unread } from './ical/unread.ts';

/** Yesterday too: what has just ended may be changed still. */
const BACK_MS = 86_400_000;
/** So many events are mapped before somebody else has a turn. */
const AT_ONCE = 20;
/** Of what cannot be mapped in one reading; the rest is like it. */
const MOST_KEPT = 50;
/** For a list of some thousands; one document of a webhook has a tenth. */
const UNITS = 2_000_000;

export interface Understood extends ReadDocument {
  /** All that was mapped. */
  readonly items: readonly MappedItem[];
  /** To be kept for operators. */
  readonly quarantined: readonly MappedItem[];
  /** What is wrong in it, for operators. */
  readonly problem: string | null;
}

/** What a list says. Throws a Fault for what is no calendar or no JSON: then nothing is known of any booking. */
export async function understand(body: Buffer, source: PolledSource, at: Date): Promise<Understood> {
  return source.poll.kind === 'ical' ? await understandCalendar(body, source, at) : understandJson(body, source, at);
}

function understandJson(body: Buffer, source: PolledSource, at: Date): Understood {
  const parsed = parseJson(body);
  if (!parsed.ok) throw new Fault('unavailable', `it is no JSON: ${parsed.problem}`);
  const items = source.mapping.map(parsed.value, { now: at, list: true, units: UNITS });
  return summary({ source: source.name, at, parts: [{ items }], unread: [] });
}

async function understandCalendar(body: Buffer, source: PolledSource, at: Date): Promise<Understood> {
  const rule = source.poll.calendar!;
  const span = { from: new Date(at.getTime() - BACK_MS), until: new Date(at.getTime() + rule.aheadMs), zone: rule.zone };
  const { name, events, unread, until } = await readCalendarApart(textOf(body), span).catch((error: unknown) => {
    throw error instanceof Unread ? new Fault('unavailable', error.message) : error;
  });
  const calendar = { name, resource: rule.resource ?? null, zone: rule.zone };
  const parts: Part[] = [];
  for (const [index, event] of events.entries()) {
    if (index % AT_ONCE === 0) await pause();
    // Each alone: one that is wrong is wrong alone, and each has all the work that a document may take.
    const document = bare({ calendar, events: [event] });
    parts.push({ origin: event.uid, items: source.mapping.map(document, { now: at, list: true }) });
  }
  return { ...summary({ source: source.name, at, parts, unread }), until };
}

/** Calendars are UTF-8 (RFC 5545, 3.1.4); a byte that is not costs a letter, not the calendar. */
function textOf(body: Buffer): string {
  return new TextDecoder('utf-8').decode(body);
}

/** As JSON comes from outside: without prototypes. */
function bare(document: object): unknown {
  const parsed = parseJson(JSON.stringify(document));
  if (!parsed.ok) throw new Fault('unavailable', `an event of it is ${parsed.problem}`);
  return parsed.value;
}

interface Part {
  readonly origin?: string;
  readonly items: readonly MappedItem[];
}

interface Found {
  readonly source: string;
  readonly at: Date;
  readonly parts: readonly Part[];
  readonly unread: readonly { readonly uid?: string; readonly reason: string }[];
}

function summary({ source, at, parts, unread }: Found): Understood {
  const quarantined = parts.flatMap(({ origin, items }) =>
    items.flatMap((item) => (item.outcome === 'quarantined' ? [{ origin, item }] : [])),
  );
  const unsure = [...unread.map(({ uid }) => uid), ...quarantined.map(({ origin, item }) => origin ?? item.externalId)];
  const named = new Set(unsure.filter((one) => one !== undefined));
  return {
    source,
    at,
    items: parts.flatMap(({ items }) => items),
    bookings: bookingsOf(parts),
    origins: new Set(parts.flatMap(({ origin }) => origin ?? [])),
    unsure: { all: unsure.includes(undefined), origins: named, ids: named },
    quarantined: quarantined.slice(0, MOST_KEPT).map(({ item }) => item),
    problem: problemOf(unread, quarantined.length),
  };
}

function bookingsOf(parts: readonly Part[]): ReadBooking[] {
  const bookings = new Map<string, { id: string; origin?: string; events: ReadBooking['events'][number][] }>();
  for (const { origin, items } of parts) {
    for (const item of items) {
      if (item.outcome !== 'accepted') continue;
      const id = item.event.reservationId;
      const booking = bookings.get(id) ?? { id, origin, events: [] };
      booking.events.push(item.event);
      bookings.set(id, booking);
    }
  }
  return [...bookings.values()];
}

function problemOf(unread: Found['unread'], quarantined: number): string | null {
  const [first] = unread;
  const events = (count: number) => `${count} ${count === 1 ? 'event' : 'events'}`;
  const said = [
    ...(first
      ? [
          `${events(unread.length)} of it cannot be read${first.uid === undefined ? '' : `, such as ${first.uid.slice(0, 100)}`}: ${first.reason}`,
        ]
      : []),
    ...(quarantined > 0 ? [`${events(quarantined)} of it cannot be mapped: see what is quarantined`] : []),
  ];
  return said.length === 0 ? null : said.join('; ');
}
