import { fork, type ChildProcess } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startFakeManager } from '../providers/generic/fake.ts';
import { createChain } from '../src/audit/chain.ts';
import { openLedger } from '../src/ledger/database.ts';
import { createSealer } from '../src/secret/seal.ts';
import { Secret } from '../src/secret/secret.ts';
import { bookingAt } from './campus.ts';
import type { Said } from './crash-child.ts';
import { freshDatabase, freshFolder } from './databases.ts';
import type { EngineName } from './lending.ts';
import { startMailbox } from './mailbox.ts';
import { SHORT_LIVED } from './short-lived.ts';

/*
 * The service in a process that dies, between a booking system, a key manager and a mail server that live on here. Nothing is known
 * of the process but what it answers, what it sends and where it was when it died.
 */

const TOKEN = 'management-token-for-crash-tests';
const ADMIN = 'lko_admin-token-for-crash-tests';
const WEBHOOK_SECRET = 'webhook-secret-for-crash-tests';
const soon = { timeout: 30_000, interval: 10 };

export type Told = 'EVENT_START' | 'EVENT_END';
export type CrashHouse = Awaited<ReturnType<typeof openCrashHouse>>;

export async function openCrashHouse(engine: EngineName) {
  const { place, remove } = engine === 'postgres' ? await freshDatabase() : await freshFolder();
  const [mailbox, manager] = await Promise.all([startMailbox(), startFakeManager({ token: TOKEN })]);
  const masterKey = randomBytes(32).toString('base64');
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    // It starts forty times.
    NODE_COMPILE_CACHE: join(tmpdir(), 'latchkey-test-compile-cache'),
    PORT: '0',
    HOST: '127.0.0.1',
    PUBLIC_URL: 'http://keys.campus.example',
    LATCHKEY_CONFIG: '/dev/null',
    LATCHKEY_ADMIN_TOKEN: ADMIN,
    LATCHKEY_MASTER_KEY: masterKey,
    WEBHOOK_SECRET,
    API_MANAGEMENT_ENDPOINT: manager.url,
    API_MANAGEMENT_TOKEN: TOKEN,
    SMTP_URL: mailbox.url,
    ...('dataDir' in place ? { DATA_DIR: place.dataDir } : { DATABASE_URL: place.databaseUrl.reveal() }),
  };
  /** Every crash point that was passed, in all its lives. */
  const points: string[] = [];
  let [child, url] = await start(env, points);

  /** False when the process died before it answered. */
  async function ask(path: string, init: RequestInit): Promise<Response | undefined> {
    return await fetch(url + path, init).catch(() => undefined);
  }

  /** Sent again, it is the same booking with a new time stamp. */
  const bookings = new Map<number, ReturnType<typeof bookingAt>>();
  async function tell(id: number, type: Told): Promise<boolean> {
    const booking = bookings.get(id) ?? bookingAt({ now: () => new Date() }, id);
    bookings.set(id, booking);
    const body = JSON.stringify(booking.flat(type));
    const signature = createHmac('sha256', WEBHOOK_SECRET).update(body).digest('base64');
    const headers = { 'content-type': 'application/json', 'x-webhook-signature': signature };
    return (await ask('/webhook', { method: 'POST', headers, body }))?.status === 202;
  }

  async function operate(path: string, body?: object): Promise<Response | undefined> {
    const headers = { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' };
    return await ask(`/api/v1${path}`, body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers });
  }

  return {
    points,
    manager,
    tell,
    /** Dies the n-th time that it comes there from now on. */
    async dieAt(point: string, times: number): Promise<void> {
      const armed = once(child, 'message');
      child.send({ dieAt: { point, times } });
      await armed;
    },
    /** Waits for its death, then starts it again over what it left. */
    async revive(): Promise<void> {
      await expect.poll(() => child.exitCode, soon).toBe(137);
      [child, url] = await start(env, points);
    },
    rotate: async (id: number) => await operate(`/leases/${await leaseOf(id)}/rotate`, { overlap: '0', reason: 'leak' }),
    revoke: async (id: number) => await operate(`/leases/${await leaseOf(id)}/revoke`, { reason: 'leak' }),
    /** What lives at the manager for a booking. */
    living: (id: number) => manager.keys().filter(({ metadata }) => metadata.reservation_id === String(id)),
    opens: (apiKey: string) => manager.opensTheDoor({ apiKey, method: 'GET', path: '/api/x' }),
    /** The key that the last link to the holder reveals. */
    async claim(id: number, isNew: (link: string) => boolean = () => true): Promise<{ link: string; key: string }> {
      const email = `user-${id}@campus.example`;
      const links = () =>
        mailbox.mails.flatMap(({ to, text }) => (to.includes(email) ? (/\/claim\/[\w-]+/.exec(text)?.[0] ?? []) : []));
      await expect.poll(() => links().findLast(isNew), { ...soon, message: `a link for ${email}` }).toBeDefined();
      const link = links().findLast(isNew)!;
      const headers = { 'content-type': 'application/json' };
      const answer = await ask(link, { method: 'POST', headers, body: JSON.stringify({ confirmation: email }) });
      expect(answer?.status, link).toBe(200);
      return { link, key: ((await answer!.json()) as { key: string }).key };
    },
    /** Stops it for good and opens what it left. */
    async read() {
      if (child.exitCode === null) child.kill('SIGTERM');
      await expect.poll(() => child.exitCode, soon).not.toBeNull();
      const chain = createChain(createSealer([new Secret(masterKey)]).derive('audit'));
      const ledger = await openLedger({ ...place, now: () => new Date(), mac: chain.mac });
      return { ledger, chain };
    },
    async close(): Promise<void> {
      if (child.exitCode === null) child.kill('SIGKILL');
      await Promise.all([mailbox.close(), manager.close()]);
      await remove();
    },
  };

  async function leaseOf(id: number): Promise<string> {
    const answer = await operate(`/leases?holder=user-${id}`);
    expect(answer?.status).toBe(200);
    return ((await answer!.json()) as { items: { id: string }[] }).items[0]!.id;
  }
}

async function start(env: Record<string, string>, points: string[]): Promise<[ChildProcess, string]> {
  const child = fork(new URL('crash-child.ts', import.meta.url), { env, execArgv: SHORT_LIVED });
  const url = await new Promise<string>((resolve, reject) => {
    child.on('message', (said: Said) => {
      if ('point' in said) points.push(said.point);
      if ('url' in said) resolve(said.url);
    });
    child.once('exit', (code) => reject(new Error(`the service did not start: ${code}`)));
  });
  return [child, url];
}
