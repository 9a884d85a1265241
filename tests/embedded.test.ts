import { fork, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { PGlite } from '@electric-sql/pglite';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openLedger } from '../src/ledger/database.ts';
import { openEmbedded, upkeep } from '../src/ledger/embedded.ts';
import { startJobs } from '../src/ledger/jobs.ts';
import { freshFolder } from './databases.ts';
import { SHORT_LIVED } from './short-lived.ts';

const log = () => {};
const children: ChildProcess[] = [];
let dataDir = '';
let remove = async () => {};

beforeEach(async () => {
  const folder = await freshFolder();
  dataDir = folder.place.dataDir;
  remove = folder.remove;
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await remove();
});

const open = () => openLedger({ dataDir, now: () => new Date(), mac: () => 'mac' });

function spawn(what: 'open' | 'write' | 'work' | 'fail', heard: (message: string) => void): ChildProcess {
  const child = fork(new URL('fixtures/ledger/embedded-child.ts', import.meta.url), [what, dataDir], {
    execArgv: SHORT_LIVED,
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  children.push(child);
  child.on('message', (message) => heard(message as string));
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

test('a second process is refused with a clear error, and the first is not disturbed', async () => {
  const ledger = await open();
  const answer = await new Promise<string>((resolve) => spawn('open', resolve));
  expect(answer).toBe(
    `conflict: another process is using the data folder ${dataDir}: stop it, or give this one another DATA_DIR`,
  );
  await expect(ledger.ready()).resolves.toBeUndefined();
  await ledger.close();
});

test('the same process is refused as well, until it has closed the first', async () => {
  const ledger = await open();
  await expect(open()).rejects.toMatchObject({ code: 'conflict' });
  await ledger.close();
  const again = await open();
  await again.close();
});

test('a lock that cannot be taken for another reason says so', async () => {
  rmSync(join(dataDir, 'owner.lock'), { force: true });
  mkdirSync(join(dataDir, 'owner.lock'));
  await expect(open()).rejects.toThrow(/owner\.lock cannot be taken \(unable to open database file\)/);
  rmSync(join(dataDir, 'owner.lock'), { recursive: true });
  writeFileSync(join(dataDir, 'owner.lock'), 'no database at all, whatever it may be'.repeat(99));
  await expect(open()).rejects.toThrow(/owner\.lock cannot be taken \(file is not a database\).*can be deleted/);
});

test('the folder of a process that was killed is free at once', async () => {
  const child = await new Promise<ChildProcess>((resolve) => {
    const spawned: ChildProcess = spawn('open', () => resolve(spawned));
  });
  await expect(open()).rejects.toMatchObject({ code: 'conflict' });
  await kill(child);
  const ledger = await open();
  await expect(ledger.ready()).resolves.toBeUndefined();
  await ledger.close();
});

test('a database whose commits do not reach the disk is not opened', async () => {
  await expect(openEmbedded(dataDir, { log, install: () => {} })).rejects.toThrow('does not sync its commits to disk');
  // The refusal leaves the folder free.
  const ledger = await open();
  await ledger.close();
});

test('every commit is synced to disk before it is answered', async () => {
  let syncs = 0;
  const engine = await openEmbedded(dataDir, {
    log,
    install: (module, onFsync) => {
      const nodefs = module.NODEFS ?? module.FS.filesystems.NODEFS;
      nodefs.stream_ops.fsync = () => {
        syncs++;
        onFsync();
        return 0;
      };
    },
  });
  const before = syncs;
  const driver = engine.dialect.createDriver();
  await driver.init();
  const connection = await driver.acquireConnection();
  for (let index = 0; index < 20; index++)
    await connection.executeQuery({
      sql: `insert into pace values ('p${index}', 'issue', '2026-01-01')`,
      parameters: [],
      query: { kind: 'RawNode' } as never,
      queryId: { queryId: 'test' },
    });
  expect(syncs - before).toBeGreaterThanOrEqual(20);
  await engine.close();
});

test('killed while writing, three times over, it loses no row that it had acknowledged', async () => {
  const acknowledged: string[] = [];
  for (let round = 1; round <= 3; round++) {
    const child = spawn('write', (row) => acknowledged.push(row));
    await vi.waitFor(() => expect(acknowledged.length).toBeGreaterThanOrEqual(round * 60), { timeout: 30_000, interval: 1 });
    await kill(child);
  }
  const ledger = await open();
  const rows = await ledger.db.selectFrom('pace').select('provider').execute();
  const kept = new Set(rows.map((row) => row.provider));
  expect(acknowledged.filter((row) => !kept.has(row))).toEqual([]);
  const audited = await ledger.db.selectFrom('audit').select(['seq', 'subject']).orderBy('seq').execute();
  expect(audited.map((row) => row.seq)).toEqual(audited.map((_, index) => index + 1));
  expect(new Set(audited.map((row) => row.subject))).toEqual(kept);
  await ledger.close();
});

test('a disk that does not take a commit ends the process at once, with one line that says why, and the folder opens again', async () => {
  const heard: string[] = [];
  const child = spawn('fail', (message) => heard.push(message));
  const [said, code] = await Promise.all([
    text(child.stderr!),
    new Promise<number | null>((resolve) => child.once('exit', resolve)),
  ]);
  expect([heard, code]).toEqual([['open'], 1]);
  expect(said).toMatch(/^latchkey: the embedded database had to stop \(PANIC \w{5}: could not fsync.*DATA_DIR.*\n$/);
  const ledger = await open();
  const rows = await ledger.db.selectFrom('pace').select('provider').execute();
  expect(rows).toContainEqual({ provider: 'kept' });
  await ledger.close();
});

test('a job that was running when its process was killed runs again after the next start', async () => {
  const child = await new Promise<ChildProcess>((resolve) => {
    const spawned: ChildProcess = spawn('work', () => resolve(spawned));
  });
  await kill(child);
  const ledger = await open();
  const jobs = await startJobs(ledger);
  const ran: string[] = [];
  await jobs.work('settle', { concurrency: 1 }, async (id) => void ran.push(id));
  await vi.waitFor(() => expect(ran).toEqual(['taken']), { timeout: 20_000 });
  await jobs.stop();
  await ledger.close();
});

test('a database left half made by a process killed at its first start is made anew', async () => {
  const fresh = mkdtempSync(join(tmpdir(), 'latchkey-half-'));
  mkdirSync(join(fresh, 'db.new', 'base'), { recursive: true });
  writeFileSync(join(fresh, 'db.new', 'PG_VERSION'), '18\n');
  const engine = await openEmbedded(fresh, { log });
  await engine.close();
  expect(existsSync(join(fresh, 'db.new'))).toBe(false);
  expect(existsSync(join(fresh, 'db', 'PG_VERSION'))).toBe(true);
  rmSync(fresh, { recursive: true, force: true });
});

test('a copy of the folder opens elsewhere with everything in it', async () => {
  const ledger = await open();
  await ledger.db.insertInto('pace').values({ provider: 'kept', action: 'issue', nextAt: new Date() }).execute();
  await ledger.close();
  const copy = mkdtempSync(join(tmpdir(), 'latchkey-copy-'));
  cpSync(dataDir, copy, { recursive: true });
  const other = await openLedger({ dataDir: copy, now: () => new Date(), mac: () => 'mac' });
  expect(await other.db.selectFrom('pace').select('provider').execute()).toEqual([{ provider: 'kept' }]);
  await other.close();
  rmSync(copy, { recursive: true, force: true });
});

test('upkeep removes dead rows, table by table', async () => {
  const pg = await PGlite.create({ dataDir: join(dataDir, 'db') });
  await pg.exec(
    `create table "Odd name" (id integer primary key, n integer); insert into "Odd name" select i, 0 from generate_series(1, 500) i`,
  );
  for (let round = 0; round < 20; round++) await pg.exec(`update "Odd name" set n = n + 1`);
  const size = async () =>
    (await pg.query<{ size: number }>(`select pg_relation_size('"Odd name"')::integer as size`)).rows[0]!.size;
  const dead = await size();
  for (let round = 0; round < 40; round++) {
    await upkeep(pg);
    await pg.exec(`update "Odd name" set n = n + 1`);
  }
  // Twice as many updates again have found room in what was freed.
  expect(await size()).toBeLessThanOrEqual(dead * 1.2);
  await pg.close();
});
