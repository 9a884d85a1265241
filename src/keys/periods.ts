import { secondsOf } from '../reservation/limits.ts';
import type { Period } from '../reservation/plan.ts';

/** The periods of rates and quotas in epoch milliseconds. Quota periods follow the UTC calendar; rates have lengths. */

/** A rate's window in milliseconds; a month is 30 days, and what is counted per reservation never leaves. */
export function windowMs(per: Period): number {
  return per === 'reservation' ? Infinity : secondsOf(per) * 1000;
}

/** When the quota period that holds `at` began; a reservation's began before all time. */
export function periodStart(per: Period, at: number): number {
  if (per === 'reservation') return 0;
  if (per !== 'month') return at - (at % windowMs(per));
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

/** When it ends and the quota is whole again; null for a reservation's, which never is. */
export function periodEnd(per: Period, at: number): number | null {
  if (per === 'reservation') return null;
  if (per !== 'month') return periodStart(per, at) + windowMs(per);
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}
