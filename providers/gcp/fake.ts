import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Answer, refusal } from './fake-answer.ts';
import { type Knock, opensFor } from './fake-door.ts';
import { answerFault, createFaults, type Fault, type FaultPlace } from './fake-faults.ts';
import { type FakeGateways, lookUp } from './fake-gateways.ts';
import { createKeyStore, type InUse, type KeyStoreOptions, type StoredKey } from './fake-keys.ts';

/* The API Keys API and the API Gateway API as one small HTTP server, with a gateway in memory that enforces the keys. */

export interface FakeGoogleOptions extends Partial<KeyStoreOptions> {
  readonly token: string;
  /** What the API Keys API takes in any minute of its clock; the rest is a 429. */
  readonly perMinute?: { readonly reads: number; readonly writes: number };
}

export interface Request {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export interface FakeGoogle {
  readonly url: string;
  readonly service: string;
  /** May be changed at any time. */
  readonly gateways: FakeGateways;
  inUse: InUse;
  /** Every request so far, refused and failed ones too. */
  readonly requests: readonly Request[];
  /** Those answered with the 429 of `perMinute`. */
  readonly tooMany: readonly Request[];
  keys(): readonly StoredKey[];
  opensTheDoor(knock: Knock): boolean;
  /** As many keys as a project may have; they are there at once where `polls` is 0. */
  fillUp(): void;
  fail(fault: Fault): void;
  close(): Promise<void>;
}

const SERVICE = 'lab-api-0abc.apigateway.lab-project.cloud.goog';

/** Listens on a free port of 127.0.0.1. */
export async function startFakeGoogle(options: FakeGoogleOptions): Promise<FakeGoogle> {
  const { now = () => new Date(), longestPage = 3 } = options;
  const store = createKeyStore({
    project: { id: 'lab-project', number: '123456789012' },
    polls: 1,
    deleted: 'shown',
    services: [SERVICE, 'other.apigateway.lab-project.cloud.goog'],
    ...options,
    now,
    longestPage,
  });
  const gateways = sampleGateways();
  const faults = createFaults();
  const requests: Request[] = [];
  const tooMany: Request[] = [];
  const isTooMany = createLimiter(now, options.perMinute);

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => response.destroy());
  });
  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await read(incoming);
    requests.push(request);
    const fault = faults.take(placesOf(request));
    if (fault === 'hang') return;
    if (fault === 'refuse') return void response.destroy();
    store.tick();
    if (fault && fault !== 'lost-answer') return answerFault(response, fault, JSON.stringify(request));
    if (request.headers.authorization !== `Bearer ${options.token}`) return reply(response, refusal('UNAUTHENTICATED'));
    if (isTooMany(request)) {
      tooMany.push(request);
      return reply(response, refusal('RESOURCE_EXHAUSTED', 'RATE_LIMIT_EXCEEDED'));
    }
    const answer = request.url.pathname.startsWith('/v1/') ? lookUp(gateways, request.url, longestPage) : act(store, request);
    if (fault === 'lost-answer') return void response.destroy();
    reply(response, answer);
  }

  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    service: SERVICE,
    gateways,
    get inUse() {
      return store.inUse;
    },
    set inUse(inUse) {
      store.inUse = inUse;
    },
    requests,
    tooMany,
    keys: () => [...store.keys.values()],
    opensTheDoor: (knock) => opensFor(store.keys.values(), SERVICE, knock),
    fillUp: () => store.fillUp(),
    fail: (fault) => faults.arm(fault),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function sampleGateways(): FakeGateways {
  const configs = () => [{ id: 'lab-config', state: 'ACTIVE' as const }];
  return {
    apis: [
      { id: 'other', managedService: 'other.apigateway.lab-project.cloud.goog', state: 'ACTIVE', configs: [] },
      { id: 'lab-api', managedService: SERVICE, state: 'ACTIVE', configs: configs() },
    ],
    gateways: [{ id: 'lab-gateway', location: 'europe-west1', serves: 'lab-api/lab-config', state: 'ACTIVE' }],
  };
}

function act(store: ReturnType<typeof createKeyStore>, { method, url, body }: Request): Answer {
  if (url.pathname.startsWith('/v2/operations/')) return store.operation(url.pathname.slice('/v2/'.length));
  const [, id, rest] = /\/locations\/global\/keys(?:\/([^/]+))?(\/keyString)?$/.exec(url.pathname) ?? [];
  if (id === undefined && method === 'POST') return store.create(url.searchParams.get('keyId') ?? '', body);
  if (id === undefined && method === 'GET') return store.list(url.searchParams);
  if (id === undefined) return refusal('NOT_FOUND');
  if (method === 'PATCH') return store.update(id, url.searchParams, body);
  if (method === 'DELETE') return store.remove(id, url.searchParams);
  return rest ? store.value(id) : store.get(id);
}

function placesOf({ method, url: { pathname } }: Request): readonly FaultPlace[] {
  if (pathname.startsWith('/v1/')) return ['gateway'];
  if (method === 'POST') return ['issue'];
  if (method === 'DELETE') return ['revoke'];
  if (method === 'PATCH') return ['change'];
  if (pathname.startsWith('/v2/operations/')) return ['policy'];
  if (pathname.endsWith('/keys')) return ['list', 'check'];
  return pathname.endsWith('/keyString') ? ['reveal'] : ['read'];
}

/** Whether a request now is one too many. Those refused do not count. */
function createLimiter(now: () => Date, perMinute: FakeGoogleOptions['perMinute']): (request: Request) => boolean {
  const taken = { reads: [] as number[], writes: [] as number[] };
  return ({ method, url }) => {
    if (!perMinute || url.pathname.startsWith('/v1/')) return false;
    const kind = method === 'GET' ? 'reads' : 'writes';
    const at = now().getTime();
    const oldest = taken[kind].at(-perMinute[kind]);
    if (oldest !== undefined && at - oldest < 60_000) return true;
    taken[kind].push(at);
    return false;
  };
}

async function read(incoming: IncomingMessage): Promise<Request> {
  const { method = '', url = '', headers } = incoming;
  const sent = await text(incoming);
  return { method, url: new URL(url, 'http://fake'), headers, body: sent ? JSON.parse(sent) : undefined };
}

function reply(response: ServerResponse, { status, body }: Answer): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body));
}
