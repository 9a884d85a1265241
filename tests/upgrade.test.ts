import { Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { expect, test } from 'vitest';
import { hashKey, mintKey } from '../src/keys/key.ts';
import { openKeys } from '../src/keys/open.ts';
import { openLedger } from '../src/ledger/database.ts';
import { openEmbedded } from '../src/ledger/embedded.ts';
import { migrate, MIGRATIONS } from '../src/ledger/migrate.ts';
import { openPostgres } from '../src/ledger/postgres.ts';
import { emptyDatabase, emptyFolder } from './databases.ts';
import { describeEngines } from './engines.ts';

/* From the version before to this one and back, over a database in use. */

const NOW = new Date('2026-11-27T12:00:00Z');
const KEYS = 1000;
const log = () => {};
const BEFORE = '002-clouds';
const before = Object.fromEntries(Object.entries(MIGRATIONS).filter(([name]) => name <= BEFORE));

/** What the version before wrote: a key that has used 7 of its quota of 10, and many others. */
async function useOf(db: Kysely<unknown>, key: string): Promise<void> {
  const rights = { scopes: ['read'], methods: ['GET'], endpoints: ['/api/**'], quota: { limit: 10, per: 'reservation' } };
  await sql`insert into local_key (id, name, hash, lease_id, holder, rights, opens_at, closes_at, created_at)
    select 'key_' || n, 'lk-' || n, case n when 0 then ${hashKey(key)} else md5(n::text) end, 'lse_' || n, 'ada', ${JSON.stringify(rights)}::jsonb,
      ${NOW}::timestamptz - interval '1 day', ${NOW}::timestamptz + interval '1 day', ${NOW}::timestamptz
    from generate_series(0, ${KEYS - 1}::int) n`.execute(db);
  await sql`insert into usage (lease_id, hour, code, count)
    select 'lse_' || n, ${NOW}::timestamptz - interval '2 hours', 'VALID', 7 from generate_series(0, ${KEYS - 1}::int) n`.execute(
    db,
  );
  await sql`insert into operator (id, name, role, token_hash, created_at) values ('opr_1', 'ada', 'viewer', 'hash', ${NOW})`.execute(
    db,
  );
}

async function everything(db: Kysely<unknown>): Promise<unknown> {
  const tables = ['local_key', 'usage', 'operator'];
  return await Promise.all(
    tables.map(async (name) => (await sql`select * from ${sql.table(name)} order by 1, 2`.execute(db)).rows),
  );
}

describeEngines('an upgrade', ({ name }) => {
  test('loses nothing on the way there and on the way back, and a key goes on where it was', async () => {
    const { place, remove } = name === 'embedded' ? await emptyFolder() : await emptyDatabase();
    const open = async () =>
      'dataDir' in place ? await openEmbedded(place.dataDir, { log }) : openPostgres(place.databaseUrl, log);
    const key = mintKey('temp').reveal();
    const old = await open();
    const oldDb = new Kysely<unknown>({ dialect: old.dialect });
    await migrate(oldDb, before);
    await useOf(oldDb, key);
    const written = await everything(oldDb);
    await old.close();

    const ledger = await openLedger({ ...place, now: () => NOW, mac: () => 'mac' });
    const keys = await openKeys({ ledger, now: () => NOW, log });
    const codes = [];
    for (let asked = 0; asked < 4; asked++) codes.push((await keys.verify({ key, method: 'GET', path: '/api/x' })).code);
    expect(codes).toEqual(['VALID', 'VALID', 'VALID', 'QUOTA_EXCEEDED']);
    await keys.close();
    // What only this version knows goes with it.
    await ledger.db
      .insertInto('operator')
      .values({ id: 'opr_2', name: 'bob', role: 'viewer', project: 'lab', tokenHash: 'other', createdAt: NOW, disabledAt: null })
      .execute();
    await ledger.close();

    const back = await open();
    const backDb = new Kysely<unknown>({ dialect: back.dialect });
    const migrator = new Migrator({ db: backDb, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
    expect((await migrator.migrateTo(BEFORE)).error).toBeUndefined();
    const [localKeys, usage, operators] = (await everything(backDb)) as Record<string, unknown>[][];
    const [keysBefore, usageBefore, operatorsBefore] = written as Record<string, unknown>[][];
    const untouched = (rows: Record<string, unknown>[]) =>
      rows.filter((row) => row['id'] !== 'key_0' && row['lease_id'] !== 'lse_0');
    expect(untouched(localKeys!)).toEqual(untouched(keysBefore!));
    expect(untouched(usage!)).toEqual(untouched(usageBefore!));
    expect(operators).toEqual(operatorsBefore);
    const used = usage!
      .filter((row) => row['lease_id'] === 'lse_0' && row['code'] === 'VALID')
      .map((row) => Number(row['count']));
    expect(used.reduce((sum, count) => sum + count, 0)).toBe(10);
    await back.close();
    await remove();
  });
});
