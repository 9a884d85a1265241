import { Fault } from '../reservation/fault.ts';

/** How old what a node knows may be before it asks whether it missed something. */
const FRESH_MS = 1000;
const BEAT_MS = 250;
/** So long a request waits for the answer to that. */
const ANSWER_MS = 500;

export interface Freshness {
  /** Whether this node has heard of every change that is older than a second. */
  isFresh(): boolean;
  /**
   * Resolves when memory may be answered from: every change has been heard of, or the database is out of reach and was not for longer than
   * the bound. Throws a Fault 'unavailable' after that. A process that was stopped for a while asks here before its first answer.
   */
  confirm(): Promise<void>;
  stop(): void;
}

export interface FreshnessOptions {
  /** Resolves when every change that was committed before has been heard of and read; rejects when that cannot be known. */
  readonly caughtUp: () => Promise<unknown>;
  /** How long a node answers from memory after it last heard from the database. */
  readonly withoutMs: number;
}

/** Asks four times a second, so that a known key waits for nothing. Starts fresh: create it right after everything was read. */
export function createFreshness({ caughtUp, withoutMs }: FreshnessOptions): Freshness {
  let confirmed = mark();
  let failed: Mark | undefined;
  let asking: Promise<void> | undefined;

  async function ask(): Promise<void> {
    // What counts is when it was asked: the answer says nothing about what came later.
    const asked = mark();
    try {
      await Promise.race([caughtUp(), timeout()]);
      confirmed = asked;
      failed = undefined;
    } catch {
      failed = asked;
    }
  }

  const askOnce = () => (asking ??= ask().finally(() => (asking = undefined)));
  const isFresh = () => since(confirmed) < FRESH_MS;
  const beat = setInterval(() => void askOnce(), BEAT_MS).unref();

  return {
    isFresh,
    async confirm() {
      // One may be under way since before this process was stopped, so that its answer is too old.
      for (let times = 0; times < 2 && !isFresh(); times++) {
        if (failed && since(failed) < FRESH_MS) break;
        await askOnce();
      }
      if (since(confirmed) < Math.max(withoutMs, FRESH_MS)) return;
      throw new Fault('unavailable', 'the database has been out of reach for too long; nobody can say which keys are still good');
    },
    stop: () => clearInterval(beat),
  };
}

function timeout(): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error('no answer in time')), ANSWER_MS).unref();
  });
}

interface Mark {
  readonly steady: number;
  readonly wall: number;
}

function mark(): Mark {
  return { steady: performance.now(), wall: Date.now() };
}

/** The longer of the two: the steady clock stands still while a machine sleeps, and the other one can be set. */
function since({ steady, wall }: Mark): number {
  return Math.max(performance.now() - steady, Date.now() - wall);
}
