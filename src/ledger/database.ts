import { CamelCasePlugin, Kysely, type Transaction } from 'kysely';
import type { ConstructorOptions } from 'pg-boss';
import { Fault } from '../reservation/fault.ts';
import type { Secret } from '../secret/secret.ts';
import { openEmbedded } from './embedded.ts';
import type { Engine, LedgerLog } from './engine.ts';
import { createLine, type Waiting } from './line.ts';
import { assertMigrated, migrate } from './migrate.ts';
import { asFault, asUnusable } from './outage.ts';
import { openPostgres } from './postgres.ts';
import type { Database } from './schema.ts';
import { beginTrail } from './trail-begin.ts';
import type { AuditEntry, ChainMac } from './trail.ts';
import { outsideOnly, refuseNested, transactOn, type Work } from './transact.ts';

export interface Tx {
  db: Transaction<Database>;
  /** Chained and written last, in this transaction. */
  audit(entry: AuditEntry): void;
  /** Runs after the commit, never after a rollback. What it throws is logged. */
  afterCommit(work: () => void): void;
  /** Reaches every node that listens, this one too, after the commit. At most 8000 bytes. */
  notify(channel: string, payload: string): Promise<void>;
}

export interface TransactHow {
  /** Somebody outside waits for it: it need not queue behind everything that can wait. */
  readonly ahead?: boolean;
  /** It writes to no row that another such work writes to at the same time, so they may go side by side in one transaction. */
  readonly apart?: boolean;
}

export interface Ledger {
  readonly engine: 'embedded' | 'postgres';
  /** Outside a transaction only: inside `transact` use `tx.db`. Using this one there throws, since on the embedded engine it would wait for ever. */
  readonly db: Kysely<Database>;
  /**
   * One transaction. Resolves after the commit; throws `Fault('unavailable')` when the database is out of reach, else what `work` threw.
   * It may share its transaction with others, and is done again when one of them fails: what `work` does outside of the transaction it does
   * after the commit.
   */
  transact<T>(work: (tx: Tx) => Promise<T>, options?: TransactHow): Promise<T>;
  /** Messages from any node, this one too. A lost connection is made again, and then `onReconnect` is told that messages may be missing. */
  listen(channel: string, onMessage: (payload: string) => void, onReconnect?: () => void): Promise<void>;
  /** Resolves when every message that was committed before has been told to those who listen; rejects when that cannot be known. */
  caughtUp(): Promise<void>;
  /** Throws when the database is out of reach or not migrated. */
  ready(): Promise<void>;
  /** For the job engine. */
  bossOptions(): ConstructorOptions;
  /** Waits for running transactions. */
  close(): Promise<void>;
}

export interface LedgerOptions {
  /** Where the embedded database lives, when there is no `databaseUrl`. */
  dataDir?: string;
  databaseUrl?: Secret;
  now: () => Date;
  mac: ChainMac;
  log?: LedgerLog;
}

/** Opens the database and migrates it. Throws when it is out of reach, owned by another process, or cannot be trusted to keep what it commits. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { databaseUrl, dataDir, log = () => {} } = options;
  if (!databaseUrl && !dataDir) throw new Error('ledger: neither a data folder nor a database URL is given');
  const engine = databaseUrl ? openPostgres(databaseUrl, log) : await openEmbedded(dataDir!, { log });
  try {
    await migrateOn(engine);
    return await openLedgerOn(engine, { ...options, log });
  } catch (error) {
    await engine.close();
    throw databaseUrl ? asUnusable(error, databaseUrl) : asFault(error);
  }
}

export type LedgerBooks = Pick<LedgerOptions, 'now' | 'mac'> & { log: LedgerLog };

/** The ledger of a database that is open and migrated. Closing it closes the engine. */
export async function openLedgerOn(engine: Engine, books: LedgerBooks): Promise<Ledger> {
  const ledger = ledgerOn(engine, books);
  await beginTrail(ledger.db, books.mac);
  return ledger;
}

/** One is being committed while the next is being filled. */
const SERVER_ABREAST = 2;

async function migrateOn(engine: Engine): Promise<void> {
  const db = new Kysely<unknown>({ dialect: engine.migrationDialect ?? engine.dialect });
  await migrate(db);
  if (engine.migrationDialect) await db.destroy();
}

function ledgerOn(engine: Engine, options: LedgerBooks): Ledger {
  const inner = new Kysely<Database>({
    dialect: engine.dialect,
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  });
  const carryOut = async (works: readonly Waiting<Work>[]) => {
    // It may have been a long line.
    refuseClosing();
    return await transactOn(inner, works, options);
  };
  const embedded = engine.name === 'embedded';
  const line = createLine(carryOut, { abreast: embedded ? 1 : SERVER_ABREAST });
  const running = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;

  async function transact<T>(work: (tx: Tx) => Promise<T>, how: TransactHow = {}): Promise<T> {
    refuseNested();
    refuseClosing();
    // A server has a connection for whoever cannot share one.
    const turn = embedded || how.apart ? line.wait({ work, ...how }) : carryOut([{ work }]).then(([answer]) => answer);
    running.add(turn);
    try {
      return (await turn) as T;
    } finally {
      running.delete(turn);
    }
  }

  function refuseClosing(): void {
    if (closing) throw new Fault('unavailable', 'the service is stopping; try again');
  }

  async function close(): Promise<void> {
    await Promise.allSettled(running);
    await engine.close();
  }

  return {
    engine: engine.name,
    db: inner.withPlugin(outsideOnly),
    transact,
    listen: (channel, onMessage, onReconnect) => {
      if (!/^[a-z_]{1,60}$/.test(channel)) throw new Error(`ledger: ${channel} is no name for a channel`);
      return engine.listen(channel, onMessage, onReconnect);
    },
    caughtUp: () => engine.caughtUp(),
    async ready() {
      if (closing) throw new Fault('unavailable', 'the service is stopping');
      await assertMigrated(inner.withoutPlugins() as Kysely<unknown>).catch((error: unknown) => {
        throw asFault(error);
      });
    },
    bossOptions: () => engine.bossOptions(),
    close: () => (closing ??= close()),
  };
}
