import { PostgresDialect, type PostgresPoolClient } from 'kysely';
import { Pool, types as pgTypes, type CustomTypesConfig, type PoolClient } from 'pg';
import { Fault } from '../reservation/fault.ts';
import type { Secret } from '../secret/secret.ts';
import { NUMBER_TYPES, type Engine, type LedgerLog } from './engine.ts';
import { createListener } from './listener.ts';
import { asFault } from './outage.ts';
import { createStatements, isOutdated, type Statements } from './statements.ts';

const POOL_SIZE = 12;
const BOSS_POOL_SIZE = 4;
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;
const IDLE_IN_TRANSACTION_MS = 60_000;

const types: CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === NUMBER_TYPES.int8 || oid === NUMBER_TYPES.numeric) return Number;
    return pgTypes.getTypeParser(oid, format);
  },
};

/** Connects to a server, lazily: the first query finds out whether it is there. */
export function openPostgres(url: Secret, log: LedgerLog): Engine {
  const connection = { connectionString: url.reveal(), keepAlive: true, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, types };
  const pool = watched(
    new Pool({
      ...connection,
      max: POOL_SIZE,
      application_name: 'latchkey',
      statement_timeout: STATEMENT_TIMEOUT_MS,
      // The client's own watch, for a server that vanished without a word.
      query_timeout: STATEMENT_TIMEOUT_MS + 5_000,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    }),
    log,
  );
  const listener = createListener({ ...connection, application_name: 'latchkey listen' }, log);
  return {
    name: 'postgres',
    dialect: dialectOf(pool),
    // Without time limits: a node that waits for another node's migration waits as long as that takes.
    get migrationDialect() {
      return dialectOf(watched(new Pool({ ...connection, max: 2, application_name: 'latchkey migrate' }), log));
    },
    listen: listener.listen,
    caughtUp: listener.caughtUp,
    bossOptions: () => ({
      connectionString: url.reveal(),
      application_name: 'latchkey jobs',
      max: BOSS_POOL_SIZE,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    }),
    async close() {
      await listener.close();
      await pool.end();
    },
  };
}

/** A lost connection is reported to whoever uses it; an idle one nobody uses must not end the process. */
function watched(pool: Pool, log: LedgerLog): Pool {
  pool.on('error', (error) => log('an idle database connection was lost', { error: error.message }));
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

function dialectOf(pool: Pool): PostgresDialect {
  const known = new WeakMap<PoolClient, PostgresPoolClient>();
  const statements = createStatements();
  return new PostgresDialect({
    pool: {
      options: {},
      async connect() {
        const client = await pool.connect().catch(rethrow);
        const guarded = known.get(client) ?? guard(client, statements);
        known.set(client, guarded);
        return guarded;
      },
      end: () => pool.end(),
    },
  });
}

/** The client, except that a lost connection surfaces as `Fault('unavailable')`, and that it is asked one thing at a time. */
function guard(client: PoolClient, statements: Statements): PostgresPoolClient {
  let before: Promise<unknown> = Promise.resolve();
  // Kysely also calls it with a cursor, but only to stream, and none of ours does.
  const ask = async (text: string, parameters: readonly unknown[]) =>
    client.query({ name: statements.nameOf(text), text, values: [...parameters] }).catch((error: unknown) => {
      if (!isOutdated(error)) rethrow(error);
      statements.forget();
      throw new Fault('unavailable', 'the database changed its tables; try again', { cause: error });
    });
  const query = (text: string, parameters: readonly unknown[]) => {
    const answer = before.then(() => ask(text, parameters));
    before = answer.catch(() => {});
    return answer;
  };
  return { query: query as unknown as PostgresPoolClient['query'], release: (error) => client.release(error) };
}

function rethrow(error: unknown): never {
  throw asFault(error);
}
