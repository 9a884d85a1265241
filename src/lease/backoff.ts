import type { DriverError, Failure } from '../../providers/driver.ts';

const FIRST_MS: Record<Failure, number> = {
  transient: 1000,
  'rate-limited': 1000,
  gone: 1000,
  refused: 30_000,
  denied: 30_000,
  rejected: 60_000,
  full: 30_000,
};
/** Also where a provider asks for more. */
export const LONGEST_BACKOFF_MS = 5 * 60_000;

/**
 * Milliseconds until the next attempt: doubling, capped, with half of it random so that a crowd spreads out. It never ends:
 * what must be revoked is tried for ever (law 5).
 */
export function backoffMs(failure: DriverError, attempts: number, random: () => number): number {
  const full = Math.min(LONGEST_BACKOFF_MS, FIRST_MS[failure.kind] * 2 ** Math.min(attempts, 20));
  const jittered = full / 2 + (full / 2) * random();
  return Math.round(Math.max(jittered, failure.retryAfterMs ?? 0));
}
