import { Temporal } from 'temporal-polyfill';

/**
 * Times as booking systems write them, made into instants (ISO 8601, UTC). A wall time that a change of the clocks skips counts as if the
 * clocks had not changed yet, one that comes twice as the first of the two ("compatible", as in RFC 5545 and Temporal).
 * Each throws an Error that names no value.
 */

const LONGEST = 64;
const MOST_KNOWN = 2000;
const known = new Map<string, boolean>();

/** True for a name of the time zone database, such as Europe/Rome, or UTC. */
export function isZone(name: string): boolean {
  const before = known.get(name);
  if (before !== undefined) return before;
  const is = name.length <= LONGEST && askIntl(name);
  // Names may come from a document, and asking takes long.
  if (known.size < MOST_KNOWN) known.set(name.slice(0, LONGEST + 1), is);
  return is;
}

function askIntl(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** `2026-01-31` and `09:30` or `09:30:15`, in a zone. */
export function atTime(date: string, time: string, zone: string): string {
  const given = trimmed(time);
  if (!/^\d\d?:\d\d(:\d\d([.,]\d{1,9})?)?$/.test(given)) throw new Error('has no time of day, which is written as 09:30');
  const wall = real(() => Temporal.PlainTime.from(/^\d:/.test(given) ? `0${given}` : given));
  return instantOf(dayOf(date).toPlainDateTime(wall), zone);
}

/** So many minutes after midnight, by the clock on the wall. */
export function atMinutes(date: string, minutes: number, zone: string): string {
  if (!Number.isInteger(minutes) || minutes < 0 || minutes > 2880)
    throw new Error('has no minutes, which are a whole number from 0 to 2880');
  return instantOf(dayOf(date).toPlainDateTime().add({ minutes }), zone);
}

const HAS_ZONE = /(Z|[+-]\d\d(:?\d\d)?)$/i;
const WALL = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?$/i;

/** A date and time as ISO 8601 writes it. Its own zone or offset counts, and `zone` where it has none. */
export function withZone(text: string, zone: string): string {
  const given = trimmed(text);
  if (given.length > 10 && HAS_ZONE.test(given.slice(10)))
    return real(() => Temporal.Instant.from(given.replace(' ', 'T')).toString());
  if (!WALL.test(given)) throw new Error('has no date and time, which is written as 2026-01-31T09:30');
  return instantOf(
    real(() => Temporal.PlainDateTime.from(given.replace(' ', 'T').replace(',', '.'))),
    zone,
  );
}

/** True for a date and time that names no zone. */
export function isWallTime(text: string): boolean {
  return text.length <= LONGEST && WALL.test(text);
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, ms: 1 };

export function isUnit(unit: unknown): boolean {
  return typeof unit === 'string' && Object.hasOwn(UNITS, unit);
}

/** Seconds (`s`) or milliseconds (`ms`) since 1970. */
export function fromEpoch(count: number, unit: string): string {
  if (!isUnit(unit)) throw new Error('the unit of epoch() is s or ms');
  return real(() => new Date(Math.round(count * UNITS[unit]!)).toISOString());
}

/** `minutes` may be negative, and broken. */
export function addMinutes(text: string, minutes: number): string {
  const at = real(() => Temporal.Instant.from(trimmed(text)).epochMilliseconds);
  return real(() => new Date(at + minutes * 60_000).toISOString());
}

function dayOf(date: string): Temporal.PlainDate {
  const given = trimmed(date);
  if (!/^\d{4}-\d\d-\d\d$/.test(given)) throw new Error('has no date, which is written as 2026-01-31');
  return real(() => Temporal.PlainDate.from(given, { overflow: 'reject' }));
}

function instantOf(wall: Temporal.PlainDateTime, zone: string): string {
  if (!isZone(zone)) throw new Error('names no time zone');
  return real(() => wall.toZonedDateTime(zone).toInstant().toString());
}

function trimmed(text: string): string {
  if (text.length > LONGEST) throw new Error(NOT_REAL);
  return text.trim();
}

const NOT_REAL = 'is no real date or time';

function real<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(NOT_REAL, { cause });
  }
}
