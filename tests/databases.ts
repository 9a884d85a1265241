import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { openLedger, type LedgerOptions } from '../src/ledger/database.ts';
import { openEmbedded } from '../src/ledger/embedded.ts';
import { startJobs } from '../src/ledger/jobs.ts';
import { Secret } from '../src/secret/secret.ts';

/*
 * Databases of a test's own, as a service leaves them that was started once and stopped. To make one takes seconds and to copy one
 * does not, so one is kept for each schema and engine.
 */

export const SERVER_URL = process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';

export type Place = Pick<LedgerOptions, 'dataDir' | 'databaseUrl'>;

export const freshFolder = () =>
  copyOf('started', async () => {
    const { place } = await emptyFolder();
    await startOnce(place);
    return place.dataDir;
  });

/** A database without a single table. */
export const emptyFolder = () =>
  copyOf('empty', async () => {
    const dataDir = folder();
    await (await openEmbedded(dataDir, { log() {} })).close();
    return dataDir;
  });

async function copyOf(what: string, make: () => Promise<string>) {
  const template = join(tmpdir(), `latchkey-${what}-${process.getuid?.() ?? 0}-${version()}`);
  if (!existsSync(template)) keep(await make(), template);
  const dataDir = folder();
  cpSync(template, dataDir, { recursive: true });
  return { place: { dataDir }, remove: async () => rmSync(dataDir, { recursive: true, force: true }) };
}

function keep(made: string, template: string): void {
  try {
    renameSync(made, template);
  } catch {
    // Another test process was first.
    rmSync(made, { recursive: true, force: true });
  }
}

const folder = () => mkdtempSync(join(tmpdir(), 'latchkey-test-'));

export async function freshDatabase() {
  const template = `latchkey_template_${version()}`;
  if ((await onServer(`select from pg_database where datname = '${template}'`)) === 0) await makeDatabase(template);
  return await createDatabase(`template ${template}`);
}

async function makeDatabase(template: string): Promise<void> {
  const { place, name, remove } = await emptyDatabase();
  await startOnce(place);
  try {
    await onServer(`alter database ${name} rename to ${template}`);
  } catch {
    // Another test process was first.
    await remove();
  }
}

/** Without a single table. */
export const emptyDatabase = () => createDatabase('');

async function createDatabase(like: string) {
  const name = `latchkey_test_${randomBytes(6).toString('hex')}`;
  await onServer(`create database ${name} ${like}`);
  const url = new URL(SERVER_URL);
  url.pathname = `/${name}`;
  const remove = async () => void (await onServer(`drop database if exists ${name} with (force)`));
  return { name, place: { databaseUrl: new Secret(url.href) }, remove };
}

async function startOnce(place: Place): Promise<void> {
  const ledger = await openLedger({ ...place, now: () => new Date(), mac: () => '' });
  await (await startJobs(ledger)).stop();
  await ledger.close();
}

/** Changes with everything that decides what is in a database that was just made. */
function version(): string {
  const hash = createHash('sha256').update(readFileSync(new URL('../package-lock.json', import.meta.url)));
  const ledger = new URL('../src/ledger/', import.meta.url);
  const migrations = readdirSync(new URL('migrations/', ledger)).toSorted();
  for (const file of ['embedded.ts', 'fsync.ts', 'jobs.ts', 'migrate.ts', ...migrations.map((name) => `migrations/${name}`)])
    hash.update(readFileSync(new URL(file, ledger)));
  return hash.digest('hex').slice(0, 16);
}

/** How many rows it answers or changes. */
export async function onServer(sql: string, url = SERVER_URL): Promise<number> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  await client.connect();
  try {
    return (await client.query(sql)).rowCount ?? 0;
  } finally {
    await client.end();
  }
}
