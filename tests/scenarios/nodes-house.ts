import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { openCluster, type Cluster } from './cluster.ts';
import { freePort } from './free-port.ts';
import { openService, type Service } from './service.ts';

/* Several nodes on one PostgreSQL and one Redis that nobody else uses, and nginx before two of them as compose.yaml has it. */

const CONFIG = `
providers:
  local:  { driver: builtin }
  campus: { driver: generic, endpoint: "\${API_MANAGEMENT_ENDPOINT}", token: "\${API_MANAGEMENT_TOKEN}" }
plans:
  - { name: far, match: { resource: "2" }, provider: campus }
  - { name: near, provider: local, quota: { default: 100000000 }, rateLimit: { default: 10000000/second } }
`;

const has = (program: string, ...args: string[]) => spawnSync(program, args, { stdio: 'ignore' }).error === undefined;

/** What this needs beside PostgreSQL; in CI it must be there. */
export const canRunNodes = has('redis-server', '--version') && has('nginx', '-v');
if (!canRunNodes && process.env['CI'] === 'true') throw new Error('tests: redis-server and nginx must be installed in CI');
if (!canRunNodes) console.warn('\n!!! No redis-server or no nginx found: what several nodes do together is SKIPPED.\n');

export interface NodesHouse {
  readonly cluster: Cluster;
  readonly redis: Daemon;
  /** Not started yet. */
  readonly nodes: readonly [Service, Service, Service];
  /** nginx before the first two nodes; answers its address. */
  openProxy(): Promise<string>;
  close(): Promise<void>;
}

export interface Daemon {
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function openNodesHouse(): Promise<NodesHouse> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-nodes-'));
  // nginx' workers are another user.
  chmodSync(folder, 0o755);
  const config = join(folder, 'latchkey.yaml');
  writeFileSync(config, CONFIG);
  const [cluster, port] = await Promise.all([openCluster({ settings: ['max_connections = 100'] }), freePort()]);
  const redis = daemon(port, 'redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']);
  await redis.start();
  const env = {
    LATCHKEY_MASTER_KEY: randomBytes(32).toString('base64'),
    LATCHKEY_CONFIG: config,
    LATCHKEY_TRUST_PROXY: '127.0.0.1',
    REDIS_URL: `redis://127.0.0.1:${port}`,
  };
  const first = await openService({ databaseUrl: cluster.url, env });
  // One key manager for all.
  const same = { ...env, API_MANAGEMENT_ENDPOINT: first.manager.url };
  const others = [
    await openService({ databaseUrl: cluster.url, env: same }),
    await openService({ databaseUrl: cluster.url, env: same }),
  ];
  const nodes = [first, ...others] as unknown as NodesHouse['nodes'];
  let proxy: Daemon | undefined;
  return {
    cluster,
    redis,
    nodes,
    async openProxy() {
      const at = await freePort();
      proxy = nginxBefore(nodes.slice(0, 2), { folder, port: at });
      await proxy.start();
      return `http://127.0.0.1:${at}`;
    },
    async close() {
      await proxy?.stop();
      for (const node of nodes) await node.close();
      await redis.stop();
      await cluster.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The file of compose.yaml, with the addresses of these nodes; an nginx from before 1.27.3 knows no `resolve` there. */
function nginxBefore(nodes: readonly Service[], { folder, port }: { folder: string; port: number }): Daemon {
  let text = readFileSync(new URL('../../config/nginx/nodes.conf', import.meta.url), 'utf8')
    .replaceAll(' resolve ', ' ')
    .replace(/^resolver .*$/m, '')
    .replace('listen 8080', `listen 127.0.0.1:${port}`);
  for (const [index, node] of nodes.entries()) text = text.replace(`latchkey-${index + 1}:8080`, new URL(node.url).host);
  expect(text).not.toMatch(/latchkey-\d:/);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`);
  const conf = join(folder, 'nginx.conf');
  writeFileSync(
    conf,
    `daemon off; pid ${folder}/nginx.pid; events { worker_connections 256; } http { access_log off; ${paths.join(' ')} ${text} }`,
  );
  return daemon(port, 'nginx', ['-p', folder, '-c', conf, '-e', join(folder, 'error.log')]);
}

/** A program that listens on a port. Stopping is killing: what it had is lost. */
function daemon(port: number, program: string, args: readonly string[]): Daemon {
  let running: ChildProcess | undefined;
  return {
    async start() {
      running = spawn(program, args, { stdio: 'ignore' });
      await vi.waitUntil(() => isOpen(port), { timeout: 10_000, interval: 20 });
    },
    async stop() {
      if (!running || running.exitCode !== null || running.signalCode !== null) return;
      const gone = new Promise((resolve) => running!.once('exit', resolve));
      // A master that is killed outright leaves its workers behind.
      running.kill(program === 'nginx' ? 'SIGTERM' : 'SIGKILL');
      await gone;
    },
  };
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
}
