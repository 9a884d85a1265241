const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Published: how long after the first, second, ... failed attempt the next one follows. After the last comes `failed`. */
export const RETRIES_MS = [
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  6 * HOUR,
  12 * HOUR,
  24 * HOUR,
] as const;

/** A retry comes up to this part later than published, so that what failed together does not return together. */
export const JITTER = 0.2;

/** How long one attempt may take before another worker may make it again. */
export const TURN_MS = 5 * MINUTE;

/** When to try again after `attempts` failures, never before `retryAfterMs`; undefined when the schedule is used up. `random` is in [0, 1). */
export function nextAttempt(attempts: number, random: number, retryAfterMs = 0): number | undefined {
  const wait = RETRIES_MS[attempts - 1];
  return wait === undefined ? undefined : Math.max(Math.round(wait * (1 + JITTER * random)), retryAfterMs);
}
