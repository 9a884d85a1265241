import type { PollRow } from '../ledger/tables/sources.ts';

const LONGEST_BACKOFF_MS = 3_600_000;

/** Readings of a source that nobody could read for so long are told to operators. */
const ALARMING_FAILURES = 3;
const ALARMING_MS = 30 * 60_000;

/** When to try again after so many failures in a row: doubling from the usual pause, with half of it random; not before the server wants to be asked. */
export function retryAt(
  now: Date,
  { everyMs, failures, retryAfterMs = 0 }: { everyMs: number; failures: number; retryAfterMs?: number },
  random: () => number,
): Date {
  const full = Math.min(Math.max(LONGEST_BACKOFF_MS, everyMs), everyMs * 2 ** Math.min(failures - 1, 20));
  return new Date(now.getTime() + Math.round(Math.max(full / 2 + (full / 2) * random(), retryAfterMs)));
}

/** Since when, if it has failed for so long that somebody should look. */
export function alarming({ failures, failingSince }: Pick<PollRow, 'failures' | 'failingSince'>, now: Date): Date | undefined {
  if (failures < ALARMING_FAILURES || !failingSince) return undefined;
  return now.getTime() - failingSince.getTime() >= ALARMING_MS ? failingSince : undefined;
}
