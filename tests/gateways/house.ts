import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { firstStart } from '../../src/first-start.ts';
import { mintKey } from '../../src/keys/key.ts';
import { startLatchkey, type Latchkey } from '../../src/main.ts';
import { silentLog } from '../../src/observe/log.ts';
import { readSettings } from '../../src/settings.ts';
import { freshFolder } from '../databases.ts';
import { freePort } from '../scenarios/free-port.ts';

/* A whole Latchkey at one address, which can be closed, hang and come back, and the keys that it knows. */

const ADMIN = 'lko_admin-token-of-the-gateway-tests-0000';
const HOUR = 3_600_000;

const NAMED = '/projects/default/keys/by-name';
/** No limits but those that a test asks for. */
const CONFIG = `
projects: { default: { keys: { quota: none, rateLimit: none } } }
scopes:
  read: { methods: [GET, POST, PUT, PATCH, DELETE] }
  write: { methods: [POST, PUT] }
  pets: { methods: [GET] }
  pets:read: { methods: [GET] }
  pets:write: { methods: [GET, POST] }
  petsitters:read: { methods: [GET] }
`;

/** What a key of a test may differ in from one that may GET /api/** now and for an hour. */
export interface Rights {
  readonly scopes?: readonly string[];
  readonly methods?: readonly string[];
  readonly endpoints?: readonly string[];
  readonly holder?: string;
  readonly rateLimit?: { readonly limit: number; readonly per: 'minute' | 'hour' };
  readonly allowedIps?: readonly string[];
  readonly opensAt?: Date;
  readonly closesAt?: Date;
}

export interface Made {
  readonly name: string;
  readonly key: string;
  readonly keyId: string;
}

export type House = Awaited<ReturnType<typeof openHouse>>;

export async function openHouse(env: Readonly<Record<string, string>> = {}) {
  const folder = await freshFolder();
  const port = await freePort();
  const settings: Record<string, string> = {
    PORT: String(port),
    HOST: '127.0.0.1',
    PUBLIC_URL: 'http://keys.example.org',
    LATCHKEY_CONFIG: join(folder.place.dataDir, 'house.yaml'),
    LATCHKEY_ADMIN_TOKEN: ADMIN,
    LATCHKEY_MASTER_KEY: randomBytes(32).toString('base64'),
    WEBHOOK_SECRET: 'nobody-books-here',
    DATA_DIR: folder.place.dataDir,
    ...env,
  };
  writeFileSync(join(folder.place.dataDir, 'house.yaml'), CONFIG);
  let latchkey: Latchkey | undefined;
  let silent: { close(): Promise<void> } | undefined;
  let made = 0;

  async function start(): Promise<void> {
    const read = readSettings(settings);
    const first = read.ok ? await firstStart(read.settings) : read;
    if (!first.ok) throw new Error(first.problems.join('\n'));
    latchkey = await startLatchkey(first.settings, { log: silentLog, env: () => settings });
  }

  async function admin<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  await start();
  return {
    url: `http://127.0.0.1:${port}`,
    address: `127.0.0.1:${port}`,
    token: ADMIN,
    admin,
    /** A key that works from now on, with a budget of its own. */
    async key(rights: Rights = {}): Promise<Made> {
      const name = `test-${(made += 1)}`;
      const key = mintKey('temp').reveal();
      const { holder = 'ada', closesAt = new Date(Date.now() + HOUR), ...asked } = rights;
      const { id: keyId } = await admin<{ id: string }>('PUT', `${NAMED}/${name}`, {
        value: key,
        owner: holder,
        scopes: ['read'],
        methods: ['GET'],
        endpoints: ['/api/**'],
        opensAt: new Date(Date.now() - HOUR),
        expiresAt: closesAt,
        ...asked,
      });
      return { name, key, keyId };
    },
    revoke: ({ name }: Made) => admin<void>('DELETE', `${NAMED}/${name}`),
    /** Nothing listens there any more. */
    async stop(): Promise<void> {
      await latchkey?.close();
      latchkey = undefined;
    },
    /** Connections are taken, and nothing is ever answered. */
    async hang(): Promise<void> {
      silent = await listenInSilence(port);
    },
    /** After stop or hang: with all that it knew. */
    async comeBack(): Promise<void> {
      await silent?.close();
      silent = undefined;
      await start();
    },
    async close(): Promise<void> {
      await silent?.close();
      await latchkey?.close();
      await folder.remove();
    },
  };
}

async function listenInSilence(port: number): Promise<{ close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    async close() {
      sockets.forEach((socket) => socket.destroy());
      server.close();
      await once(server, 'close');
    },
  };
}
