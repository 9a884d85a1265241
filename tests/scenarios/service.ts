import { spawn, type ChildProcess } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { startFakeManager, type FakeManager, type FakeManagerOptions } from '../../providers/generic/fake.ts';
import type { Answer } from '../campus.ts';
import { freshDatabase, freshFolder } from '../databases.ts';
import type { EngineName } from '../lending.ts';
import { SHORT_LIVED } from '../short-lived.ts';
import { freePort } from './free-port.ts';

/*
 * The service as a process of its own, `node src/main.ts` with the seed's variables, between a key manager and a sender in this one. It
 * can be killed, and started again on what it left behind.
 */

export const SECRET = 'uQm0n0J9mTn3m3y0b9p2mJtq7o0v1x3y5z7A9C1E3G4=';
const TOKEN = 'management-token-of-the-process-tests';
const ADMIN = 'lko_admin-token-of-the-process-tests-0000';
const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;

export interface ServiceOptions {
  readonly engine?: EngineName;
  /** Instead of a database of its own on the server of the tests. */
  readonly databaseUrl?: string;
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly manager?: Partial<FakeManagerOptions>;
}

export interface Service {
  readonly url: string;
  readonly manager: FakeManager;
  /** The header of an operator who may do everything. */
  readonly operator: Record<string, string>;
  /** Where its database is. */
  readonly place: { databaseUrl?: string; dataDir?: string };
  now(): Date;
  /** Resolves when it is ready, with the milliseconds it took. */
  start(): Promise<number>;
  /** Sends the signal and resolves, when the process is gone, with its exit code and the milliseconds that took. */
  stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<{ code: number | null; ms: number }>;
  /** Sends a signal and waits for nothing. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  /** Rejects when there is no answer. */
  post(event: object): Promise<Answer & { retryAfter: string | undefined }>;
  get(path: string, headers?: Record<string, string>): Promise<Reply>;
  json(method: string, path: string, body: object, headers?: Record<string, string>): Promise<Reply>;
  admin<T>(path: string, body?: object): Promise<T>;
  /** All it wrote, on both streams. */
  output(): string;
  close(): Promise<void>;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Everything around the service; `start` starts it. */
export async function openService(options: ServiceOptions = {}): Promise<Service> {
  const given = options.databaseUrl ?? options.dataDir;
  const own = given ? undefined : await (options.engine === 'postgres' ? freshDatabase() : freshFolder());
  const databaseUrl = options.databaseUrl ?? (own && 'databaseUrl' in own.place ? own.place.databaseUrl.reveal() : undefined);
  const dataDir = options.dataDir ?? (own && 'dataDir' in own.place ? own.place.dataDir : undefined);
  const manager = await startFakeManager({ repeats: 'upsert', ...options.manager, token: TOKEN });
  // Kept over restarts, so that whoever knows the address finds the service again.
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    PORT: String(port),
    HOST: '127.0.0.1',
    PUBLIC_URL: url,
    LATCHKEY_CONFIG: '/dev/null',
    LATCHKEY_ADMIN_TOKEN: ADMIN,
    LATCHKEY_MASTER_KEY: randomBytes(32).toString('base64'),
    WEBHOOK_SECRET: SECRET,
    API_MANAGEMENT_ENDPOINT: manager.url,
    API_MANAGEMENT_TOKEN: TOKEN,
    ...(databaseUrl ? { DATABASE_URL: databaseUrl } : {}),
    ...(dataDir ? { DATA_DIR: dataDir } : {}),
    ...options.env,
  };
  let running: ChildProcess | undefined;
  let said = '';

  const ask = (method: string, path: string, sent: { headers?: Record<string, string>; body?: string } = {}) =>
    send(url + path, { method, agent, ...sent });
  const service: Service = {
    url,
    manager,
    operator: { authorization: `Bearer ${ADMIN}` },
    place: { databaseUrl, dataDir },
    now: () => new Date(),
    async start() {
      const began = performance.now();
      const child = spawn(process.execPath, [...SHORT_LIVED, MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      running = child;
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
      while (!(await isReady(ask))) if (child.exitCode !== null) throw new Error(`the service did not start: ${said}`);
      return performance.now() - began;
    },
    async stop(signal) {
      const child = running!;
      const began = performance.now();
      const gone = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      else return { code: child.exitCode, ms: 0 };
      const code = await gone;
      return { code, ms: performance.now() - began };
    },
    signal: (name) => void running!.kill(name),
    async post(event) {
      const sent = JSON.stringify(event);
      const signature = createHmac('sha256', SECRET).update(sent).digest('base64');
      const reply = await ask('POST', '/webhook', { headers: { 'x-webhook-signature': signature }, body: sent });
      const body = JSON.parse(reply.text) as Answer['body'];
      return { status: reply.status, body, retryAfter: reply.headers['retry-after'] };
    },
    get: (path, headers) => ask('GET', path, { headers }),
    json: (method, path, body, headers) =>
      ask(method, path, { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }),
    async admin<T>(path: string, body?: object) {
      const headers = { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' };
      const reply = await ask(body ? 'POST' : 'GET', `/api/v1${path}`, {
        headers,
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      return JSON.parse(reply.text) as T;
    },
    output: () => said,
    async close() {
      if (running) await service.stop('SIGKILL');
      agent.destroy();
      await manager.close();
      await own?.remove();
    },
  };
  return service;
}

async function isReady(ask: (method: string, path: string) => Promise<Reply>): Promise<boolean> {
  const ready = await ask('GET', '/health/ready').then(
    (reply) => reply.status === 200,
    () => false,
  );
  if (!ready) await new Promise((resolve) => setTimeout(resolve, 20));
  return ready;
}

/** Rejects when the connection breaks before the whole answer is there. */
export function send(
  url: string,
  { body, ...options }: { method: string; agent?: Agent; headers?: Record<string, string>; body?: string },
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}
