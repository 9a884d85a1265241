import { Temporal } from 'temporal-polyfill';
import type { Property } from './component.ts';
import { parameterOf } from './component.ts';
import { Unread } from './unread.ts';
import type { Zone, Zones } from './zone.ts';

/** A DATE or DATE-TIME of a calendar: what the wall says, and where. */
export interface Moment {
  readonly wall: Temporal.PlainDateTime;
  readonly zone: Zone;
  /** A day; its time is midnight. */
  readonly isDate: boolean;
}

/** Every time that a property holds. Of a period its start. Throws `Unread`. */
export function momentsOf(property: Property, zones: Zones): Moment[] {
  return property.values.map((value) => momentOf(Array.isArray(value) ? value[0] : value, property, zones));
}

/** How long a period is that stands in the place of a time (RDATE). */
export function periodEnd(value: unknown, property: Property, zones: Zones): Temporal.Instant | undefined {
  if (!Array.isArray(value)) return undefined;
  const [start, end] = value as [unknown, unknown];
  if (typeof end === 'string' && !/^[+-]?P/i.test(end)) return instantOf(momentOf(end, property, zones));
  return after(momentOf(start, property, zones), durationOf(end));
}

function momentOf(value: unknown, property: Property, zones: Zones): Moment {
  const text = typeof value === 'string' ? value : '';
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  if (!isDate && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?$/.test(text))
    throw new Unread(`its ${property.name.toUpperCase()} is no date or time`);
  const tzid = parameterOf(property, 'tzid');
  try {
    const wall = Temporal.PlainDateTime.from(text.replace('Z', ''));
    const moment = {
      wall,
      zone: text.endsWith('Z') ? zones.utc : isDate || tzid === undefined ? zones.own : zones.named(tzid),
      isDate,
    };
    if (instantOf(moment).epochMilliseconds < 0 || wall.year > 9998)
      throw new Unread(`its ${property.name.toUpperCase()} lies before 1970 or after 9998`);
    return moment;
  } catch (error) {
    if (error instanceof Unread) throw error;
    throw new Unread(`its ${property.name.toUpperCase()} is no real date or time`, { cause: error });
  }
}

export function instantOf({ wall, zone }: Moment): Temporal.Instant {
  return zone.instantOf(wall);
}

/** Throws `Unread`. */
export function durationOf(value: unknown): Temporal.Duration {
  try {
    return Temporal.Duration.from(String(value));
  } catch (cause) {
    throw new Unread('its DURATION is no length of time', { cause });
  }
}

/** Weeks and days by the calendar, hours and less by the clock (RFC 5545, 3.3.6). */
export function after({ wall, zone }: Moment, duration: Temporal.Duration): Temporal.Instant {
  const { weeks, days, hours, minutes, seconds } = duration;
  return zone.instantOf(wall.add({ weeks, days })).add({ hours, minutes, seconds });
}

/** What names an occurrence within its series: when it would have been (RFC 5545, 3.8.4.4). */
export function nameOf(moment: Moment): string {
  if (moment.isDate) return dayOf(moment);
  const utc = instantOf(moment).toZonedDateTimeISO('UTC').toPlainDateTime();
  return `${utc.toString({ smallestUnit: 'second' }).replaceAll(/[-:]/g, '')}Z`;
}

/** Some producers name an occurrence by its day alone. */
export function dayOf({ wall }: Moment): string {
  return wall.toPlainDate().toString().replaceAll('-', '');
}
