import { Temporal } from 'temporal-polyfill';
import { parseComponent, textOf, type Component } from './component.ts';
import { elementOf, type CalendarEvent } from './element.ts';
import { expand } from './expand.ts';
import { seriesOf } from './series.ts';
import { splitCalendar } from './split.ts';
import { Unread } from './unread.ts';
import { openZones } from './zone.ts';

export interface CalendarSpan {
  readonly from: Date;
  readonly until: Date;
  /** Of days, and of times that name no zone. */
  readonly zone: string;
}

export interface Calendar {
  readonly name: string | null;
  /** By their start. */
  readonly events: readonly CalendarEvent[];
  /** What stands in it and cannot be read. */
  readonly unread: readonly UnreadEvent[];
  /** From there on nothing was looked for; sooner than asked where there was too much. */
  readonly until: Date;
}

export interface UnreadEvent {
  /** Undefined where not even that is known. */
  readonly uid?: string;
  readonly reason: string;
}

export interface Progress {
  /** Told before each series, by its place. */
  readonly at?: (place: number) => void;
  /** Series that are left out, as they took too long before. */
  readonly without?: readonly number[];
}

const MOST_EVENTS = 5000;
const LONGEST_UID = 1000;

/**
 * A calendar (RFC 5545) as the events that touch the span, the earliest 5,000 of them. What is wrong in one event costs that event. Throws
 * `Unread` for what is no calendar.
 */
export function readCalendar(text: string, span: CalendarSpan, { at, without = [] }: Progress = {}): Calendar {
  const split = splitCalendar(text);
  const zones = openZones(span.zone, split.zones);
  const unread: UnreadEvent[] = [];
  const byUid = new Map<string, Component[]>();
  for (const lines of split.events) {
    const component = attempt(
      () => parseComponent(lines),
      (reason) => unread.push({ uid: uidIn(lines), reason }),
    );
    const uid = component && textOf(component, 'uid', LONGEST_UID);
    if (!component) continue;
    if (uid === undefined) unread.push({ reason: 'it has no UID' });
    else
      byUid
        .set(uid, byUid.get(uid) ?? [])
        .get(uid)!
        .push(component);
  }
  const bounds = { from: instant(span.from), until: instant(span.until) };
  const events = [...byUid].flatMap(([uid, components], place) => {
    at?.(place);
    const own = attempt(
      () => {
        if (without.includes(place)) throw new Unread('its rule takes too long to follow');
        return expand(seriesOf(uid, components, zones), bounds, zones).map((occurrence) => elementOf(uid, occurrence));
      },
      (reason) => unread.push({ uid, reason }),
    );
    return own ?? [];
  });
  events.sort((a, b) => Date.parse(a.start) - Date.parse(b.start));
  const first = events[MOST_EVENTS];
  return {
    name: split.name ?? null,
    events: events.slice(0, MOST_EVENTS),
    unread,
    until: first ? new Date(first.start) : span.until,
  };
}

function instant(date: Date): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(date.getTime());
}

function attempt<T>(work: () => T, failed: (reason: string) => void): T | undefined {
  try {
    return work();
  } catch (error) {
    // ical.js and Temporal throw what they please; their messages may quote.
    failed(error instanceof Unread ? error.message : 'it cannot be read');
    return undefined;
  }
}

/** Of an event that is no iCalendar otherwise. */
function uidIn(lines: readonly string[]): string | undefined {
  return lines.map((line) => /^UID(?:;[^:]*)?:(.+)$/i.exec(line)?.[1]?.trim()).find((uid) => uid !== undefined);
}
