import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../scenarios/free-port.ts';

/*
 * Real gateways, as processes of their own, run from the very files in config/examples/gateways: only the three addresses in them are
 * others.
 */

export const GATEWAYS = ['nginx', 'caddy'] as const;
export type GatewayName = (typeof GATEWAYS)[number];

export interface Behind {
  readonly latchkey: string;
  readonly api: string;
}

export interface Gateway {
  readonly url: string;
  /** What it wrote. */
  output(): string;
  close(): Promise<void>;
}

interface Kind {
  readonly file: string;
  /** The line of the file that says where it listens, and the same for a port of this machine. */
  readonly listens: readonly [string, (port: number) => string];
  /** The configuration around the file, and how to start it. */
  readonly around: (folder: string) => string;
  readonly start: (folder: string) => readonly string[];
}

const KINDS: Record<GatewayName, Kind> = {
  nginx: {
    file: 'nginx.conf',
    listens: ['listen 8000;', (port) => `listen 127.0.0.1:${port};`],
    around: (folder) => `
      ${process.getuid?.() === 0 ? 'user root;' : ''}
      worker_processes 1;
      pid ${folder}/nginx.pid;
      error_log stderr;
      events {}
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
        include ${folder}/example;
      }`,
    start: (folder) => ['-p', folder, '-e', 'stderr', '-c', `${folder}/main`, '-g', 'daemon off;'],
  },
  caddy: {
    file: 'Caddyfile',
    listens: [':8000 {', (port) => `:${port} {`],
    around: (folder) => `{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}\nimport ${folder}/example\n`,
    start: (folder) => ['run', '--adapter', 'caddyfile', '--config', `${folder}/main`],
  },
};

/** Also where a service's programs are, which is not in everybody's PATH. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;

export const isInstalled = (name: GatewayName): boolean =>
  spawnSync(name, [name === 'nginx' ? '-v' : 'version'], { env: { PATH } }).status === 0;

export async function openGateway(name: GatewayName, { latchkey, api }: Behind): Promise<Gateway> {
  const { file, listens, around, start } = KINDS[name];
  const folder = mkdtempSync(join(tmpdir(), `latchkey-${name}-`));
  const port = await freePort();
  const example = replaced(readFileSync(new URL(`../../config/examples/gateways/${file}`, import.meta.url), 'utf8'), [
    [listens[0], listens[1](port)],
    ['127.0.0.1:8080', latchkey],
    ['127.0.0.1:9000', api],
  ]);
  writeFileSync(join(folder, 'example'), example);
  writeFileSync(join(folder, 'main'), around(folder));
  const env = { PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const child = spawn(name, start(folder), { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`${name} did not start: ${said}`);
    await wait(20);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    output: () => said,
    async close() {
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Throws when the file does not say it: then these tests would run something else than what it says. */
function replaced(text: string, changes: readonly (readonly [string, string])[]): string {
  return changes.reduce((before, [from, to]) => {
    if (!before.includes(from)) throw new Error(`the example does not say ${from}`);
    return before.replaceAll(from, to);
  }, text);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}
