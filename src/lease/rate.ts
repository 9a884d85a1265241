/** How many calls a second a provider bears, learned from its "too many requests" (429): none is known at first, and none is kept to. */
export interface Rate {
  /** Takes the next free moment for a call: how long to wait for it, or when to come back where it is too far off to be waited for. */
  reserve(nowMs: number): { readonly waitMs: number } | { readonly comeBackMs: number };
  succeeded(nowMs: number): void;
  /** The provider said "too many" and wants to be left alone until then. */
  limited(nowMs: number, restUntilMs: number): void;
  /** As it was learned; null as long as none is kept to. */
  perSecond(): number | null;
}

const SLOWEST_PER_SECOND = 0.1;
/** Faster than one node calls: as good as no limit. */
const FASTEST_PER_SECOND = 1000;
const RAISE_PER_SECOND = 1.05;
/** After a pause one success proves no more than this much of it. */
const LONGEST_RAISE_S = 10;
const LONGEST_WAIT_MS = 2000;
const FURTHEST_MS = 30_000;

/**
 * "Too many" halves the rate that was observed, each second with successes raises it by a twentieth. So calls stay a little below what
 * the provider takes, and find out once in a quarter of a minute whether that has grown.
 */
export function createRate(random: () => number): Rate {
  const done = createCounter();
  const begun = createCounter();
  let perSecond = Number.POSITIVE_INFINITY;
  let raisedAt = 0;
  let restUntil = 0;
  let nextAt = 0;
  /** Who comes back later is given a moment too, so that a crowd comes back one by one. */
  let laterAt = 0;

  return {
    reserve(nowMs) {
      if (perSecond > FASTEST_PER_SECOND && nowMs >= restUntil) {
        begun.add(nowMs);
        return { waitMs: 0 };
      }
      const gapMs = 1000 / perSecond;
      const slot = Math.max(nowMs, nextAt);
      if (slot - nowMs <= LONGEST_WAIT_MS) {
        nextAt = slot + gapMs;
        begun.add(nowMs);
        return { waitMs: slot - nowMs };
      }
      laterAt = Math.max(laterAt, slot) + gapMs;
      if (laterAt - nowMs <= FURTHEST_MS) return { comeBackMs: laterAt - nowMs };
      laterAt = nowMs + FURTHEST_MS;
      return { comeBackMs: FURTHEST_MS * (0.5 + 0.5 * random()) };
    },

    succeeded(nowMs) {
      done.add(nowMs);
      const seconds = Math.min((nowMs - raisedAt) / 1000, LONGEST_RAISE_S);
      if (seconds < 1) return;
      perSecond *= RAISE_PER_SECOND ** seconds;
      raisedAt = nowMs;
    },

    limited(nowMs, restUntilMs) {
      // The others that were under way at the same time tell nothing new.
      if (nowMs >= restUntil) {
        const observed = done.lastSecond(nowMs) || Math.min(perSecond, begun.lastSecond(nowMs));
        perSecond = Math.max(SLOWEST_PER_SECOND, observed / 2);
      }
      restUntil = Math.max(restUntil, restUntilMs);
      raisedAt = nowMs;
      nextAt = restUntil;
      laterAt = restUntil;
    },

    perSecond: () => (perSecond > FASTEST_PER_SECOND ? null : perSecond),
  };
}

/** How many there were in the last second, from the counts of this one and the one before. */
function createCounter() {
  let second = 0;
  let now = 0;
  let before = 0;
  const turn = (nowMs: number): void => {
    const current = Math.floor(nowMs / 1000);
    if (current === second) return;
    before = current === second + 1 ? now : 0;
    now = 0;
    second = current;
  };
  return {
    add(nowMs: number): void {
      turn(nowMs);
      now += 1;
    },
    lastSecond(nowMs: number): number {
      turn(nowMs);
      return now + before * (1 - (nowMs % 1000) / 1000);
    },
  };
}
