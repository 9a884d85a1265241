import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startFakeManager } from '../providers/generic/fake.ts';
import { SECRET_FILES } from '../src/first-start.ts';
import { emptyDatabase } from './databases.ts';
import type { EngineName } from './lending.ts';
import { startMailbox } from './mailbox.ts';
import { startNotificationApi } from './notification-api.ts';
import { SHORT_LIVED } from './short-lived.ts';

/*
 * The service as it is started, at log level debug, with both key managers and every channel. All that it writes and answers is kept.
 */

const soon = { timeout: 30_000, interval: 20 };
const CONFIG = `
providers:
  local:  { driver: builtin }
  campus: { driver: generic, endpoint: "\${API_MANAGEMENT_ENDPOINT}", token: "\${API_MANAGEMENT_TOKEN}" }
plans:
  - { name: local, match: { resource: "Local*" }, provider: local, handover: { confirm: code } }
  - { name: campus, provider: campus, handover: { confirm: email } }
`;

export interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | object;
}

export interface Answer {
  readonly what: string;
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

export type LeaksHouse = Awaited<ReturnType<typeof openLeaksHouse>>;

export async function openLeaksHouse(engine: EngineName) {
  const around = mkdtempSync(join(tmpdir(), 'latchkey-leaks-'));
  const { place, remove } =
    engine === 'postgres' ? await emptyDatabase() : { place: { dataDir: join(around, 'data') }, remove: async () => {} };
  writeFileSync(join(around, 'latchkey.yaml'), CONFIG);
  const managementToken = `management-${randomBytes(12).toString('hex')}`;
  const smtpPassword = `smtp-${randomBytes(12).toString('hex')}`;
  const made = {
    masterKey: randomBytes(32).toString('base64'),
    adminToken: `lko_${randomBytes(24).toString('hex')}`,
    webhookSecret: randomBytes(32).toString('base64url'),
  };
  const sender = { id: 7, secret: made.webhookSecret, resources: [1] };
  const [mailbox, manager, api] = await Promise.all([
    startMailbox({ password: smtpPassword }),
    startFakeManager({ token: managementToken, repeats: 'upsert' }),
    startNotificationApi(sender),
  ]);
  const hook = createServer((request, response) => void request.resume().on('end', () => response.end()));
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));

  const env = {
    PATH: process.env.PATH ?? '',
    PORT: '0',
    HOST: '127.0.0.1',
    PUBLIC_URL: 'http://keys.campus.example',
    LOG_LEVEL: 'debug',
    LATCHKEY_CONFIG: join(around, 'latchkey.yaml'),
    API_MANAGEMENT_ENDPOINT: manager.url,
    API_MANAGEMENT_TOKEN: managementToken,
    NOTIFICATION_ENDPOINT: api.notifications,
    WEBHOOK_LOG_ENDPOINT: api.log,
    SMTP_URL: mailbox.url,
    LATCHKEY_ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
    // An embedded one makes its secrets itself, in files.
    ...('dataDir' in place
      ? { DATA_DIR: place.dataDir }
      : {
          DATABASE_URL: place.databaseUrl.reveal(),
          LATCHKEY_MASTER_KEY: made.masterKey,
          LATCHKEY_ADMIN_TOKEN: made.adminToken,
          WEBHOOK_SECRET: made.webhookSecret,
        }),
  };
  const main = new URL('../src/main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [...SHORT_LIVED, main], { env, cwd: around, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  const printed = () => Buffer.concat(output);
  const listening = () => /"message":"listening","url":"([^"]+)"/.exec(printed().toString())?.[1];
  try {
    // An embedded database that is made first takes a while on a machine that is busy.
    await expect.poll(listening, { ...soon, timeout: 90_000, message: 'the service listens' }).toBeDefined();
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  if ('dataDir' in place)
    for (const [name, file] of Object.entries(SECRET_FILES))
      made[name as keyof typeof made] = readFileSync(join(place.dataDir, file), 'utf8').trim();
  sender.secret = made.webhookSecret;

  const answers: Answer[] = [];
  async function ask(path: string, { method, headers, body }: Asked = {}): Promise<Answer> {
    const response = await fetch(listening()! + path, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const { status } = response;
    const answer = { what: `${method ?? 'GET/POST'} ${path}`, status, text: await response.text(), headers: response.headers };
    answers.push(answer);
    return answer;
  }

  return {
    place,
    made,
    managementToken,
    smtpPassword,
    mailbox,
    manager,
    api,
    answers,
    printed,
    ask,
    hookUrl: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/news`,
    /** An event, signed as the booking system signs unless it says otherwise. */
    tell: (event: object | string, secret = made.webhookSecret) => {
      const body = typeof event === 'string' ? event : JSON.stringify(event);
      const signature = createHmac('sha256', secret).update(body).digest('base64');
      return ask('/webhook', { body, headers: { 'x-webhook-signature': signature } });
    },
    operate: (path: string, body?: object, token = made.adminToken) =>
      ask(`/api/v1${path}`, { body, headers: { authorization: `Bearer ${token}` } }),
    /** The paths of the links in the mails to somebody, in order. */
    linksTo: (email: string): string[] =>
      mailbox.mails.flatMap(({ to, text }) => (to.includes(email) ? (/\/claim\/[\w-]+/.exec(text)?.[0] ?? []) : [])),
    async stop(): Promise<void> {
      if (child.exitCode === null) child.kill('SIGTERM');
      await expect.poll(() => child.exitCode ?? child.signalCode, soon).not.toBeNull();
    },
    async close(): Promise<void> {
      if (child.exitCode === null) child.kill('SIGKILL');
      hook.closeAllConnections();
      hook.close();
      await Promise.all([mailbox.close(), manager.close(), api.close(), remove()]);
      rmSync(around, { recursive: true, force: true });
    },
  };
}
