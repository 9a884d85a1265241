import { CompiledQuery, Kysely, type Dialect } from 'kysely';
import { openEmbedded } from '../src/ledger/embedded.ts';
import type { Engine } from '../src/ledger/engine.ts';
import { openPostgres } from '../src/ledger/postgres.ts';
import { freshDatabase, freshFolder, type Place } from './databases.ts';

/*
 * Open databases that are lent to one test after the other, and emptied in between: to open one takes a second of the processor's time,
 * to empty one some milliseconds of it. Whoever keeps a handle beyond its test finds it closed.
 */

export type EngineName = Engine['name'];

export interface Lent {
  /** To close it is to say that it is not to be lent again, e.g. because it is going to be opened by other means. */
  engine: Engine;
  place: Place;
  /** Ends the use of it by `close`, which may or may not have been done already. */
  giveBack(close: () => Promise<void>): Promise<void>;
}

interface Home {
  readonly engine: Engine;
  readonly place: Place;
  readonly ask: <Row>(sql: string, parameters?: readonly unknown[]) => Promise<Row[]>;
  readonly furniture: readonly Furniture[];
  /** What tables, columns, constraints and so on there are. */
  readonly shape: string;
  remove(): Promise<void>;
}

/** A table and what was in it from the start, as JSON. */
interface Furniture {
  readonly table: string;
  readonly rows: string;
}

const idle: Record<EngineName, Home[]> = { embedded: [], postgres: [] };

export async function removeIdle(): Promise<void> {
  for (const home of Object.values(idle).flatMap((homes) => homes.splice(0))) await demolish(home);
}

export async function lend(name: EngineName): Promise<Lent> {
  const home = idle[name].pop() ?? (await build(name));
  let state: 'lent' | 'returning' | 'returned' | 'closed' = 'lent';
  const isOver = () => state === 'returned' || state === 'closed';
  const { engine, place } = home;
  return {
    place,
    engine: {
      name,
      dialect: until(isOver, engine.dialect),
      bossOptions: () => engine.bossOptions(),
      listen: (channel, onMessage, onReconnect) =>
        engine.listen(
          channel,
          (payload) => isOver() || onMessage(payload),
          () => isOver() || onReconnect?.(),
        ),
      caughtUp: () => engine.caughtUp(),
      async close() {
        if (state === 'returning') return;
        state = 'closed';
        await engine.close();
      },
    },
    async giveBack(close) {
      if (state === 'lent') state = 'returning';
      await close();
      if (state === 'closed') return await home.remove();
      state = 'returned';
      if (await empty(home)) idle[name].push(home);
      else await demolish(home);
    },
  };
}

async function build(name: EngineName): Promise<Home> {
  const { place, remove } = name === 'embedded' ? await freshFolder() : await freshDatabase();
  const engine = 'dataDir' in place ? await openEmbedded(place.dataDir, { log() {} }) : openPostgres(place.databaseUrl, () => {});
  const db = new Kysely<unknown>({ dialect: engine.dialect });
  const ask: Home['ask'] = async <Row>(sql: string, parameters: readonly unknown[] = []) =>
    (await db.executeQuery<Row>(CompiledQuery.raw(sql, [...parameters]))).rows;
  const furniture: Furniture[] = [];
  for (const { table } of await ask<{ table: string }>(TABLES)) {
    const [all] = await ask<{ rows: string }>(rowsOf(table));
    furniture.push({ table, rows: all!.rows });
  }
  return { engine, place, ask, furniture, shape: await shapeOf(ask), remove };
}

async function demolish({ engine, remove }: Home): Promise<void> {
  await engine.close();
  await remove();
}

/** False when a test made or changed a table. */
async function empty({ ask, furniture, shape }: Home): Promise<boolean> {
  if ((await shapeOf(ask)) !== shape) return false;
  const differs = ({ table }: Furniture, at: number) => `select ${at} as at where (${rowsOf(table)}) <> $${at + 1}`;
  const answers = await ask<{ at: number }>(
    furniture.map(differs).join(' union all '),
    furniture.map(({ rows }) => rows),
  );
  const changed = answers.map(({ at }) => furniture[at]!);
  const [filled, furnished] = [changed.filter(({ rows }) => rows === '[]'), changed.filter(({ rows }) => rows !== '[]')];
  if (filled.length > 0) await ask(`truncate ${filled.map(({ table }) => table).join(', ')} restart identity cascade`);
  for (const { table, rows } of furnished) {
    await ask(`delete from ${table}`);
    await ask(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [rows]);
  }
  return true;
}

function rowsOf(table: string): string {
  return `select coalesce(json_agg(t), '[]')::text as rows from ${table} t`;
}

const OURS = `oid >= 16384`;
const TABLES = `select oid::regclass::text as table from pg_class where relkind = 'r' and ${OURS}
  and relnamespace::regnamespace::text !~ '^(pg_|information_schema)'`;
const SHAPE = `select string_agg(part, ',' order by part) as shape from (
  select 'class ' || oid from pg_class where ${OURS}
  union all select 'column ' || attrelid || ' ' || attname || atttypid || attnotnull from pg_attribute where attrelid >= 16384
  union all select 'constraint ' || oid from pg_constraint where ${OURS}
  union all select 'trigger ' || oid || tgenabled::text from pg_trigger where ${OURS}
  union all select 'function ' || oid from pg_proc where ${OURS}) as parts (part)`;

async function shapeOf(ask: Home['ask']): Promise<string> {
  return (await ask<{ shape: string }>(SHAPE))[0]!.shape;
}

/** The dialect, until it is over: then it connects nobody any more. */
function until(isOver: () => boolean, dialect: Dialect): Dialect {
  return {
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver() {
      const driver = dialect.createDriver();
      const acquire = driver.acquireConnection.bind(driver);
      driver.acquireConnection = async (...how) => {
        if (isOver()) throw new Error('the database was given back');
        return await acquire(...how);
      };
      return driver;
    },
  };
}
