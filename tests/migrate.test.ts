import { fork } from 'node:child_process';
import { Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { expect, test } from 'vitest';
import { openLedger } from '../src/ledger/database.ts';
import { openEmbedded } from '../src/ledger/embedded.ts';
import type { Engine } from '../src/ledger/engine.ts';
import { migrate, MIGRATIONS } from '../src/ledger/migrate.ts';
import { openPostgres } from '../src/ledger/postgres.ts';
import { Secret } from '../src/secret/secret.ts';
import { emptyDatabase, emptyFolder } from './databases.ts';
import { describeEngines } from './engines.ts';
import { SHORT_LIVED } from './short-lived.ts';

const log = () => {};
const quick = { now: () => new Date(), mac: () => '' };

/** An unmigrated database and two ways in: as an engine, and as what `openLedger` takes. */
async function bare(name: string) {
  if (name === 'embedded') {
    const { place, remove } = await emptyFolder();
    return { place, openEngine: (): Promise<Engine> => openEmbedded(place.dataDir, { log }), remove };
  }
  const { place, remove } = await emptyDatabase();
  return { place, openEngine: async (): Promise<Engine> => openPostgres(place.databaseUrl, log), remove };
}

const breaking: Migration = {
  async up(db) {
    await sql`create table half (id integer)`.execute(db);
    await sql`alter table lease add column half integer`.execute(db);
    throw new Error('half way');
  },
};

describeEngines('migrations', ({ name }) => {
  test('one that throws half way leaves no trace of itself or of those before it, and the next start migrates', async () => {
    const { place, openEngine, remove } = await bare(name);
    const engine = await openEngine();
    const db = new Kysely<unknown>({ dialect: engine.dialect });
    await expect(migrate(db, { ...MIGRATIONS, '999-breaking': breaking })).rejects.toThrow('half way');
    const { rows } = await sql<{ name: string }>`select table_name as name from information_schema.tables
      where table_schema = 'public' and table_name not like 'kysely%'`.execute(db);
    expect(rows).toEqual([]);
    await engine.close();

    const ledger = await openLedger({ ...place, ...quick });
    await expect(ledger.ready()).resolves.toBeUndefined();
    await ledger.close();
    await remove();
  });

  test('one that throws half way on a database in use leaves it as it was', async () => {
    const { place, openEngine, remove } = await bare(name);
    const first = await openLedger({ ...place, ...quick });
    await first.db.insertInto('pace').values({ provider: 'kept', action: 'issue', nextAt: new Date() }).execute();
    await first.close();
    const engine = await openEngine();
    await expect(
      migrate(new Kysely<unknown>({ dialect: engine.dialect }), { ...MIGRATIONS, '999-breaking': breaking }),
    ).rejects.toThrow('half way');
    await engine.close();

    const ledger = await openLedger({ ...place, ...quick });
    await expect(ledger.ready()).resolves.toBeUndefined();
    expect(await ledger.db.selectFrom('pace').select('provider').execute()).toEqual([{ provider: 'kept' }]);
    await expect(sql`select half from lease`.execute(ledger.db)).rejects.toThrow('half');
    await ledger.close();
    await remove();
  });

  test('a process killed in the middle of migrating leaves a database that the next start migrates', async () => {
    const { place, remove } = await bare(name);
    const url = 'databaseUrl' in place ? place.databaseUrl.reveal() : '';
    const dataDir = 'dataDir' in place ? place.dataDir : '';
    const child = fork(new URL('fixtures/ledger/migrate-and-hang.ts', import.meta.url), [dataDir, url], {
      execArgv: SHORT_LIVED,
    });
    const heard = await new Promise((resolve) => child.once('message', resolve));
    expect(heard).toBe('in the middle');
    const gone = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
    child.kill('SIGKILL');
    expect(await gone).toBe('SIGKILL');

    const ledger = await openLedger({ ...place, ...quick });
    await expect(ledger.ready()).resolves.toBeUndefined();
    expect(await ledger.db.selectFrom('auditHead').selectAll().execute()).toEqual([{ id: 1, seq: 0, mac: '' }]);
    await ledger.close();
    await remove();
  });

  test('a database that a newer version has migrated is refused', async () => {
    const { place, openEngine, remove } = await bare(name);
    const engine = await openEngine();
    await migrate(new Kysely<unknown>({ dialect: engine.dialect }), { ...MIGRATIONS, '999-newer': { up: async () => {} } });
    await engine.close();
    await expect(openLedger({ ...place, ...quick })).rejects.toThrow('999-newer');
    await remove();
  });

  test.runIf(name === 'postgres')('several nodes that start at once on one empty database all come up', async () => {
    const { place, remove } = await bare(name);
    const ledgers = await Promise.all(Array.from({ length: 4 }, () => openLedger({ ...place, ...quick })));
    for (const ledger of ledgers) await expect(ledger.ready()).resolves.toBeUndefined();
    expect(await ledgers[0]!.db.selectFrom('auditHead').selectAll().execute()).toHaveLength(1);
    await Promise.all(ledgers.map((ledger) => ledger.close()));
    await remove();
  });
});

test('a server that is not there is reported as unavailable, without the password of its URL', async () => {
  const databaseUrl = new Secret('postgres://someone:pass_word@127.0.0.1:1/none');
  const failure = await openLedger({ databaseUrl, ...quick }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'unavailable' });
  expect(`${String(failure)} ${String((failure as Error).cause)} ${(failure as Error).stack}`).not.toContain('pass_word');
});
