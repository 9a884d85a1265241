import type { DriverError } from '../../providers/driver.ts';

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
  /** Throws `Postponed` while the provider is given a rest. */
  enter(provider: string): void;
  succeeded(provider: string): void;
  failed(provider: string, failure: DriverError): void;
}

interface State {
  failures: number;
  restUntil: number;
}

const FAILURES_BEFORE_REST = 5;
const LONGEST_REST_MS = 5000;

/**
 * Gives a provider that does not answer a rest, and one that says "too many" the time it asked for. A rest is short, so that
 * recovery is noticed within seconds however long the outage was; `onRecovery` then wakes what had backed off.
 */
export function createGate(options: { now: () => Date; random: () => number; onRecovery: (provider: string) => void }): Gate {
  const states = new Map<string, State>();
  const stateOf = (provider: string): State => {
    const state = states.get(provider) ?? { failures: 0, restUntil: 0 };
    states.set(provider, state);
    return state;
  };
  return {
    enter(provider) {
      const rest = stateOf(provider).restUntil - options.now().getTime();
      if (rest > 0) throw new Postponed(`${provider} is given a rest`, Math.ceil(rest * (1 + options.random() * 0.5)));
    },
    succeeded(provider) {
      const state = stateOf(provider);
      const recovered = state.failures >= FAILURES_BEFORE_REST;
      states.delete(provider);
      if (recovered) options.onRecovery(provider);
    },
    failed(provider, failure) {
      const state = stateOf(provider);
      const nowMs = options.now().getTime();
      if (failure.kind === 'rate-limited') {
        state.restUntil = Math.max(state.restUntil, nowMs + (failure.retryAfterMs ?? 1000));
        return;
      }
      if (failure.kind !== 'transient') return;
      state.failures += 1;
      if (state.failures >= FAILURES_BEFORE_REST)
        state.restUntil = nowMs + Math.min(LONGEST_REST_MS, 250 * 2 ** (state.failures - FAILURES_BEFORE_REST));
    },
  };
}
