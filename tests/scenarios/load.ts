import { setTimeout as delay } from 'node:timers/promises';
import { bookingAt } from '../campus.ts';
import type { Service } from './service.ts';

/** Senders that post one new booking after another, each waiting for its answer, until they are stopped. */
export interface Load {
  /** Of everything that was acknowledged. */
  readonly acked: string[];
  /** How often each other status was answered; `broken` is a connection that ended without a whole answer. */
  readonly others: Map<string, number>;
  /** Each 503 that did not say when to come again. */
  readonly silent: string[];
  readonly broken: string[];
  /** Nobody begins another request; resolves when all answers are there. */
  stop(): Promise<void>;
}

let next = 1;

export function startLoad(service: Service, senders: number): Load {
  const load = { acked: [] as string[], others: new Map<string, number>(), silent: [] as string[], broken: [] as string[] };
  const stop = new AbortController();
  const count = (what: string) => load.others.set(what, (load.others.get(what) ?? 0) + 1);
  const sendOn = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      // Tomorrow's bookings: what is looked at is the acknowledgement.
      const event = bookingAt(service, (next += 1), { startsIn: 24 * 60 }).entity('EVENT_CREATED');
      try {
        const { status, body, retryAfter } = await service.post(event);
        if (status === 202) load.acked.push(body.eventId);
        else count(String(status));
        if (status === 503 && retryAfter === undefined) load.silent.push(JSON.stringify(body));
        if (status !== 202) await delay(20);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        count('broken');
        load.broken.push(String(code));
        // Nobody is there any more: the sender comes again later.
        await delay(20);
      }
    }
  };
  const all = Promise.all(Array.from({ length: senders }, sendOn));
  return {
    ...load,
    async stop() {
      stop.abort();
      await all;
    },
  };
}
