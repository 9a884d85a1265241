import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import { createApp } from '../src/http/app.ts';
import { webhookRoutes } from '../src/http/webhooks.ts';
import { createReceiver, type Receiver } from '../src/intake/receive.ts';
import { createSecretUses } from '../src/intake/secret-uses.ts';
import { startJobs } from '../src/ledger/jobs.ts';
import { createMetrics } from '../src/observe/metrics.ts';
import { silentLog, type Log } from '../src/observe/log.ts';
import type { Policy } from '../src/reservation/policy.ts';
import type { Source } from '../src/reservation/source.ts';
import { Secret } from '../src/secret/secret.ts';
import { signMessage } from '../src/secret/standard-webhooks.ts';
import type { TestEngine } from './engines.ts';
import { ofDefault, plan, scopes, projects, tokenRules } from './fixtures/plan.ts';
import { sourceOf } from './fixtures/source.ts';

/** The receiving half of the service: real HTTP, a real database and its jobs; only the clock is ours, and nobody settles. */

export const SECRET = 'uQm0n0J9mTn3m3y0b9p2mJtq7o0v1x3y5z7A9C1E3G4=';
export const STANDARD_SECRET = `whsec_${randomBytes(32).toString('base64')}`;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    status?: string;
    eventId?: string;
    reservations?: string[];
    code?: string;
    detail?: string;
  };
}

export type House = Awaited<ReturnType<typeof openHouse>>;

export interface HouseOptions {
  readonly trustProxy?: readonly string[];
  readonly log?: Log;
  /** What the routes call instead of the receiver, to measure it. */
  readonly around?: (receiver: Receiver) => Receiver;
}

export async function openHouse(
  engine: TestEngine,
  startsAt: string,
  { trustProxy = [], log = silentLog, around }: HouseOptions = {},
) {
  let now = new Date(startsAt);
  const open = await engine.open({ now: () => now });
  const jobs = await startJobs(open.ledger);
  const metrics = createMetrics();
  const secretUses = createSecretUses({ ledger: open.ledger, metrics, now: () => now });
  let policy = policyWith({});
  const build = (): Receiver =>
    createReceiver({
      ledger: open.ledger,
      jobs,
      sealer: open.sealer,
      policy: () => policy,
      now: () => now,
      metrics,
      log,
      secretUsed: secretUses.used,
    });
  const receiver = around ? around(build()) : build();
  const server = createServer(createApp({ log, trustProxy, routers: [webhookRoutes({ receiver })] }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function post(
    path: string,
    body: NonNullable<RequestInit['body']>,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(url + path, {
      method: 'POST',
      body,
      headers,
      ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
  }

  return {
    ...open,
    db: open.ledger.db,
    receiver,
    /** A second node on the same database. */
    neighbour: build,
    metrics,
    secretUses,
    url,
    post,
    now: () => now,
    setNow: (iso: string) => void (now = new Date(iso)),
    setPolicy: (change: Partial<Policy>) => void (policy = policyWith(change)),
    /** Signed as the booking system signs. */
    send: (document: unknown) => {
      const body = typeof document === 'string' ? document : JSON.stringify(document);
      return post('/webhook', body, { 'X-Webhook-Signature': createHmac('sha256', SECRET).update(body).digest('base64') });
    },
    /** Signed by Standard Webhooks, to the source `own`. */
    sendStandard: (id: string, document: unknown) => {
      const body = Buffer.from(JSON.stringify(document));
      return post('/webhooks/own', body, { ...signMessage({ id, sentAt: now, body }, [new Secret(STANDARD_SECRET)]) });
    },
    /** How many jobs wait to settle a lease, by lease. */
    settleJobs: async (): Promise<string[]> => {
      const found = await sql<{ id: string }>`select data->>'id' as id from pgboss.job where name = 'settle'`.execute(
        open.ledger.db,
      );
      return found.rows.map((row) => row.id);
    },
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await jobs.stop();
      await open.close();
    },
  };
}

export function policyWith(change: Partial<Policy>): Policy {
  return {
    projects,
    sources: {
      default: source('default', 'cloud-resource-reservation', SECRET),
      own: source('own', 'standard', STANDARD_SECRET),
    },
    providers: { local: { name: 'local', driver: 'builtin', inventory: 'report', strays: 'report', verify: false, config: {} } },
    scopes,
    ...ofDefault,
    tokens: tokenRules,
    plans: [plan],
    ...change,
  };
}

export function source(name: string, preset: string, secret?: string): Source {
  return sourceOf({ preset, secrets: secret === undefined ? [] : [secret] }, { name });
}

export function recorded(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(`fixtures/cloud-resource-reservation/${name}.json`, import.meta.url), 'utf8'));
}
