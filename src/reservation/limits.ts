import type { Limit, Period } from './plan.ts';

const SECONDS = { second: 1, minute: 60, hour: 3600, day: 86_400, month: 2_592_000 } as const;

/** Reads `100/hour`. Undefined when it is not a whole positive number and a period. */
export function parseRate(text: string): Limit | undefined {
  const match = /^\s*(\d{1,12})\s*\/\s*(second|minute|hour|day|month|s|m|h|d|sec|min)\s*$/iu.exec(text);
  if (!match) return undefined;
  const limit = Number(match[1]);
  return limit > 0 ? { limit, per: PERIOD_NAMES[match[2]!.toLowerCase()]! } : undefined;
}

export function formatRate(rate: Limit): string {
  return `${rate.limit}/${rate.per}`;
}

/** The length of a period in seconds; a month counts as 30 days. A reservation has no length of its own. */
export function secondsOf(period: Exclude<Period, 'reservation'>): number {
  return SECONDS[period];
}

/**
 * True when a client that keeps `asked` never exceeds `max`, in any window: 1000/day is more than 100/hour, because all
 * thousand may come in one hour.
 */
export function rateWithin(asked: Limit, max: Limit): boolean {
  if (asked.per === 'reservation' || max.per === 'reservation') return asked.per === max.per && asked.limit <= max.limit;
  const windows = Math.max(1, Math.ceil(secondsOf(max.per) / secondsOf(asked.per)));
  return asked.limit * windows <= max.limit;
}

const PERIOD_NAMES: Record<string, Exclude<Period, 'reservation'>> = {
  second: 'second',
  sec: 'second',
  s: 'second',
  minute: 'minute',
  min: 'minute',
  m: 'minute',
  hour: 'hour',
  h: 'hour',
  day: 'day',
  d: 'day',
  month: 'month',
};
