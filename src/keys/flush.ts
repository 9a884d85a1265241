import type { Ledger, Tx } from '../ledger/database.ts';

/** Something that is counted in memory and written now and then. */
export interface Part {
  /** What there is to write, taken out; undefined for nothing. */
  collect(): Batch | undefined;
}

export interface Batch {
  /** May be called again when the transaction is done again. */
  write(tx: Tx): Promise<void>;
  /** It is committed. */
  done?(): void;
  /** It is not: it belongs to the next batch. */
  putBack(): void;
}

export interface Flush {
  /** Writes what is counted. Resolves when all of it is in the ledger; throws when the ledger is out of reach, and keeps it. */
  flush(): Promise<void>;
  /** Writes everything and stops. */
  stop(): Promise<void>;
}

export interface FlushOptions {
  readonly ledger: Pick<Ledger, 'transact'>;
  readonly parts: readonly Part[];
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
}

/** A crash loses what was counted in so long, and a node learns as late what others let through. */
export const FLUSH_MS = 1000;

/** Writes the parts each second in one transaction: all of a second or nothing, so nothing is counted twice, and no count is without the others. */
export function createFlush({ ledger, parts, log }: FlushOptions): Flush {
  let writing: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    const batches = parts.flatMap((part) => part.collect() ?? []);
    if (batches.length === 0) return;
    try {
      await ledger.transact(async (tx) => {
        for (const batch of batches) await batch.write(tx);
      });
    } catch (error) {
      for (const batch of batches) batch.putBack();
      throw error;
    }
    for (const batch of batches) batch.done?.();
  }

  function flush(): Promise<void> {
    const turn = writing.then(write);
    writing = turn.catch(() => {});
    return turn;
  }

  const timer = setInterval(() => {
    flush().catch((error: unknown) =>
      log('usage could not be written; trying again', { error: error instanceof Error ? error.message : 'unknown' }),
    );
  }, FLUSH_MS).unref();

  return {
    flush,
    async stop() {
      clearInterval(timer);
      await flush();
    },
  };
}
