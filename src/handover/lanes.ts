import { setTimeout as delay } from 'node:timers/promises';
import type { Ledger } from '../ledger/database.ts';
import { lanesOf } from '../ledger/deliveries.ts';
import { createLanes } from '../ledger/lanes.ts';
import { askTogether } from '../ledger/together.ts';

export interface DeliveryLanes {
  /** A job's answer: has the delivery sent soon, as far as the place it goes to keeps up. */
  wake(deliveryId: string): Promise<void>;
  /** Begins nothing more and waits for what is running, for so long. What is left is due, and found by the next sweep. */
  drain(longestMs: number): Promise<void>;
}

const SENDING_AT_ONCE = 8;
const LONGEST_QUEUE = 20_000;

/** Sends to each place only so much at once: an endpoint that hangs delays what goes there and nothing else. */
export function createDeliveryLanes(options: {
  ledger: Ledger;
  deliver: (deliveryId: string) => Promise<void>;
  log: (message: string, fields: Record<string, unknown>) => void;
}): DeliveryLanes {
  const lanes = createLanes({
    run: options.deliver,
    concurrency: SENDING_AT_ONCE,
    longest: LONGEST_QUEUE,
    onError: (id, error) => options.log('delivering failed', { id, error: error instanceof Error ? error.message : 'unknown' }),
  });
  const laneOf = askTogether((ids) => lanesOf(options.ledger.db, ids));
  return {
    async wake(id) {
      const lane = await laneOf(id);
      if (lane !== undefined) lanes.add(lane, id);
    },
    async drain(longestMs) {
      await Promise.race([lanes.drain(), delay(longestMs, undefined, { ref: false })]);
    },
  };
}
