import { Temporal } from 'temporal-polyfill';

/**
 * Times as booking systems write them, made into instants (ISO 8601, UTC). A wall time that a change of the clocks skips counts as if the
 * clocks had not changed yet, one that comes twice as the first of the two ("compatible", as in RFC 5545 and Temporal).
 * Each throws an Error that names no value.
 */

/** True for a name of the time zone database, such as Europe/Rome, or UTC. */
export function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** `2026-01-31` and `09:30` or `09:30:15`, in a zone. */
export function atTime(date: string, time: string, zone: string): string {
  if (!/^\d\d?:\d\d(:\d\d(\.\d+)?)?$/.test(time.trim())) throw new Error('a time of day is written as 09:30');
  return instantOf(dayOf(date).toPlainDateTime(timeOf(time.trim().padStart(5, '0'))), zone);
}

/** So many minutes after midnight, by the clock on the wall. */
export function atMinutes(date: string, minutes: number, zone: string): string {
  if (!Number.isInteger(minutes) || minutes < 0 || minutes > 2880) throw new Error('minutes are a whole number from 0 to 2880');
  return instantOf(dayOf(date).toPlainDateTime().add({ minutes }), zone);
}

/** A date and time as ISO 8601 writes it. Its own zone or offset counts, and `zone` where it has none. */
export function withZone(text: string, zone: string): string {
  const given = text.trim().replace(' ', 'T');
  if (/(Z|[+-]\d\d(:?\d\d)?)$/i.test(given.slice(10))) return instant(() => Temporal.Instant.from(given).toString());
  return instantOf(
    instant(() => Temporal.PlainDateTime.from(given)),
    zone,
  );
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, ms: 1 };

/** Seconds (`s`) or milliseconds (`ms`) since 1970. */
export function fromEpoch(given: number | string, unit: string): string {
  const scale = UNITS[unit];
  if (scale === undefined) throw new Error('the unit of epoch() is s or ms');
  const count = typeof given === 'number' ? given : Number(given.trim() || Number.NaN);
  return instant(() => new Date(count * scale).toISOString());
}

/** `minutes` may be negative, and broken. */
export function addMinutes(text: string, minutes: number): string {
  const at = instant(() => Temporal.Instant.from(text).epochMilliseconds);
  return instant(() => new Date(at + minutes * 60_000).toISOString());
}

function dayOf(date: string): Temporal.PlainDate {
  if (!/^\d{4}-\d\d-\d\d$/.test(date.trim())) throw new Error('a date is written as 2026-01-31');
  return instant(() => Temporal.PlainDate.from(date.trim()));
}

function timeOf(time: string): Temporal.PlainTime {
  return instant(() => Temporal.PlainTime.from(time));
}

function instantOf(wall: Temporal.PlainDateTime, zone: string): string {
  if (!isZone(zone)) throw new Error('there is no such time zone');
  return instant(() => wall.toZonedDateTime(zone).toInstant().toString());
}

function instant<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error('is no real date or time', { cause });
  }
}
