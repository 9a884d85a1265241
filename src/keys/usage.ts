import type { Ledger } from '../ledger/database.ts';
import { touchLocalKeys } from '../ledger/local-keys.ts';
import { addUsage, type UsageCount } from '../ledger/usage.ts';

const HOUR_MS = 3_600_000;
const FLUSH_MS = 1000;
/** Every key in use is a row to rewrite, so this is rarer than counting. */
const TOUCH_MS = 30_000;
const TOUCHES_A_STATEMENT = 5000;

export interface UsageMeter {
  /** Counts `amount` under a verify code, in the hour of `at`. */
  count(lease: string, code: string, amount: number, at: number): void;
  /** A key was let through, for a client at that address where it is known. */
  touch(keyId: string, at: number, ip?: string): void;
  /** Writes what is counted. Resolves when all of it is in the ledger; throws when the ledger is out of reach, and keeps it. */
  flush(): Promise<void>;
  /** Writes everything and stops. */
  stop(): Promise<void>;
}

export interface UsageMeterOptions {
  readonly ledger: Ledger;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
}

interface Tally {
  readonly hour: number;
  readonly counts: Record<string, number>;
}

/** Usage by lease, hour and code, counted in memory and written each second: a crash loses a second of counts, and never counts twice. */
export function createUsageMeter({ ledger, log }: UsageMeterOptions): UsageMeter {
  let tallies = new Map<string, Tally[]>();
  let uses = new Map<string, number>();
  let touchedAt = performance.now();
  let writing: Promise<void> = Promise.resolve();

  function count(lease: string, code: string, amount: number, at: number): void {
    const hour = at - (at % HOUR_MS);
    let hours = tallies.get(lease);
    if (!hours) tallies.set(lease, (hours = []));
    let tally = hours.at(-1);
    if (tally?.hour !== hour) tally = hours.find((each) => each.hour === hour);
    if (!tally) hours.push((tally = { hour, counts: {} }));
    tally.counts[code] = (tally.counts[code] ?? 0) + amount;
  }

  async function writeCounts(): Promise<void> {
    if (tallies.size === 0) return;
    const rows = rowsOf(tallies);
    tallies = new Map();
    try {
      // All or nothing: a half-written batch would be counted twice when it is written again.
      await ledger.transact((tx) => addUsage(tx.db, rows));
    } catch (error) {
      for (const row of rows) count(row.leaseId, row.code, row.count, row.hour.getTime());
      throw error;
    }
  }

  async function writeUses(): Promise<void> {
    const batch = [...uses].map(([id, at]) => ({ id, at: new Date(at) })).sort((a, b) => (a.id < b.id ? -1 : 1));
    uses = new Map();
    touchedAt = performance.now();
    for (let from = 0; from < batch.length; from += TOUCHES_A_STATEMENT) {
      await touchLocalKeys(ledger.db, batch.slice(from, from + TOUCHES_A_STATEMENT));
    }
  }

  function write(work: () => Promise<void>): Promise<void> {
    const turn = writing.then(work);
    writing = turn.catch(() => {});
    return turn;
  }

  async function writeDue(): Promise<void> {
    await writeCounts();
    if (performance.now() - touchedAt >= TOUCH_MS) await writeUses();
  }

  const timer = setInterval(() => {
    write(writeDue).catch((error: unknown) =>
      log('usage could not be written; trying again', { error: error instanceof Error ? error.message : 'unknown' }),
    );
  }, FLUSH_MS).unref();

  return {
    count,
    touch: (keyId, at) => void uses.set(keyId, at),
    flush: () => write(writeCounts),
    async stop() {
      clearInterval(timer);
      await write(writeCounts);
      await write(writeUses);
    },
  };
}

function rowsOf(tallies: ReadonlyMap<string, readonly Tally[]>): UsageCount[] {
  const rows: UsageCount[] = [];
  for (const [leaseId, hours] of tallies)
    for (const { hour, counts } of hours)
      for (const [code, count] of Object.entries(counts)) rows.push({ leaseId, hour: new Date(hour), code, count });
  return rows;
}
