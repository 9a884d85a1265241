import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { z } from 'zod';
import { answerFault, createFaults, type Fault, type FaultPlace } from '../fake-faults.ts';

/* A vendor's management API as a small HTTP server that fails on request. What it answers is the vendor's own file. */

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
  /** What stands in the path where its route has `:name`, decoded. */
  readonly params: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

export interface Route {
  /** What a request here is a part of, for faults. */
  readonly places: readonly FaultPlace[];
  act(sent: Sent): Answer;
}

export interface VendorApi {
  /** By method and path, such as `PUT /consumers/:consumer`. */
  readonly routes: Readonly<Record<string, Route>>;
  /** The header that the management token comes in, in small letters, and what stands there. */
  readonly credential: readonly [header: string, value: string];
  /** The vendor's answers without it, to a path that it does not know, and to a body that is no JSON. */
  readonly refused: Answer;
  readonly lost: Answer;
  readonly malformed: Answer;
}

export interface VendorServer {
  readonly url: string;
  /** Every management request so far, refused and failed ones too. */
  readonly requests: readonly Sent[];
  /** Makes the next requests of a place fail. */
  fail(fault: Fault): void;
  close(): Promise<void>;
}

export interface VendorKey {
  readonly name: string;
  /** One line for each limit that the vendor keeps for this key. */
  readonly policies: readonly string[];
  readonly closesAt?: Date;
}

export interface Knock {
  readonly apiKey: string;
  readonly method: string;
  readonly path: string;
}

export interface VendorFake extends VendorServer {
  /** The keys that open a door now or later. */
  keys(): readonly VendorKey[];
  /** The status that the vendor's gateway answers with; a request that gets through counts. */
  knock(knock: Knock): number;
}

/** A route that takes only a body of this shape, to the letter. */
export function taking<Body>(shape: z.ZodType<Body>, otherwise: Answer, act: (body: Body, sent: Sent) => Answer) {
  return (sent: Sent): Answer => {
    const parsed = shape.safeParse(sent.body);
    return parsed.success ? act(parsed.data, sent) : otherwise;
  };
}

/** Listens on a free port of 127.0.0.1. */
export async function startVendor(api: VendorApi): Promise<VendorServer> {
  const faults = createFaults();
  const requests: Sent[] = [];
  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => response.destroy());
  });

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { sent, malformed } = await read(incoming);
    const found = find(api.routes, sent);
    const request = { ...sent, params: found?.params ?? {} };
    requests.push(request);
    const quoted = sent.path + JSON.stringify(sent.body);
    const fault = faults.take(found?.route.places ?? [], quoted);
    if (fault === 'hang') return;
    if (fault === 'refuse') return void response.destroy();
    if (fault && fault !== 'lost-answer') return answerFault(response, fault, quoted);
    const [header, value] = api.credential;
    const known = sent.headers[header] === value;
    const answer = malformed ? api.malformed : known ? (found?.route.act(request) ?? api.lost) : api.refused;
    if (fault === 'lost-answer') return void response.destroy();
    reply(response, answer);
  }

  return { url: await listen(server), requests, fail: (fault) => faults.arm(fault), close: () => close(server) };
}

async function read(incoming: IncomingMessage): Promise<{ sent: Omit<Sent, 'params'>; malformed: boolean }> {
  const { method = '', url = '', headers } = incoming;
  const { pathname, searchParams } = new URL(url, 'http://vendor');
  const written = await text(incoming);
  let body: unknown;
  let malformed = false;
  try {
    body = written === '' ? undefined : JSON.parse(written);
  } catch {
    malformed = true;
  }
  return { sent: { method, path: pathname, query: searchParams, headers, body }, malformed };
}

function find(routes: VendorApi['routes'], { method, path }: Pick<Sent, 'method' | 'path'>) {
  for (const [pattern, route] of Object.entries(routes)) {
    const [verb = '', shape = ''] = pattern.split(' ');
    const names = shape.split('/');
    const steps = path.split('/');
    if (verb !== method || names.length !== steps.length) continue;
    const pairs = names.map((name, index) => ({ name, step: steps[index] ?? '' }));
    if (!pairs.every(({ name, step }) => (name.startsWith(':') ? step !== '' : name === step))) continue;
    const params = pairs.filter(({ name }) => name.startsWith(':'));
    return { route, params: Object.fromEntries(params.map(({ name, step }) => [name.slice(1), decodeURIComponent(step)])) };
  }
  return undefined;
}

function reply(response: ServerResponse, { status, body }: Answer): void {
  response.statusCode = status;
  if (body === undefined) return void response.end();
  response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body));
}

async function listen(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
