import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** npx and whoever starts us may pass on what the terminal has told us too. */
const SAME_MS = 1_000;

export interface Interrupt {
  readonly signal: AbortSignal;
  close(): void;
}

/** Aborted by the first Ctrl-C or SIGTERM, so that there is still a summary; another one, later, ends the process at once. */
export function openInterrupt(now: () => number = Date.now): Interrupt {
  const controller = new AbortController();
  let first: number | undefined;
  const hear = (signal: (typeof SIGNALS)[number]): void => {
    if (first !== undefined && now() - first > SAME_MS) process.exit(128 + constants.signals[signal]);
    first ??= now();
    controller.abort();
  };
  for (const signal of SIGNALS) process.on(signal, hear);
  return {
    signal: controller.signal,
    close() {
      for (const signal of SIGNALS) process.removeListener(signal, hear);
    },
  };
}
