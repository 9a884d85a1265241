import type { Received } from '../../src/intake/read.ts';
import type { Receiver } from '../../src/intake/receive.ts';
import { leastOf, processorMs } from './processor.ts';

export const LONGEST_STALL_MS = 50;
const LOOKED_AT_AGAIN = 20;

/** Verifying, parsing and mapping one request, which nothing else can run beside: milliseconds of the processor. */
export interface Stall {
  readonly ms: number;
  readonly again: () => number;
}

/** The slowest requests of all that a receiver took. */
export interface Stalls {
  readonly longest: () => number;
  /** What the slowest cost when they are asked once more, five times each: the least of these. */
  readonly cost: () => number[];
  around(receiver: Receiver): Receiver;
}

export function watchStalls(): Stalls {
  const slowest: Stall[] = [];

  function note(stall: Stall): void {
    slowest.push(stall);
    slowest.sort((one, other) => other.ms - one.ms);
    // What is kept here is kept alive, and the memory is watched as well.
    slowest.splice(LOOKED_AT_AGAIN);
  }

  return {
    longest: () => slowest[0]?.ms ?? 0,
    cost: () => slowest.map(({ again }) => leastOf(5, again)),
    around(receiver) {
      const measure = (request: Received) => {
        const began = processorMs();
        const outcome = receiver.receive(request);
        return { outcome, ms: processorMs() - began };
      };
      return {
        ...receiver,
        receive(request) {
          const { outcome, ms } = measure(request);
          const again = () => {
            const once = measure(request);
            once.outcome.catch(() => {});
            return once.ms;
          };
          if (ms > (slowest[LOOKED_AT_AGAIN - 1]?.ms ?? 0)) note({ ms, again });
          return outcome;
        },
      };
    },
  };
}
