import type { Ledger } from '../ledger/database.ts';
import { recordingsAt } from '../ledger/recordings.ts';
import type { RecordingTable } from '../ledger/tables/sources.ts';
import type { Log } from '../observe/log.ts';

/** Carries the news that a recording began or ended to every node. */
export const CHANNEL = 'latchkey_recordings';
const RETRY_MS = 250;

export interface RecordingBook {
  /** Reads what is recorded, and from then on hears of every change. */
  open(): Promise<void>;
  refresh(): Promise<void>;
  /** That goes on now. */
  of(source: string): RecordingTable | undefined;
  close(): void;
}

export interface RecordingBookParts {
  readonly ledger: Pick<Ledger, 'engine' | 'db' | 'listen'>;
  readonly now: () => Date;
  readonly log: Log;
}

/** The recordings that go on, in memory, on every node: what arrives has to ask nobody. */
export function createRecordingBook({ ledger, now, log }: RecordingBookParts): RecordingBook {
  let recordings: ReadonlyMap<string, RecordingTable> = new Map();
  let asked = 0;
  let closed = false;

  /** The answer to the last question counts, whichever comes last. */
  async function refresh(): Promise<void> {
    const question = (asked += 1);
    const found = await recordingsAt(ledger.db, now());
    if (question === asked) recordings = new Map(found.map((recording) => [recording.source, recording]));
  }

  function hear(): void {
    refresh().catch((error: unknown) => {
      if (closed) return;
      log.warn('recordings could not be read; trying again', { error: error instanceof Error ? error.message : 'unknown' });
      setTimeout(hear, RETRY_MS).unref();
    });
  }

  return {
    refresh,
    async open() {
      // The embedded database has one process, which knows what it did. Listening first: no change falls between.
      if (ledger.engine === 'postgres') await ledger.listen(CHANNEL, hear, hear);
      await refresh();
    },
    of(source: string): RecordingTable | undefined {
      const recording = recordings.size === 0 ? undefined : recordings.get(source);
      return recording && recording.until > now() ? recording : undefined;
    },
    close: () => void (closed = true),
  };
}
