import type { DriverError } from '../../providers/driver.ts';
import { createRate, type Rate } from './rate.ts';

/** A call that was not made; trying again after `retryAfterMs` is not another attempt. */
export class Postponed extends Error {
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super(message);
    this.name = 'Postponed';
    this.retryAfterMs = retryAfterMs;
  }
}

export interface Gate {
  /**
   * The milliseconds to wait before the call, of a provider that takes only so many a second. Throws `Postponed` while it is
   * given a rest, or when too many are waiting.
   */
  enter(provider: string): number;
  /** For after the wait: throws `Postponed` when a rest has begun meanwhile. */
  stillOpen(provider: string): void;
  succeeded(provider: string): void;
  failed(provider: string, failure: DriverError): void;
  /** Those that do not answer and have not been asked for a while, because everything for them waits: somebody should try. */
  untried(): string[];
  /** What a provider is given now. */
  of(provider: string): GateState;
}

export interface GateState {
  /** Because it does not answer; null when it is not resting. */
  readonly restingUntil: Date | null;
  /** Because it said "too many". */
  readonly quietUntil: Date | null;
  /** The rate that it bears, learned from its answers; null as long as none is kept to. */
  readonly perSecond: number | null;
}

interface State {
  failures: number;
  /** Because it did not answer; an answer ends it. */
  restUntil: number;
  triedAt: number;
  /** As it asked with "too many"; an answer to an earlier call ends nothing. */
  quietUntil: number;
  readonly rate: Rate;
}

const FAILURES_BEFORE_REST = 5;
const LONGEST_REST_MS = 5000;
const UNTRIED_MS = 10_000;
/** Of a 429 without Retry-After. */
const UNSAID_REST_MS = 1000;

/**
 * Gives a provider that does not answer a rest, and one that says "too many" the time it asked for and from then on a pace that it
 * bears. A rest is short and somebody always tries, so that recovery is noticed within seconds however long the outage was;
 * `onRecovery` then wakes what had backed off.
 */
export function createGate(options: { now: () => Date; random: () => number; onRecovery: (provider: string) => void }): Gate {
  const states = new Map<string, State>();
  const nowMs = () => options.now().getTime();
  const stateOf = (provider: string): State => {
    const state = states.get(provider) ?? {
      failures: 0,
      restUntil: 0,
      triedAt: 0,
      quietUntil: 0,
      rate: createRate(options.random),
    };
    states.set(provider, state);
    return state;
  };
  const rest = (provider: string, untilMs: number): void => {
    const restMs = untilMs - nowMs();
    if (restMs > 0) throw new Postponed(`${provider} is given a rest`, Math.ceil(restMs * (1 + options.random() * 0.5)));
  };
  return {
    enter(provider) {
      const state = stateOf(provider);
      rest(provider, state.restUntil);
      state.triedAt = nowMs();
      const turn = state.rate.reserve(nowMs());
      if ('waitMs' in turn) return turn.waitMs;
      throw new Postponed(`${provider} takes only so many calls a second`, Math.ceil(turn.comeBackMs));
    },
    stillOpen(provider) {
      const { restUntil, quietUntil } = stateOf(provider);
      rest(provider, Math.max(restUntil, quietUntil));
    },
    succeeded(provider) {
      const state = stateOf(provider);
      const recovered = state.failures >= FAILURES_BEFORE_REST;
      state.failures = 0;
      state.restUntil = 0;
      state.rate.succeeded(nowMs());
      if (recovered) options.onRecovery(provider);
    },
    failed(provider, failure) {
      const state = stateOf(provider);
      if (failure.kind === 'rate-limited') {
        state.quietUntil = Math.max(state.quietUntil, nowMs() + (failure.retryAfterMs ?? UNSAID_REST_MS));
        state.rate.limited(nowMs(), state.quietUntil);
        return;
      }
      if (failure.kind !== 'transient') return;
      state.failures += 1;
      if (state.failures >= FAILURES_BEFORE_REST)
        state.restUntil = nowMs() + Math.min(LONGEST_REST_MS, 250 * 2 ** (state.failures - FAILURES_BEFORE_REST));
    },
    of(provider) {
      const state = states.get(provider);
      const ahead = (atMs = 0) => (atMs > nowMs() ? new Date(atMs) : null);
      return {
        restingUntil: ahead(state?.restUntil),
        quietUntil: ahead(state?.quietUntil),
        perSecond: state?.rate.perSecond() ?? null,
      };
    },
    untried: () =>
      [...states].flatMap(([provider, { failures, triedAt }]) =>
        failures >= FAILURES_BEFORE_REST && nowMs() - triedAt >= UNTRIED_MS ? [provider] : [],
      ),
  };
}
