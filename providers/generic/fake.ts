import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { act, createMemory, placesOf, type Answer, type Request } from './fake-api.ts';
import { answerFault, answerTooMany, createFaults, createLimiter, type Fault, type StandingLimit } from './fake-faults.ts';
import { createStore, isComplete, type Knock, type ManagedKey, type StoreOptions } from './fake-store.ts';

/*
 * The seed document's key manager as a small HTTP server, with a gateway at `/door/…` that enforces its keys (X-API-Key).
 * It takes nothing but the contract to the letter, honours Idempotency-Key, and fails on request.
 */

export interface FakeManagerOptions extends Partial<StoreOptions> {
  readonly token: string;
  /** Between the commit and the answer. */
  readonly latencyMs?: number;
  readonly idempotency?: 'honoured' | 'ignored';
  readonly limit?: StandingLimit;
}

export interface FakeManager {
  readonly url: string;
  /** May be changed at any time. */
  latencyMs: number;
  limit: StandingLimit | undefined;
  /** When each 429 of the standing limit was answered, by `performance.now()`. */
  readonly refusals: readonly number[];
  /** Every management request so far, refused and failed ones too. */
  readonly requests: readonly Request[];
  keys(): readonly (ManagedKey & { readonly complete: boolean })[];
  /** Whether the gateway lets this request through; it counts as one. */
  opensTheDoor(knock: Knock): boolean;
  /** Makes the next requests of a place fail. */
  fail(fault: Fault): void;
  heal(): void;
  /** The requests that were late are done now, whoever gave up waiting for them. */
  arrive(): void;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export async function startFakeManager(options: FakeManagerOptions): Promise<FakeManager> {
  const store = createStore({ now: options.now ?? (() => new Date()), repeats: options.repeats ?? 'conflict' });
  const faults = createFaults();
  const once = options.idempotency === 'ignored' ? (_: Request, work: () => Answer) => work() : createMemory();
  const requests: Request[] = [];
  const refusals: number[] = [];
  const late: (() => Answer)[] = [];
  const isTooMany = createLimiter();

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => response.destroy());
  });
  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await read(incoming);
    if (request.path.startsWith('/door')) return reply(response, { status: store.knock(knockOf(request)) });
    requests.push(request);
    const { limit } = manager;
    if (isTooMany(limit)) {
      refusals.push(performance.now());
      return answerTooMany(response, limit!);
    }
    const fault = faults.take(placesOf(request, store), request.path + JSON.stringify(request.body));
    if (fault === 'hang') return;
    if (fault === 'late') return void late.push(() => once(request, () => act(request, store)));
    if (fault === 'refuse') return void response.destroy();
    if (fault && fault !== 'lost-answer') return answerFault(response, fault, JSON.stringify(request));
    if (request.headers.authorization !== `Bearer ${options.token}`) return reply(response, { status: 401 });
    const answer = once(request, () => act(request, store));
    if (manager.latencyMs) await delay(manager.latencyMs);
    if (fault === 'lost-answer') return void response.destroy();
    reply(response, answer);
  }

  const manager: FakeManager = {
    url: await listen(server),
    latencyMs: options.latencyMs ?? 0,
    limit: options.limit,
    refusals,
    requests,
    keys: () => Array.from(store.keys.values(), (key) => ({ ...key, complete: isComplete(key) })),
    opensTheDoor: (knock) => store.knock(knock) === 200,
    fail: (fault) => faults.arm(fault),
    heal: () => faults.heal(),
    arrive: () => late.splice(0).forEach((work) => work()),
    close: () => close(server),
  };
  return manager;
}

async function read(incoming: IncomingMessage): Promise<Request> {
  const { method = '', url = '', headers } = incoming;
  const sent = await text(incoming);
  return {
    method,
    path: url.replace(/\?.*$/, ''),
    headers,
    body: sent && !url.startsWith('/door') ? JSON.parse(sent) : undefined,
    at: performance.now(),
  };
}

function knockOf({ headers, method, path }: Request): Knock {
  return { apiKey: String(headers['x-api-key']), method, path: path.slice('/door'.length) };
}

function reply(response: ServerResponse, { status, body = { status } }: Answer): void {
  response.statusCode = status;
  if (status === 204) return void response.end();
  response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body));
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
