import { secondsOf } from '../reservation/limits.ts';
import type { Period } from '../reservation/plan.ts';

/** The periods of rates and quotas in epoch milliseconds. Quota periods follow the UTC calendar; rates have lengths. */

/** A rate's window in milliseconds; a month is 30 days, and what is counted per reservation never leaves. */
export function windowMs(per: Period): number {
  return per === 'reservation' ? Infinity : secondsOf(per) * 1000;
}

/** When the quota period that holds `at` began; a reservation's began before all time. */
export function periodStart(per: Period, at: number): number {
  return spanOf(per, at).start;
}

/** When it ends and the quota is whole again; null for a reservation's, which never is. */
export function periodEnd(per: Period, at: number): number | null {
  const { end } = spanOf(per, at);
  return end === Infinity ? null : end;
}

interface Span {
  readonly per: Period;
  readonly start: number;
  readonly end: number;
}

/** Nearly everybody asks for the period that is now. */
let last: Span = { per: 'reservation', start: 0, end: Infinity };

function spanOf(per: Period, at: number): Span {
  if (last.per !== per || at < last.start || at >= last.end) last = newSpan(per, at);
  return last;
}

function newSpan(per: Period, at: number): Span {
  if (per === 'reservation') return { per, start: 0, end: Infinity };
  if (per !== 'month') {
    const start = at - (at % windowMs(per));
    return { per, start, end: start + windowMs(per) };
  }
  const date = new Date(at);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { per, start: Date.UTC(year, month, 1), end: Date.UTC(year, month + 1, 1) };
}
