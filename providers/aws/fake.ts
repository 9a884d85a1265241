import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ApiOptions } from './fake-answers.ts';
import { act, operationOf, type Request } from './fake-api.ts';
import { createDoor, type Knock } from './fake-door.ts';
import { type Answer, createFaults, errorAnswer, type Fault, type FaultKind, faultAnswer } from './fake-faults.ts';
import { createRates, type Rates } from './fake-rates.ts';
import { createStore, type Store, type StoreOptions, type StoredKey, type StoredPlan } from './fake-store.ts';

/*
 * API Gateway as a small HTTP server that the real SDK talks to: its control plane with the documented rates and caps, and a door that
 * enforces keys and usage plans the way the data plane does. It fails on request.
 */

export interface FakeAwsOptions extends Partial<Omit<StoreOptions, 'apis'>>, Partial<Omit<ApiOptions, 'store' | 'door' | 'now'>> {
  readonly apis: StoreOptions['apis'];
  /** What the account takes of each operation; without it, everything. */
  readonly rates?: Rates;
  /** The door learns of a change so much later. */
  readonly lagMs?: number;
}

export interface Handled {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

export interface FakeAws {
  /** Every request that was answered, in order. */
  readonly handled: readonly Handled[];
  keys(): readonly (StoredKey & { readonly plans: readonly StoredPlan[] })[];
  plans(): readonly StoredPlan[];
  /** Acts past the driver, as somebody at the console. */
  readonly console: Pick<Store, 'createKey' | 'createPlan' | 'deletePlan' | 'link' | 'unlink' | 'key' | 'plan'>;
  knock(knock: Knock): number;
  fail(fault: Fault): void;
  /** How many faults have not happened yet. */
  faultsWaiting(): number;
  /** Undefined where nothing is answered, for ever or because the connection breaks. */
  handle(request: Request): Answer | Extract<FaultKind, 'hang' | 'refuse' | 'lost-answer'>;
}

export function createFakeAws(options: FakeAwsOptions): FakeAws {
  const { now = () => new Date(), lagMs = 0 } = options;
  const store = createStore({ maxKeys: 10_000, maxPlans: 300, importLinks: 'kept', ...options, now });
  const door = createDoor(store, { now, lagMs });
  const api: ApiOptions = { pageSize: 25, usageBy: 'id', listLagMs: 0, ...options, store, door, now };
  const faults = createFaults();
  const isTooMany = createRates(options.rates, now);
  const handled: Handled[] = [];

  function answerTo(operation: string, request: Request): Answer {
    if (isTooMany(operation)) return errorAnswer('TooManyRequestsException', 'Too Many Requests');
    try {
      const [status, body] = act(api, request);
      door.learn();
      return { status, headers: { 'content-type': 'application/json' }, body: body === undefined ? '' : JSON.stringify(body) };
    } catch (error) {
      if (!(error instanceof Error && 'type' in error)) throw error;
      return errorAnswer(String(error.type), error.message);
    }
  }

  return {
    handled,
    console: store,
    keys: () => Array.from(store.keys.values(), (key) => ({ ...key, plans: store.plansOf(key.id) })),
    plans: () => [...store.plans.values()],
    knock(knock) {
      if (lagMs === 0) door.learn();
      return door.knock(knock);
    },
    fail: (fault) => faults.arm(fault),
    faultsWaiting: () => faults.waiting(),
    handle(request) {
      const operation = operationOf(request) ?? 'unknown';
      const fault = faults.take(operation);
      if (fault === 'hang' || fault === 'refuse') return fault;
      const answer =
        fault && fault !== 'lost-answer' ? faultAnswer(fault, JSON.stringify(request)) : answerTo(operation, request);
      handled.push({ operation, method: request.method, path: request.path, status: answer.status });
      return fault === 'lost-answer' ? fault : answer;
    },
  };
}

export interface RunningFakeAws extends FakeAws {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export async function startFakeAws(options: FakeAwsOptions): Promise<RunningFakeAws> {
  const fake = createFakeAws(options);
  const server = createServer((incoming, response) => {
    serve(fake, incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { ...fake, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => close(server) };
}

async function serve(fake: FakeAws, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const answer = fake.handle(requestOf(incoming.method, incoming.url, await text(incoming)));
  if (answer === 'hang') return;
  if (typeof answer === 'string') return void response.destroy();
  response.writeHead(answer.status, answer.headers).end(answer.body);
}

export function requestOf(method = '', url = '', body = ''): Request {
  const { pathname, searchParams } = new URL(url, 'http://fake');
  return { method, path: pathname, query: searchParams, body };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
