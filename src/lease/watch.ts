import { DriverError, type Failure, type Health } from '../../providers/driver.ts';
import type { Action, CallOutcome, Caller } from './call.ts';
import { Postponed, type Gate, type GateState } from './gate.ts';
import type { Slots } from './slots.ts';

/** What a check found, or why the provider could not be asked. */
export interface Checked extends Health {
  readonly at: Date;
  readonly error?: string;
}

export interface LastError {
  readonly at: Date;
  readonly action: Action;
  readonly kind: Failure;
  readonly message: string;
}

interface Running {
  readonly running: number;
  readonly waiting: number;
}

/** How a provider is, as this node has seen it since it started. */
export interface ProviderState {
  /** The last one that was asked for. */
  readonly check: Checked | undefined;
  /** When a call last succeeded. */
  readonly answeredAt: Date | null;
  readonly lastError: LastError | null;
  readonly gate: GateState;
  /** Calls on keys. */
  readonly calls: Running;
  /** Leases that are settled, or wait for it. */
  readonly leases: Running;
}

export interface Watch {
  /** How a call ended. */
  called(outcome: CallOutcome): void;
  /** Asks a provider how it is, and remembers the answer. */
  check(call: Caller, provider: string): Promise<Checked>;
  of(provider: string): ProviderState;
}

export interface WatchOptions {
  readonly now: () => Date;
  readonly gate: Pick<Gate, 'of'>;
  readonly slots: Pick<Slots, 'of'>;
  /** By provider. */
  readonly lanes: { of(provider: string): Running };
}

/** Remembers how the calls to each provider ended, so that who asks how it is need not call it. */
export function createWatch({ now, gate, slots, lanes }: WatchOptions): Watch {
  type Seen = Pick<ProviderState, 'check' | 'answeredAt' | 'lastError'>;
  const seen = new Map<string, Seen>();
  const seenOf = (provider: string): Seen => seen.get(provider) ?? { check: undefined, answeredAt: null, lastError: null };

  return {
    called({ provider, action, failure }) {
      const at = now();
      const news: Partial<Seen> = failure
        ? { lastError: { at, action, kind: failure.kind, message: failure.message } }
        : { answeredAt: at };
      seen.set(provider, { ...seenOf(provider), ...news });
    },
    async check(call, provider) {
      const answer = await call(provider, 'check', (open, surroundings) => open.driver.check(surroundings)).catch(unanswered);
      const check = { ...answer, at: now() };
      seen.set(provider, { ...seenOf(provider), check });
      return check;
    },
    of: (provider) => ({
      ...seenOf(provider),
      gate: gate.of(provider),
      calls: slots.of(provider),
      leases: lanes.of(provider),
    }),
  };
}

function unanswered(error: unknown): Health & { error: string } {
  if (error instanceof DriverError || error instanceof Postponed) return { ok: false, warnings: [], error: error.message };
  throw error;
}
