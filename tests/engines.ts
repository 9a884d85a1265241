import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { describe, test } from 'vitest';
import { createChain, type Chain } from '../src/audit/chain.ts';
import { openLedger, type Ledger, type LedgerOptions } from '../src/ledger/database.ts';
import { createSealer, type Sealer } from '../src/secret/seal.ts';
import { Secret } from '../src/secret/secret.ts';

/** A database of its own for each `open`, on both engines, so that every ledger test asks both. */

export type EngineName = 'embedded' | 'postgres';

export interface TestLedger {
  ledger: Ledger;
  sealer: Sealer;
  chain: Chain;
  /** How to open the same database once more. */
  place: Pick<LedgerOptions, 'dataDir' | 'databaseUrl'>;
  close(): Promise<void>;
}

export interface TestEngine {
  name: EngineName;
  open(options?: OpenOptions): Promise<TestLedger>;
}

export interface OpenOptions {
  now?: () => Date;
  log?: LedgerOptions['log'];
}

export const SERVER_URL = process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';
const serverAnswers = await reach(SERVER_URL);
if (!serverAnswers && process.env.CI === 'true')
  throw new Error(`tests: no PostgreSQL at ${SERVER_URL}; in CI there must be one`);
if (!serverAnswers)
  console.warn(`\n!!! No PostgreSQL at ${SERVER_URL}: its half of the ledger tests is SKIPPED. Set TEST_DATABASE_URL.\n`);

/** The engines there are on this machine. */
export const engines: TestEngine[] = (['embedded', ...(serverAnswers ? (['postgres'] as const) : [])] as const).map((name) => ({
  name,
  open: (options) => openTestLedger(name, options),
}));

/** `define` once for each engine; PostgreSQL shows up as skipped where there is no server. */
export function describeEngines(name: string, define: (engine: TestEngine) => void): void {
  for (const engine of engines)
    describe(`${name} (${engine.name})`, () => {
      define(engine);
    });
  // oxlint-disable-next-line vitest/no-disabled-tests vitest/no-conditional-tests -- a skip that can be seen is the point
  if (!serverAnswers) test.skip(`${name} (postgres): needs a server`);
}

export async function openTestLedger(name: EngineName, options: OpenOptions = {}): Promise<TestLedger> {
  const { place, remove } = name === 'embedded' ? await freshFolder() : await freshDatabase();
  const sealer = createSealer([new Secret(randomBytes(32).toString('base64'))]);
  const chain = createChain(sealer.derive('audit'));
  const now = options.now ?? (() => new Date());
  const ledger = await openLedger({ ...place, now, mac: chain.mac, log: options.log });
  const close = async () => {
    await ledger.close();
    await remove();
  };
  return { ledger, sealer, chain, place, close };
}

/** A migrated folder takes seconds to make and milliseconds to copy, so one is kept for each schema. */
export async function freshFolder() {
  const template = join(tmpdir(), `latchkey-template-${process.getuid?.() ?? 0}-${templateVersion()}`);
  if (!existsSync(template)) await makeTemplate(template);
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  cpSync(template, dataDir, { recursive: true });
  return { place: { dataDir }, remove: async () => rmSync(dataDir, { recursive: true, force: true }) };
}

async function makeTemplate(template: string): Promise<void> {
  const aside = mkdtempSync(`${template}-`);
  const ledger = await openLedger({ dataDir: aside, now: () => new Date(), mac: () => '' });
  await ledger.close();
  try {
    renameSync(aside, template);
  } catch {
    // Another test process was first.
    rmSync(aside, { recursive: true, force: true });
  }
}

function templateVersion(): string {
  const hash = createHash('sha256').update(readFileSync(new URL(import.meta.resolve('@electric-sql/pglite'))));
  const ledger = new URL('../src/ledger/', import.meta.url);
  for (const file of ['embedded.ts', 'fsync.ts', 'migrate.ts']) hash.update(readFileSync(new URL(file, ledger)));
  const migrations = new URL('migrations/', ledger);
  for (const file of readdirSync(migrations).sort()) hash.update(readFileSync(new URL(file, migrations)));
  return hash.digest('hex').slice(0, 16);
}

export async function freshDatabase() {
  const name = `latchkey_test_${randomBytes(6).toString('hex')}`;
  await onServer(`create database ${name}`);
  const url = new URL(SERVER_URL);
  url.pathname = `/${name}`;
  return { place: { databaseUrl: new Secret(url.href) }, remove: () => onServer(`drop database if exists ${name} with (force)`) };
}

export async function onServer(sql: string, url = SERVER_URL): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function reach(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  const answers = await client.connect().then(
    () => true,
    () => false,
  );
  await client.end().catch(() => {});
  return answers;
}
