import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';

export type EngineName = 'embedded' | 'postgres';

/** Where one process under test keeps its data, and nobody else. */
export interface Place {
  readonly engine: EngineName;
  /** For the embedded engine the database, for the other one only files beside it. */
  readonly dataDir: string;
  readonly databaseUrl?: string;
  remove(): Promise<void>;
}

const SERVER_URL = process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';

/** The engines there are on this machine: PostgreSQL only where a server answers. */
export async function enginesHere(): Promise<EngineName[]> {
  const version = await serverVersion();
  return version === undefined ? ['embedded'] : ['embedded', 'postgres'];
}

export async function serverVersion(): Promise<string | undefined> {
  return onServer('show server_version').then(
    ([row]) => (row as { server_version: string }).server_version.split(' ')[0],
    () => undefined,
  );
}

export async function freshPlace(engine: EngineName): Promise<Place> {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const removeDir = () => rmSync(dataDir, { recursive: true, force: true });
  if (engine === 'embedded') return { engine, dataDir, remove: async () => removeDir() };
  const name = `latchkey_bench_${randomBytes(6).toString('hex')}`;
  await onServer(`create database ${name}`);
  const url = new URL(SERVER_URL);
  url.pathname = `/${name}`;
  return {
    engine,
    dataDir,
    databaseUrl: url.href,
    remove: async () => {
      removeDir();
      await onServer(`drop database if exists ${name} with (force)`);
    },
  };
}

async function onServer(sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: SERVER_URL, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end().catch(() => {});
  }
}
