import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stopProcess } from './child.ts';
import type { Place } from './place.ts';

/** The service as `npm start` runs it, with nothing but its environment. */
export interface Service {
  readonly url: string;
  readonly pid: number;
  /** From spawn to the first 200 of /health/ready. */
  readonly startMs: number;
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly place: Place;
  readonly env?: Readonly<Record<string, string>>;
  /** Of latchkey.yaml. Without it everything comes from the environment. */
  readonly config?: string;
  /** For Node, such as `--cpu-prof`. */
  readonly flags?: readonly string[];
}

export const WEBHOOK_SECRET = 'uQm0n0J9mTn3m3y0b9p2mJtq7o0v1x3y5z7A9C1E3G4=';
export const MASTER_KEY = randomBytes(32).toString('base64');
const LONGEST_START_MS = 60_000;

export async function startService({ place, env, config, flags = [] }: ServiceOptions): Promise<Service> {
  const port = await freePort();
  const configFile = join(place.dataDir, 'latchkey.yaml');
  // Without sections everything comes from the environment, whatever lies in the folder that this is run in.
  writeFileSync(configFile, config ?? '');
  const began = performance.now();
  const running = spawn(process.execPath, [...flags, '--import', fileOf('compile-cache.mjs'), fileOf('main.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      HOST: '127.0.0.1',
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      DATA_DIR: place.dataDir,
      LATCHKEY_CONFIG: configFile,
      LATCHKEY_ADMIN_TOKEN: 'lko_admin-token-of-the-benchmark-service',
      LATCHKEY_MASTER_KEY: MASTER_KEY,
      WEBHOOK_SECRET,
      ...(place.databaseUrl === undefined ? {} : { DATABASE_URL: place.databaseUrl }),
      ...env,
    },
  });
  let said = '';
  for (const stream of [running.stdout, running.stderr])
    stream.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-4000)));
  while (!(await isReady(port))) {
    if (running.exitCode !== null) throw new Error(`the service did not start: ${said}`);
    if (performance.now() - began > LONGEST_START_MS) {
      await stopProcess(running);
      throw new Error(`the service was not ready in ${LONGEST_START_MS} ms: ${said}`);
    }
    await delay(5);
  }
  const startMs = performance.now() - began;
  return {
    url: `http://127.0.0.1:${port}`,
    pid: running.pid!,
    startMs,
    stop: () => stopProcess(running),
  };
}

function fileOf(name: string): string {
  return new URL(`../../../src/${name}`, import.meta.url).pathname;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Without fetch, whose own start would be part of the first figure. */
function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET /health/ready HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n'),
    );
    socket.once('data', (chunk) => {
      resolve(chunk.toString('latin1').startsWith('HTTP/1.1 200'));
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
