import type { Log } from './observe/log.ts';

export interface Beat {
  readonly name: string;
  readonly everyMs: number;
  run(): Promise<unknown>;
}

/**
 * Runs each beat again and again, never twice at once; a failure is logged and the next beat comes all the same. The first of each
 * comes at once. `stop` waits for what is running.
 */
export function startClock(beats: readonly Beat[], log: Log): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = beats.map((beat) => beatOn(beat, stopping.signal, log));
  return {
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

async function beatOn(beat: Beat, signal: AbortSignal, log: Log): Promise<void> {
  let failing = false;
  while (!signal.aborted) {
    try {
      await beat.run();
      failing = false;
    } catch (error) {
      if (!failing) log.warn('beat failed', { beat: beat.name, error: error instanceof Error ? error.message : 'unknown' });
      failing = true;
    }
    await pause(beat.everyMs, signal);
  }
}

/** A pause that a stop cuts short and that keeps no process alive. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms).unref();
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
    if (signal.aborted) resolve();
  });
}
