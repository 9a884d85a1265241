import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PGlite } from '@electric-sql/pglite';
import { PGliteDialect } from 'kysely';
import { fromPglite } from 'pg-boss';
import { Fault } from '../reservation/fault.ts';
import { NUMBER_TYPES, type Engine, type LedgerLog } from './engine.ts';
import { assertDurable, durableFs, installFsync, syncPath, syncTree, type InstallFsync } from './fsync.ts';
import { endOnPanic } from './panic.ts';

/*
 * PostgreSQL in this process. PGlite is safe only with five guards:
 *  1. real fsync, checked at every start            (fsync.ts)
 *  2. one owner of the folder at a time             (own)
 *  3. CHECKPOINT and VACUUM, small and often: it has neither autovacuum nor automatic checkpoints (keepUp)
 *  4. nothing uses the database outside its own open transaction: there is one connection (database.ts refuses it)
 *  5. a PANIC ends the process                     (panic.ts)
 */

const SQLITE_BUSY = 5;
const UPKEEP_MS = 15_000;
/** Dead rows beyond which a table is vacuumed; one table each round, since it blocks the event loop. */
const DEAD_ROWS = 500;

const START_PARAMS = [
  ...PGlite.defaultStartParams.filter((param) => param !== '-F'),
  ...['fsync=on', 'wal_sync_method=fsync', 'shared_buffers=32MB', 'max_wal_size=128MB'].flatMap((setting) => ['-c', setting]),
];

export interface EmbeddedOptions {
  log: LedgerLog;
  /** For tests of the self-check. */
  install?: InstallFsync;
}

/** Opens the database under `dataDir`, making it if there is none. Throws a `Fault('conflict')` when another process has it open. */
export async function openEmbedded(dataDir: string, options: EmbeddedOptions): Promise<Engine> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const release = own(dataDir);
  try {
    const pg = await openFolder(dataDir, options);
    const stopUpkeep = keepUp(pg, options.log);
    return engineOf(pg, async () => {
      stopUpkeep();
      if (!pg.closed) await pg.close();
      release();
    });
  } catch (error) {
    release();
    throw error;
  }
}

function engineOf(pg: PGlite, close: () => Promise<void>): Engine {
  return {
    name: 'embedded',
    dialect: new PGliteDialect({ pglite: pg }),
    // One session in this process: there is no connection to lose, so nothing to reconnect.
    listen: async (channel, onMessage) => void (await pg.listen(channel, onMessage)),
    caughtUp: async () => {},
    bossOptions: () => ({ backend: 'pglite', db: fromPglite(pg) }),
    close,
  };
}

/** Guard 2: a lock that dies with its process, however it dies. */
function own(dataDir: string): () => void {
  const file = join(dataDir, 'owner.lock');
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(file);
    lock.exec('pragma busy_timeout = 0; begin exclusive');
  } catch (cause) {
    lock?.close();
    throw notOwned(dataDir, file, cause);
  }
  return () => lock.close();
}

function notOwned(dataDir: string, file: string, cause: unknown): Error {
  if ((cause as { errcode?: number }).errcode === SQLITE_BUSY)
    return new Fault(
      'conflict',
      `another process is using the data folder ${dataDir}: stop it, or give this one another DATA_DIR`,
      {
        cause,
      },
    );
  const why = cause instanceof Error ? cause.message : 'unknown error';
  return new Error(
    `ledger: the lock ${file} cannot be taken (${why}): make sure that this process may write to DATA_DIR; a spoilt lock can be deleted`,
    { cause },
  );
}

async function openFolder(dataDir: string, options: EmbeddedOptions): Promise<PGlite> {
  const folder = join(dataDir, 'db');
  if (!existsSync(folder)) await makeFolder(dataDir, folder);
  const { fs, count } = durableFs(folder, options.install ?? installFsync);
  const parsers = { [NUMBER_TYPES.int8]: Number, [NUMBER_TYPES.numeric]: Number };
  const pg = await PGlite.create({ fs, startParams: START_PARAMS, parsers });
  endOnPanic(pg);
  try {
    await assertDurable(pg, count);
  } catch (error) {
    await pg.close();
    throw error;
  }
  return pg;
}

/** Made aside and renamed when it is whole and on disk, so that being killed in the middle leaves nothing that looks like a database. */
async function makeFolder(dataDir: string, folder: string): Promise<void> {
  const aside = `${folder}.new`;
  rmSync(aside, { recursive: true, force: true });
  const pg = await PGlite.create({ dataDir: aside });
  await pg.close();
  syncTree(aside);
  renameSync(aside, folder);
  syncPath(dataDir);
}

function keepUp(pg: PGlite, log: LedgerLog): () => void {
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    upkeep(pg)
      .catch((error: unknown) => log('upkeep of the embedded database failed', { error: String(error) }))
      .finally(() => (busy = false));
  }, UPKEEP_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** One round of guard 3. Never ANALYZE: statistics taken while a job queue is empty make its every fetch a scan. */
export async function upkeep(pg: Pick<PGlite, 'query' | 'exec' | 'closed'>): Promise<void> {
  if (pg.closed) return;
  // The counts are written once a second at most, and only while something runs.
  await pg.query('select pg_stat_force_next_flush()');
  const { rows } = await pg.query<{ name: string }>(
    `select format('%I.%I', schemaname, relname) as name from pg_stat_all_tables
     where n_dead_tup > $1 + 0.1 * n_live_tup and schemaname not like 'pg_toast%' order by n_dead_tup desc limit 1`,
    [DEAD_ROWS],
  );
  if (rows[0]) await pg.exec(`vacuum ${rows[0].name}`);
  await pg.exec('checkpoint');
}
