import { spend } from './budget.ts';
import type { Run } from './run.ts';
import { takes, type Callable } from './signature.ts';
import { addMinutes, atMinutes, atTime, fromEpoch, withZone } from './time.ts';

type Words = readonly [string, string?];

/** Each makes an instant, as a text. */
export const TIME_FUNCTIONS: Readonly<Record<string, Callable>> = {
  datetime: {
    takes: takes('text', 'text', 'text?'),
    call: ([date, time, zone]: readonly [string, string, string?], run) => atTime(date, time, zoneOf(zone, run)),
    zoneUpTo: 2,
  },
  minutes: {
    takes: takes('text', 'number|text', 'text?'),
    call: ([date, count, zone]: readonly [string, number | string, string?], run) =>
      atMinutes(date, numberOf(count), zoneOf(zone, run)),
    zoneUpTo: 2,
  },
  iso: { takes: takes('text', 'text?'), call: ([text, zone]: Words, run) => withZone(text, zoneOf(zone, run)), zoneUpTo: 1 },
  epoch: {
    takes: takes('number|text', 'text?'),
    call: ([count, unit]: readonly [number | string, string?], run) => (
      zoneOf('UTC', run),
      fromEpoch(numberOf(count), unit ?? 's')
    ),
  },
  add_minutes: {
    takes: takes('text', 'number|text'),
    call: ([text, count]: readonly [string, number | string], run) => (zoneOf('UTC', run), addMinutes(text, numberOf(count))),
  },
};

/** Some 20 µs: calendars are slow. */
const UNITS = 400;

/** Pays, too. Without a zone the configuration was refused. */
function zoneOf(zone: string | undefined, run: Run): string {
  spend(run.budget, UNITS);
  return zone ?? run.zone ?? 'UTC';
}

function numberOf(given: number | string): number {
  return typeof given === 'number' ? given : Number(given.length > 30 || given.trim() === '' ? Number.NaN : given);
}
