import type { Limit, Period } from '../reservation/plan.ts';
import { periodStart } from './periods.ts';

/** What a budget used of its quota, by UTC calendar period. */
export interface QuotaCounter {
  per: Period;
  start: number;
  used: number;
  /** Of it, what is not written yet. */
  unsent: number;
  /** What is not written yet of periods that are over. */
  earlier: { readonly per: Period; readonly at: number; readonly count: number }[];
}

/** The counter as it is at that moment. A clock set back does not bring back an old period; a changed period keeps what was used. */
export function turn(counter: QuotaCounter, per: Period, at: number): void {
  const start = periodStart(per, at);
  if (counter.per === per && start <= counter.start) return;
  if (counter.unsent > 0) counter.earlier.push({ per: counter.per, at: counter.start, count: counter.unsent });
  if (counter.per === per) counter.used = 0;
  counter.unsent = 0;
  counter.per = per;
  counter.start = start;
}

export function createQuotaCounter(per: Period, at: number): QuotaCounter {
  return { per, start: periodStart(per, at), used: 0, unsent: 0, earlier: [] };
}

/** How it is called where usage is written: other periods and units are other counts. */
export function quotaName({ per, unit }: Limit): string {
  return unit === undefined ? `quota-${per}` : `quota-${per}-${unit}`;
}
