import { spend } from './budget.ts';
import type { Run } from './run.ts';
import { takes, type Callable } from './signature.ts';
import { addMinutes, atMinutes, atTime, fromEpoch, withZone } from './time.ts';

/** A number, or one in a text. */
type Count = number | string;

/** Each makes an instant, as a text; of the empty text nothing, as it is not stated. */
export const TIME_FUNCTIONS: Readonly<Record<string, Callable>> = {
  datetime: {
    takes: takes('text', 'text', 'text?'),
    zoneUpTo: 2,
    call: ([date, time, zone]: readonly [string, string, string?], run) =>
      stated(date, time) && atTime(date, time, zoneOf(zone, run)),
  },
  minutes: {
    takes: takes('text', 'number|text', 'text?'),
    zoneUpTo: 2,
    call: ([date, count, zone]: readonly [string, Count, string?], run) =>
      stated(date, count) && atMinutes(date, numberOf(count), zoneOf(zone, run)),
  },
  iso: {
    takes: takes('text', 'text?'),
    zoneUpTo: 1,
    call: ([text, zone]: readonly [string, string?], run) => stated(text) && withZone(text, zoneOf(zone, run)),
  },
  epoch: {
    takes: takes('number|text', 'text?'),
    call: ([count, unit = 's']: readonly [Count, string?], run) => {
      pay(run);
      return stated(count) && fromEpoch(numberOf(count), unit);
    },
  },
  add_minutes: {
    takes: takes('text', 'number|text'),
    call: ([text, count]: readonly [string, Count], run) => {
      pay(run);
      return stated(text, count) && addMinutes(text, numberOf(count));
    },
  },
};

/** Calendars are slow. */
const UNITS = 400;

function pay({ budget }: Run): void {
  spend(budget, UNITS);
}

/** Without any the configuration was refused. */
function zoneOf(zone: string | undefined, run: Run): string {
  pay(run);
  return zone ?? run.zone ?? 'UTC';
}

function stated(...given: readonly Count[]): true | null {
  return given.includes('') ? null : true;
}

function numberOf(given: Count): number {
  return typeof given === 'number' ? given : Number(given.length > 30 || given.trim() === '' ? Number.NaN : given);
}
