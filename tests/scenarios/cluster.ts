import { execFile, execFileSync } from 'node:child_process';
import { appendFileSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { freePort } from './free-port.ts';

/*
 * A PostgreSQL server of a test's own, made in a folder and thrown away, so that it can be stopped, killed, filled up and made read-only
 * while nobody else is on it. Runs as the user `postgres` where the tests run as root: the server refuses to be root.
 */

const run = promisify(execFile);
const ROOT = process.getuid?.() === 0;
const BIN = binaries();

/** Where a server can be made; in CI there must be one. */
export const clusters = BIN !== undefined;
if (!clusters && process.env['CI'] === 'true') throw new Error('tests: no initdb found; in CI PostgreSQL must be installed');
if (!clusters) console.warn('\n!!! No initdb found: what happens when PostgreSQL itself fails is SKIPPED.\n');

export interface Cluster {
  /** Of a database that an ordinary user owns, as that user. */
  readonly url: string;
  start(): Promise<void>;
  /** `immediate` is a crash: no checkpoint, recovery at the next start. */
  stop(how: 'fast' | 'immediate'): Promise<void>;
  /** As the administrator, in the same database. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  remove(): Promise<void>;
}

/** `folder` when it is to lie somewhere special. It is running when this resolves. */
export async function openCluster(options: { folder?: string; settings?: readonly string[] } = {}): Promise<Cluster> {
  const folder = options.folder ?? mkdtempSync('/tmp/latchkey-cluster-');
  if (ROOT) chownSync(folder, Number(idOf('-u')), Number(idOf('-g')));
  const data = join(folder, 'data');
  const port = await freePort();
  await as('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '--wal-segsize=1', '--no-sync', '-E', 'UTF8', '--locale=C']);
  const settings = [
    `port = ${port}`,
    `listen_addresses = '127.0.0.1'`,
    `unix_socket_directories = '${folder}'`,
    'max_connections = 40',
    'max_wal_size = 16MB',
    'min_wal_size = 2MB',
    ...(options.settings ?? []),
  ];
  execFileSync('tee', ['-a', join(data, 'postgresql.conf')], {
    input: `${settings.join('\n')}\n`,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const urlOf = (user: string, database: string) => `postgres://${user}@127.0.0.1:${port}/${database}`;
  const cluster: Cluster = {
    url: urlOf('latchkey', 'latchkey'),
    start: () => as('pg_ctl', ['-D', data, '-w', '-t', '30', '-l', join(folder, 'server.log'), 'start']),
    stop: (how) => as('pg_ctl', ['-D', data, '-w', '-m', how, 'stop']),
    query: (sql) => ask(urlOf('postgres', 'latchkey'), sql),
    async remove() {
      await cluster.stop('immediate').catch(() => {});
      rmSync(options.folder === undefined ? folder : data, { recursive: true, force: true });
    },
  };
  await cluster.start();
  await ask(urlOf('postgres', 'postgres'), 'create role latchkey login');
  await ask(urlOf('postgres', 'postgres'), 'create database latchkey owner latchkey');
  return cluster;
}

async function ask(connectionString: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 5000 });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

export interface SmallDisk {
  readonly folder: string;
  fill(): void;
  free(): void;
  remove(): void;
}

/** Where a disk of its own can be mounted: as root on Linux. */
export const smallDisks = canMount();
if (!smallDisks) console.warn('\n!!! No small disk can be mounted here: what happens when the disk is full is SKIPPED.\n');

/** A disk of so many megabytes. */
export function openSmallDisk(megabytes: number): SmallDisk {
  const folder = mkdtempSync('/tmp/latchkey-disk-');
  mount(folder, megabytes);
  const filler = join(folder, 'filler');
  return {
    folder,
    fill() {
      for (let size = 8 * 1024 * 1024; size >= 4096; size /= 2) while (grow(filler, size));
    },
    free: () => rmSync(filler, { force: true }),
    remove() {
      execFileSync('umount', ['-l', folder], { stdio: 'ignore' });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function mount(folder: string, megabytes: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'ignore' });
}

function canMount(): boolean {
  const folder = mkdtempSync('/tmp/latchkey-disk-');
  try {
    mount(folder, 1);
    execFileSync('umount', [folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function grow(file: string, size: number): boolean {
  try {
    appendFileSync(file, Buffer.alloc(size));
    return true;
  } catch {
    return false;
  }
}

async function as(program: string, args: readonly string[]): Promise<void> {
  const command = join(BIN!, program);
  if (ROOT) await run('runuser', ['-u', 'postgres', '--', command, ...args]);
  else await run(command, args);
}

function binaries(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => join(debian, version, 'bin')), '/usr/local/pgsql/bin', '/usr/bin'];
  return folders.find((folder) => existsSync(join(folder, 'initdb')));
}

function idOf(which: '-u' | '-g'): string {
  return execFileSync('id', [which, 'postgres'], { encoding: 'utf8' }).trim();
}
