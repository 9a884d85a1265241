import type { Log } from './observe/log.ts';

/** Whoever supervises the process is told that it takes no longer. */
export const LONGEST_STOP_MS = 10_000;
/** For what is running, all of it at the same time. What is left is for closing. */
export const DRAIN_MS = 8000;
/** Then calls to providers are given up, so that requests that wait for them can still be answered. */
export const CALLS_MS = 7000;

type Close = () => Promise<unknown>;

/** In order; what fails to close is logged and holds up nothing. */
export async function closeAll(closes: readonly Close[], log: Log): Promise<void> {
  for (const close of closes) await closing(close, log);
}

/** All at once, so that each has the whole of the time. */
export async function closeTogether(closes: readonly Close[], log: Log): Promise<void> {
  await Promise.all(closes.map((close) => closing(close, log)));
}

async function closing(close: Close, log: Log): Promise<void> {
  await Promise.try(close).catch((error: unknown) =>
    log.error('close failed', { error: error instanceof Error ? error.message : 'unknown' }),
  );
}
