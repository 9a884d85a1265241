import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createDoor, type Knock } from './fake-door.ts';
import { answerFault, createFaults, type Fault } from './fake-faults.ts';
import { type ArmRequest, createRoutes, placesOf, rightOf } from './fake-routes.ts';
import { type Answer, createStore, type Product, refusal, type ServiceOptions, type Subscription } from './fake-store.ts';

/*
 * Azure API Management as a small HTTP server: its management API as the documentation and the official examples show it, and a gateway that
 * runs the policies that it was sent.
 */

export interface FakeOptions extends Partial<ServiceOptions> {
  readonly token: string;
}

export interface FakeService {
  readonly url: string;
  /** Management requests so far, refused and failed ones too. */
  readonly requests: readonly (ArmRequest & { readonly headers: IncomingMessage['headers'] })[];
  /** The rights that they took. */
  rights(): ReadonlySet<string>;
  subscriptions(): readonly Readonly<Subscription>[];
  products(): readonly Readonly<Product>[];
  /** As an operator with the portal would. */
  edit(sid: string, change: Partial<Subscription>): void;
  editProduct(id: string, change: Partial<Product> | 'deleted'): void;
  /** The status of a request at the gateway; it counts as one. */
  knock(knock: Knock): number;
  /** Lists show from now on what there is now, until `show`: as a service whose lists come late. */
  freezeLists(): void;
  showLists(): void;
  fail(fault: Fault): void;
  heal(): void;
  /** The requests that were late are done now, whoever gave up waiting for them. */
  arrive(): void;
  close(): Promise<void>;
}

export const PLACE = {
  subscriptionId: '00000000-0000-0000-0000-000000000000',
  resourceGroup: 'rg1',
  service: 'apimService1',
} as const;
const PREFIX = `/subscriptions/${PLACE.subscriptionId}/resourceGroups/${PLACE.resourceGroup}/providers/Microsoft.ApiManagement/service/${PLACE.service}`;
const DEFAULTS: ServiceOptions = {
  now: () => new Date(),
  sku: 'Developer',
  apis: { lab: { path: '/' } },
  put: 'upsert',
  pageSize: 3,
  maxSubscriptions: Infinity,
  maxProducts: Infinity,
  users: [],
};

/** Listens on a free port of 127.0.0.1. */
export async function startFakeService({ token, ...options }: FakeOptions): Promise<FakeService> {
  const store = createStore({ ...DEFAULTS, ...options });
  const routes = createRoutes(store);
  const faults = createFaults();
  const requests: (ArmRequest & { headers: IncomingMessage['headers'] })[] = [];
  const late: (() => Answer)[] = [];
  let frozen: ((request: ArmRequest) => Answer) | undefined;

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => response.destroy());
  });
  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await read(incoming);
    requests.push(request);
    if (request.headers.authorization !== `Bearer ${token}`)
      return reply(response, refusal(401, 'InvalidAuthenticationToken', 'The access token is invalid.'), '');
    if (request.query.get('api-version') !== '2024-05-01')
      return reply(response, refusal(400, 'InvalidApiVersionParameter', 'The api-version is invalid.'), '');
    const fault = faults.take(placesOf(request));
    if (fault === 'hang') return;
    if (fault === 'late') return void late.push(() => routes(request));
    if (fault === 'refuse') return void response.destroy();
    if (fault && fault !== 'lost-answer') return answerFault(response, fault, JSON.stringify([request, request.headers]));
    const answer = (request.path === 'subscriptions' && frozen ? frozen : routes)(request);
    if (fault === 'lost-answer') return void response.destroy();
    reply(response, answer, `${service.url}${PREFIX}/`);
  }

  const service: FakeService = {
    url: await listen(server),
    requests,
    rights: () => new Set(requests.map(rightOf)),
    subscriptions: () => [...store.subscriptions.values()],
    products: () => [...store.products.values()],
    edit: (sid, change) => void Object.assign(store.subscriptions.get(sid)!, change, { etag: store.nextEtag() }),
    editProduct: (id, change) =>
      void (change === 'deleted' ? store.products.delete(id) : Object.assign(store.products.get(id)!, change)),
    knock: createDoor(store),
    freezeLists() {
      const snapshot = createStore(store.options);
      for (const [sid, subscription] of store.subscriptions) snapshot.subscriptions.set(sid, { ...subscription });
      frozen = createRoutes(snapshot);
    },
    showLists: () => void (frozen = undefined),
    fail: (fault) => faults.arm(fault),
    heal: () => faults.heal(),
    arrive: () => late.splice(0).forEach((work) => work()),
    close: () => close(server),
  };
  return service;
}

async function read(incoming: IncomingMessage): Promise<ArmRequest & { headers: IncomingMessage['headers'] }> {
  const { method = '', url = '', headers } = incoming;
  const { pathname, searchParams } = new URL(url, 'http://fake');
  const sent = await text(incoming);
  const inside = pathname === PREFIX || pathname.startsWith(`${PREFIX}/`);
  return {
    method,
    path: inside ? pathname.slice(PREFIX.length + 1) : undefined,
    query: searchParams,
    ifMatch: headers['if-match'],
    body: sent ? JSON.parse(sent) : undefined,
    headers,
  };
}

/** Links to the next page are whole addresses. */
function reply(response: ServerResponse, { status, body, etag }: Answer, base: string): void {
  response.statusCode = status;
  if (etag) response.setHeader('ETag', etag);
  if (body === undefined) return void response.end();
  const sent = JSON.stringify(body, (name, value: unknown) =>
    name === 'nextLink' && typeof value === 'string' && value ? base + value : value,
  );
  response.setHeader('Content-Type', 'application/json; charset=utf-8').end(sent);
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
