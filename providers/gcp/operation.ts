import { setTimeout as sleep } from 'node:timers/promises';
import type { Call, DriverError } from '../driver.ts';
import type { Client } from './client.ts';
import { failureOf, goneAs } from './failure.ts';
import type { Key } from './key.ts';
import type { Sdk } from './sdk.ts';

/** Waits, or rejects when the signal is set off. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<unknown>;

/** Something that Google works at by itself. */
export type Operation = Pick<Awaited<ReturnType<Sdk['keys']['checkCreateKeyProgress']>>, 'name' | 'done' | 'error' | 'result'>;

/** How it ended. */
export interface Outcome {
  readonly key?: Key | undefined;
  readonly failure?: DriverError;
}

export interface Watch {
  readonly client: Client;
  readonly pause: Pause;
  readonly provider: string;
}

const FIRST_REST_MS = 1000;
const LONGEST_REST_MS = 8000;

export const realPause: Pause = (ms, signal) => sleep(ms, undefined, { signal });

/** Ever longer rests between looks: they take of the same 240 reads a minute as everything else. */
export function restsBetween({ pause }: Watch, call: Call): () => Promise<void> {
  let ms = FIRST_REST_MS;
  return async () => {
    // Cut short by the deadline, it is the next request that says so.
    await pause(ms, call.signal).catch(() => {});
    ms = Math.min(ms * 1.5, LONGEST_REST_MS);
  };
}

/** Waits for the end of an operation, or of the one of that name. Undefined when Google does not know it any more. */
export async function endOf(watch: Watch, begun: Operation | string, call: Call): Promise<Outcome | undefined> {
  const rest = restsBetween(watch, call);
  // One that an earlier call has kept may have ended long ago.
  let operation = typeof begun === 'string' ? await look(begun) : begun;
  while (operation && !operation.done) {
    await rest();
    operation = await look(operation.name ?? '');
  }
  if (!operation) return undefined;
  if (!operation.error) return { key: operation.result ?? undefined };
  const attempt = { provider: watch.provider, what: 'finish what it had begun with a key', sent: true, expired: false };
  return { failure: failureOf(operation.error, attempt) };

  async function look(name: string): Promise<Operation | undefined> {
    const step = { turn: 'reads', what: 'tell how far it is with a key' } as const;
    return await goneAs(
      undefined,
      watch.client.ask(step, call, ({ keys }) => keys.checkCreateKeyProgress(name)),
    );
  }
}
