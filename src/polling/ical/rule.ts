import ICAL from 'ical.js';
import { Temporal } from 'temporal-polyfill';
import type { Property } from './component.ts';
import { instantOf, type Moment } from './moment.ts';
import { Unread } from './unread.ts';
import { icalTime } from './zone.ts';

/** Of one rule. A booking each hour for ten years are 87,600. */
const MOST_STEPS = 100_000;
const LONGEST_MS = 2000;

/** How long the step of a rule is, where it always has the same length. */
const STEPS: Readonly<Record<string, 'weeks' | 'days' | 'hours'>> = { WEEKLY: 'weeks', DAILY: 'days', HOURLY: 'hours' };

/**
 * The times on the wall that a rule (RFC 5545, 3.3.10) makes from `start` on, in their order. Those before `from` may be left out. Throws
 * `Unread` for a rule that nobody books by, or that takes too long to follow.
 */
export function* wallsOf(property: Property, start: Moment, from: Temporal.PlainDateTime): Generator<Temporal.PlainDateTime> {
  const rule = ruleOf(property, start);
  if (rule.freq === 'SECONDLY' || rule.freq === 'MINUTELY') throw new Unread('it repeats every minute or oftener');
  const dates = (rule.parts as Record<string, number[] | undefined>)['BYMONTHDAY'];
  const iterator = rule.iterator(icalTime(ahead(rule, start.wall, from)));
  const until = performance.now() + LONGEST_MS;
  for (let steps = 1; ; steps += 1) {
    const next = iterator.next();
    if (!next) return;
    if (steps > MOST_STEPS || (steps % 100 === 0 && performance.now() > until))
      throw new Unread('its rule takes too long to follow');
    const { year, month, day, hour, minute, second } = next;
    if (year > 9998) return;
    // Of a day that a month does not have, ical.js makes one of the next month; there is none (RFC 5545, 3.3.10).
    if (dates && dates.every((date) => date > 0) && !dates.includes(day)) continue;
    yield new Temporal.PlainDateTime(year, month, day, hour, minute, second);
  }
}

function ruleOf(property: Property, start: Moment): ICAL.Recur {
  const rule = new ICAL.Property(property.jcal as never).getFirstValue() as unknown as ICAL.Recur;
  if (!(rule.interval >= 1 && rule.interval <= 10_000)) throw new Unread('the INTERVAL of its rule is none');
  if (rule.until) rule.until = icalTime(untilOf(rule.until, start));
  return rule;
}

/** By the wall of the first occurrence; a day counts to its end. */
function untilOf(until: ICAL.Time, { zone, isDate }: Moment): Temporal.PlainDateTime {
  const { year, month, day } = until;
  if (until.isDate || isDate) return new Temporal.PlainDateTime(year, month, day, 23, 59, 59);
  const wall = new Temporal.PlainDateTime(year, month, day, until.hour, until.minute, until.second);
  if (until.zone !== ICAL.Timezone.utcTimezone) return wall;
  return zone.wallOf(wall.toZonedDateTime('UTC').toInstant());
}

/** A rule that neither counts nor looks back is followed from shortly before it matters: one of 2005 has thousands of steps by now. */
function ahead(rule: ICAL.Recur, start: Temporal.PlainDateTime, from: Temporal.PlainDateTime): Temporal.PlainDateTime {
  const unit = STEPS[rule.freq];
  if (!unit || rule.count) return start;
  const length = { weeks: 7 * 24, days: 24, hours: 1 }[unit] * rule.interval;
  const passed = start.until(from, { largestUnit: 'hours' }).hours;
  const whole = Math.floor(passed / length) - 1;
  return whole > 0 ? start.add({ [unit]: whole * rule.interval }) : start;
}

/** Whether a moment lies behind all that is looked for. */
export function isBehind(wall: Temporal.PlainDateTime, start: Moment, latest: Temporal.Instant): boolean {
  return Temporal.Instant.compare(instantOf({ ...start, wall }), latest) > 0;
}
