import type { Limit } from '../reservation/plan.ts';
import { periodStart } from './periods.ts';

type Kind = Pick<Limit, 'per' | 'unit'>;

/** What a budget used of its quota, by UTC calendar period. */
export interface QuotaCounter {
  kind: Kind;
  start: number;
  used: number;
  /** Of it, what is not written yet. */
  unsent: number;
  /** What is not written yet of periods that are over; mostly nothing. */
  earlier: PeriodUse[] | undefined;
  /** Whether the ledger has a count of this period that is no lower than what was known here. */
  begun: boolean;
}

export interface PeriodUse {
  readonly kind: Kind;
  readonly at: number;
  readonly count: number;
}

export function createQuotaCounter(kind: Kind, at: number): QuotaCounter {
  return { kind, start: periodStart(kind.per, at), used: 0, unsent: 0, earlier: undefined, begun: false };
}

/** The counter as it is at that moment. A clock set back does not bring back an old period; a changed period keeps what was used. */
export function turn(counter: QuotaCounter, { per, unit }: Kind, at: number): void {
  const start = periodStart(per, at);
  const isSame = counter.kind.per === per && counter.kind.unit === unit;
  if (isSame && start <= counter.start) return;
  if (counter.unsent > 0) (counter.earlier ??= []).push({ kind: counter.kind, at: counter.start, count: counter.unsent });
  if (isSame) counter.used = 0;
  else counter.kind = { per, unit };
  counter.unsent = 0;
  counter.begun = false;
  counter.start = start;
}

/** How it is called where use is written: other periods and units are other counts. */
export function quotaName({ per, unit }: Kind): string {
  return unit === undefined ? `quota-${per}` : `quota-${per}-${unit}`;
}
