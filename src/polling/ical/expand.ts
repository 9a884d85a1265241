import { Temporal } from 'temporal-polyfill';
import type { Component } from './component.ts';
import { after, dayOf, durationOf, instantOf, momentsOf, nameOf, periodEnd, type Moment } from './moment.ts';
import { wallsOf } from './rule.ts';
import type { Exception, Series } from './series.ts';
import { Unread } from './unread.ts';
import type { Zones } from './zone.ts';

/** One time that an event takes place. */
export interface Occurrence {
  readonly component: Component;
  /** Within its series; without it the event does not repeat. */
  readonly name?: string;
  readonly start: Temporal.Instant;
  readonly end: Temporal.Instant;
  readonly isDate: boolean;
}

export interface Span {
  readonly from: Temporal.Instant;
  readonly until: Temporal.Instant;
}

/** RDATE and EXDATE of one event. */
const MOST_DATES = 5000;
/** Of one event within the span. */
const MOST_OCCURRENCES = 5000;

/** The occurrences that touch the span (RFC 5545, 3.8.5). Throws `Unread`. */
export function expand(series: Series, span: Span, zones: Zones): Occurrence[] {
  const { master, exceptions } = series;
  const touching = ({ start, end }: Occurrence): boolean =>
    Temporal.Instant.compare(start, span.until) < 0 &&
    (Temporal.Instant.compare(end, span.from) > 0 || Temporal.Instant.compare(start, span.from) >= 0);
  if (!master) return exceptions.map((exception) => exceptional(exception, zones)).filter(touching);
  const repeats = master.first('rrule') ?? master.first('rdate');
  if (!repeats) return [plainOccurrence(master, zones)].filter(touching);
  const found: Occurrence[] = [];
  for (const original of originalsOf(master, { span, exceptions, zones })) {
    const occurrence = occurrenceOf(original, series, zones);
    if (touching(occurrence)) found.push(occurrence);
    if (found.length > MOST_OCCURRENCES) throw new Unread(`it takes place more than ${MOST_OCCURRENCES} times`);
  }
  return found;
}

interface Original extends Moment {
  /** Of a period among its dates. */
  readonly end?: Temporal.Instant;
}

interface Around {
  readonly span: Span;
  readonly exceptions: readonly Exception[];
  readonly zones: Zones;
}

/** The recurrence set, as far as it matters, in no order. */
function originalsOf(master: Component, { span, exceptions, zones }: Around): Iterable<Original> {
  const start = startOf(master, zones);
  const dates = master.all('rdate').flatMap((property) =>
    momentsOf(property, zones).map((moment, index): Original => ({
      ...moment,
      end: periodEnd(property.values[index], property, zones),
    })),
  );
  const excluded = master.all('exdate').flatMap((property) => momentsOf(property, zones));
  if (dates.length + excluded.length > MOST_DATES) throw new Unread(`it has more than ${MOST_DATES} dates of its own`);
  const reach = reachOf(start, master, { span, exceptions, zones });
  const originals = new Map<string, Original>();
  const rules = master.all('rrule');
  if (rules.length === 0) originals.set(nameOf(start), start);
  for (const rule of rules) {
    for (const wall of wallsOf(rule, start, start.zone.wallOf(reach.from))) {
      const moment = { ...start, wall };
      if (Temporal.Instant.compare(instantOf(moment), reach.until) > 0) break;
      originals.set(nameOf(moment), moment);
    }
  }
  for (const date of dates) originals.set(nameOf(date), date);
  const gone = new Set(excluded.map(nameOf));
  return [...originals].flatMap(([name, original]) => (gone.has(name) || gone.has(dayOf(original)) ? [] : [original]));
}

/** From when to when an occurrence must have been planned to take place in the span, or to be one that was moved there. */
function reachOf(start: Moment, master: Component, { span, exceptions, zones }: Around): Span {
  const lasts = instantOf(start)
    .until(endOf(master, start, zones))
    .total('seconds');
  const shifts = exceptions.flatMap((exception) =>
    exception.andFuture
      ? [Math.abs(instantOf(exception.original).until(exceptional(exception, zones).start).total('seconds'))]
      : [],
  );
  const margin = Math.ceil(Math.max(0, lasts) + Math.max(0, ...shifts)) + 2 * 86_400;
  const names = exceptions.map(({ original }) => instantOf(original));
  const [first] = [span.from.subtract({ seconds: margin }), ...names].sort(Temporal.Instant.compare);
  return { from: first!, until: [span.until.add({ seconds: margin }), ...names].sort(Temporal.Instant.compare).at(-1)! };
}

function occurrenceOf(original: Original, { master, exceptions }: Series, zones: Zones): Occurrence {
  const name = nameOf(original);
  const own = exceptions.find((one) => one.name === name || one.name === dayOf(original));
  if (own) return { ...exceptional(own, zones), name };
  const at = instantOf(original);
  const shifted = exceptions
    .filter((one) => one.andFuture && Temporal.Instant.compare(instantOf(one.original), at) <= 0)
    .sort((a, b) => Temporal.Instant.compare(instantOf(b.original), instantOf(a.original)))[0];
  if (!shifted) {
    const end = original.end ?? endOf(master!, original, zones);
    return { component: master!, name, start: at, end, isDate: original.isDate };
  }
  const from = startOf(shifted.component, zones);
  const moved = { ...from, wall: original.wall.add(shifted.original.wall.until(from.wall)) };
  return {
    component: shifted.component,
    name,
    start: instantOf(moved),
    end: endOf(shifted.component, moved, zones),
    isDate: from.isDate,
  };
}

function exceptional({ component, name }: Exception, zones: Zones): Occurrence {
  return { ...plainOccurrence(component, zones), name };
}

function plainOccurrence(component: Component, zones: Zones): Occurrence {
  const start = startOf(component, zones);
  return { component, start: instantOf(start), end: endOf(component, start, zones), isDate: start.isDate };
}

function startOf({ first }: Component, zones: Zones): Moment {
  const property = first('dtstart');
  const [start] = property ? momentsOf(property, zones) : [];
  if (!start) throw new Unread('it has no DTSTART');
  return start;
}

/** Of the occurrence that begins there. An end is as far from each start as from the first; without any a day lasts a day (RFC 5545, 3.6.1). */
function endOf(component: Component, start: Moment, zones: Zones): Temporal.Instant {
  const [dtend, duration] = [component.first('dtend'), component.first('duration')];
  if (dtend) {
    const first = startOf(component, zones);
    const end = momentsOf(dtend, zones)[0]!;
    if (first.isDate && end.isDate) return instantOf({ ...start, wall: start.wall.add(first.wall.until(end.wall)) });
    return instantOf(start).add(instantOf(first).until(instantOf(end)));
  }
  if (duration) return after(start, durationOf(duration.values[0]));
  return start.isDate ? after(start, durationOf('P1D')) : instantOf(start);
}
