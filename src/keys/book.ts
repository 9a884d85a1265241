import type { Ledger } from '../ledger/database.ts';
import { findLocalKeyByHash, findLocalKeysByName, pageLocalKeys, type LocalKeyState } from '../ledger/local-keys.ts';
import { asFault } from '../ledger/outage.ts';
import { createFreshness, type Freshness } from './freshness.ts';
import type { Limits } from './budget.ts';
import { createQuestions } from './questions.ts';
import { recordOf, type KeyRecord, type ProjectBudget } from './record.ts';
import { createShelf } from './shelf.ts';

/** Carries the names of changed keys to every node. */
export const CHANNEL = 'latchkey_keys';
/** So few that nobody who asks meanwhile waits long for the processor. */
const PAGE = 1000;
const LOOKUPS = 3;
const RETRY_MS = 250;

export interface Book {
  /** From memory: undefined when the ledger must be asked, null when it is known that there is no such key. */
  find(hash: string): KeyRecord | null | undefined;
  /** Whether `find` may be believed without asking: this node has heard of every change. */
  isFresh(): boolean;
  /** Asks what this node missed, and the ledger where it does not know. Throws a Fault 'unavailable' when it is out of reach. */
  lookUp(hash: string): Promise<KeyRecord | null>;
  /** These rows were committed by this node: true from now on. */
  committed(rows: readonly LocalKeyState[]): void;
  /** From then on it hears of every change; it goes on to read all keys. */
  open(): Promise<void>;
  close(): Promise<void>;
}

export interface BookOptions {
  readonly ledger: Ledger;
  readonly limits: Limits;
  readonly projectBudget: ProjectBudget;
  readonly now: () => Date;
  /** How long to answer from memory while the ledger is out of reach. */
  readonly withoutMs: number;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
}

/**
 * All keys in memory, by hash, so that a request costs no question to the ledger. What the ledger answered is dropped where the key changed
 * while it answered: an old row must never bring a revoked key back.
 */
export function createBook({ ledger, limits, projectBudget, now, log, withoutMs }: BookOptions): Book {
  const shelf = createShelf({ onLeaseGone: (lease) => limits.forget(lease) });
  const questions = createQuestions();
  const changed = new Set<string>();
  let rereadAll = false;
  let refreshing: Promise<void> | undefined;
  let closed = false;
  let reading: Promise<void> | undefined;
  let freshness: Freshness | undefined;

  function keep(row: LocalKeyState): void {
    const record = recordOf(row, projectBudget);
    shelf.put(record);
    const { quota, lease } = record.budget;
    if (quota && row.used > 0) limits.restore(lease, { per: quota.per, unit: quota.unit, used: row.used, at: now().getTime() });
  }

  async function lookUp(hash: string): Promise<KeyRecord | null> {
    await freshness?.confirm();
    const known = shelf.find(hash);
    if (known !== undefined) return known;
    for (let attempt = 0; attempt < LOOKUPS; attempt++) {
      const isKnown = await questions.ask(async (isStale) => {
        const row = await findLocalKeyByHash(ledger.db, hash, now());
        if (row && isStale(row.name)) return false;
        if (row) keep(row);
        else shelf.noteAbsent(hash);
        return true;
      });
      if (isKnown) break;
    }
    return shelf.find(hash) ?? null;
  }

  async function readNamed(names: readonly string[]): Promise<void> {
    await questions.ask(async (isStale) => {
      const rows = await findLocalKeysByName(ledger.db, names, now());
      const found = new Set(rows.map((row) => row.name));
      for (const row of rows) if (!isStale(row.name)) keep(row);
      for (const name of names) if (!found.has(name) && !isStale(name)) shelf.drop(name);
    });
  }

  async function readAll(): Promise<void> {
    await questions.ask(async (isStale) => {
      const found = new Set<string>();
      for (let after = ''; ;) {
        const rows = await pageLocalKeys(ledger.db, { after, limit: PAGE, now: now() });
        for (const row of rows) {
          found.add(row.name);
          if (!isStale(row.name)) keep(row);
        }
        if (closed) return;
        if (rows.length < PAGE) break;
        after = rows.at(-1)?.id ?? '';
      }
      // Whatever is not alive any more must be asked for again.
      for (const name of shelf.names()) if (!found.has(name) && !isStale(name)) shelf.drop(name);
      shelf.forgetAbsent();
    });
  }

  /** A key that is asked about before it was read is looked up: so nobody has to wait until a hundred thousand are. */
  async function readAtStart(): Promise<void> {
    for (;;) {
      if (closed) return;
      try {
        return await readAll();
      } catch (error) {
        log('keys could not be read; trying again', { error: error instanceof Error ? error.message : 'unknown' });
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
  }

  async function refresh(): Promise<void> {
    while (rereadAll || changed.size > 0) {
      if (closed) return;
      const names = [...changed];
      const all = rereadAll;
      changed.clear();
      rereadAll = false;
      try {
        await (all ? readAll() : readNamed(names));
      } catch (error) {
        log('changed keys could not be read; trying again', { error: error instanceof Error ? error.message : 'unknown' });
        for (const name of names) changed.add(name);
        rereadAll ||= all;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
  }

  function hear(name?: string): void {
    if (name === undefined) rereadAll = true;
    else {
      questions.changed(name);
      changed.add(name);
    }
    refreshing ??= refresh().finally(() => (refreshing = undefined));
  }

  async function caughtUp(): Promise<void> {
    await ledger.caughtUp();
    await refreshing;
  }

  return {
    find: (hash) => shelf.find(hash),
    isFresh: () => freshness?.isFresh() ?? true,
    lookUp: (hash) =>
      lookUp(hash).catch((error: unknown) => {
        throw asFault(error);
      }),
    committed(rows) {
      for (const row of rows) {
        questions.changed(row.name);
        keep(row);
      }
    },
    async open() {
      // The embedded database has one process, which knows what it did. Listening first: no change falls between.
      const shared = ledger.engine === 'postgres';
      if (shared) await ledger.listen(CHANNEL, hear, () => hear());
      if (shared) freshness = createFreshness({ caughtUp, withoutMs });
      reading = readAtStart();
    },
    async close() {
      closed = true;
      freshness?.stop();
      await reading;
      await refreshing;
    },
  };
}
