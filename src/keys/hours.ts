import type { Hours } from '../reservation/rights.ts';

/** When in the week a key works, by the clock on the wall of its zone. */

const MINUTE_MS = 60_000;
const DAY = 24 * 60;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];
const TIME = /^(\d\d):(\d\d)$/;

/** One part of the week: on these days it begins. */
interface Span {
  readonly days: ReadonlySet<number>;
  readonly from: number;
  readonly to: number;
  readonly clock: WallClock;
}

/** The day of the week, Monday as 1, with the minute of that day. */
interface Wall {
  readonly day: number;
  readonly minute: number;
}
type WallClock = (at: number) => Wall;

/**
 * Whether an instant (epoch milliseconds) lies in one of the parts of the week. What counts is what a clock on the wall shows at that instant:
 * an hour that comes twice in autumn is open twice, one that spring leaves out never comes. The answer is kept until the minute is over, so that
 * it costs nothing. Throws a RangeError for a time, a day or a zone that does not exist.
 */
export function compileHours(hours: readonly Hours[]): (at: number) => boolean {
  const spans = hours.map(readSpan);
  let minute = Number.NaN;
  let open = false;
  return (at) => {
    const now = Math.floor(at / MINUTE_MS);
    if (now !== minute) {
      open = spans.some((span) => contains(span, span.clock(at)));
      minute = now;
    }
    return open;
  };
}

function readSpan({ days = EVERY_DAY, from, to, zone }: Hours): Span {
  if (!days.every((day) => EVERY_DAY.includes(day)))
    throw new RangeError(`days are 1 to 7, Monday to Sunday, not ${days.join(', ')}`);
  return { days: new Set(days), from: minuteOf(from), to: minuteOf(to), clock: clockOf(zone) };
}

function contains({ days, from, to }: Span, { day, minute }: Wall): boolean {
  if (from < to) return days.has(day) && minute >= from && minute < to;
  // It ends on the day after.
  return (days.has(day) && minute >= from) || (days.has(day === 1 ? 7 : day - 1) && minute < to);
}

function minuteOf(text: string): number {
  const [, hour = '', minute = ''] = TIME.exec(text) ?? [];
  const minutes = Number(hour) * 60 + Number(minute);
  if (hour === '' || Number(minute) > 59 || minutes > DAY) throw new RangeError(`'${text}' is not a time of day, such as 08:30`);
  return minutes;
}

const clocks = new Map<string, WallClock>();

/** A formatter costs 50 kB and is slow to make, so there is one for each zone. */
function clockOf(zone: string): WallClock {
  const known = clocks.get(zone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const clock: WallClock = (at) => {
    let [day, hour, minute] = [0, 0, 0];
    for (const { type, value } of format.formatToParts(at)) {
      if (type === 'weekday') day = WEEKDAYS.indexOf(value) + 1;
      else if (type === 'hour') hour = Number(value);
      else if (type === 'minute') minute = Number(value);
    }
    return { day, minute: hour * 60 + minute };
  };
  clocks.set(zone, clock);
  return clock;
}
