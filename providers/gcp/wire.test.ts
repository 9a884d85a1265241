import { createRequire } from 'node:module';
import nock from 'nock';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { failureOf as failureOfCall } from '../contract-acts.ts';
import { aCall, type Rig, sampleRequest } from '../contract-world.ts';
import type { Exchange, Failure } from '../driver.ts';
import { type Client, createClient, type Step } from './client.ts';
import { gcp } from './driver.ts';
import { failureOf } from './failure.ts';
import { VENDOR_TEXT } from './fake-faults.ts';
import { authClient, UNSPEAKABLE } from './fake-rig.ts';
import type { Sdk } from './sdk.ts';

/* Every method that the driver uses, of Google's own clients at Google's own addresses, and everything that can be answered to it. */

const KEY = 'projects/p/locations/global/keys/k';
const API = 'projects/p/locations/global/apis/a';
const KEYS_AT = 'https://apikeys.googleapis.com';
const GATEWAYS_AT = 'https://apigateway.googleapis.com';
const OPERATION = 'operations/akmf.p7-1-2';

interface Method {
  readonly at: string;
  readonly verb: 'get' | 'post' | 'patch' | 'delete';
  readonly path: string;
  readonly call: (sdk: Sdk) => Promise<unknown>;
}

const ONE_PAGE = { autoPaginate: false };
const methods: Record<string, Method> = {
  createKey: {
    at: KEYS_AT,
    verb: 'post',
    path: '/v2/projects/p/locations/global/keys',
    call: ({ keys }) => keys.createKey({ parent: 'projects/p/locations/global', keyId: 'k', key: { displayName: 'k' } }),
  },
  getOperation: {
    at: KEYS_AT,
    verb: 'get',
    path: `/v2/${OPERATION}`,
    call: ({ keys }) => keys.checkCreateKeyProgress(OPERATION),
  },
  getKey: { at: KEYS_AT, verb: 'get', path: `/v2/${KEY}`, call: ({ keys }) => keys.getKey({ name: KEY }) },
  getKeyString: { at: KEYS_AT, verb: 'get', path: `/v2/${KEY}/keyString`, call: ({ keys }) => keys.getKeyString({ name: KEY }) },
  updateKey: {
    at: KEYS_AT,
    verb: 'patch',
    path: `/v2/${KEY}`,
    call: ({ keys }) => keys.updateKey({ key: { name: KEY }, updateMask: { paths: ['restrictions'] } }),
  },
  deleteKey: { at: KEYS_AT, verb: 'delete', path: `/v2/${KEY}`, call: ({ keys }) => keys.deleteKey({ name: KEY }) },
  listKeys: {
    at: KEYS_AT,
    verb: 'get',
    path: '/v2/projects/p/locations/global/keys',
    call: ({ keys }) => keys.listKeys({ parent: 'projects/p/locations/global' }, ONE_PAGE),
  },
  listApis: {
    at: GATEWAYS_AT,
    verb: 'get',
    path: '/v1/projects/p/locations/global/apis',
    call: ({ gateways }) => gateways.listApis({ parent: 'projects/p/locations/global' }, ONE_PAGE),
  },
  getApi: { at: GATEWAYS_AT, verb: 'get', path: `/v1/${API}`, call: ({ gateways }) => gateways.getApi({ name: API }) },
  getApiConfig: {
    at: GATEWAYS_AT,
    verb: 'get',
    path: `/v1/${API}/configs/c`,
    call: ({ gateways }) => gateways.getApiConfig({ name: `${API}/configs/c` }),
  },
  listGateways: {
    at: GATEWAYS_AT,
    verb: 'get',
    path: '/v1/projects/p/locations/-/gateways',
    call: ({ gateways }) => gateways.listGateways({ parent: 'projects/p/locations/-' }, ONE_PAGE),
  },
};

type Reply = readonly [status: number, body: string, headers?: Record<string, string>];

function said(code: number, status: string, more: { reason?: string; retryDelay?: string } = {}): Reply {
  const details = [
    { '@type': 'type.googleapis.com/google.rpc.Help', links: [{ description: VENDOR_TEXT }] },
    ...(more.reason ? [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: more.reason, domain: VENDOR_TEXT }] : []),
    ...(more.retryDelay ? [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: more.retryDelay }] : []),
  ];
  return [code, JSON.stringify({ error: { code, status, message: `${VENDOR_TEXT} AIza`, details } })];
}

const page = `<html><body>${VENDOR_TEXT}</body></html>`;
const answers: Record<string, { reply: Reply; kind: Failure; retryAfterMs?: number; message?: RegExp }> = {
  'a bad argument': { reply: said(400, 'INVALID_ARGUMENT'), kind: 'rejected' },
  'a state that does not allow it': { reply: said(400, 'FAILED_PRECONDITION'), kind: 'refused' },
  'no token that is good': { reply: said(401, 'UNAUTHENTICATED'), kind: 'denied' },
  'a missing right': {
    reply: said(403, 'PERMISSION_DENIED', { reason: 'IAM_PERMISSION_DENIED' }),
    kind: 'denied',
    message: /role/,
  },
  'an API that is not enabled': {
    reply: said(403, 'PERMISSION_DENIED', { reason: 'SERVICE_DISABLED' }),
    kind: 'denied',
    message: /not enabled/,
  },
  'nothing of that name': { reply: said(404, 'NOT_FOUND'), kind: 'gone' },
  'an id that is taken': { reply: said(409, 'ALREADY_EXISTS'), kind: 'rejected' },
  'another change at the same time': { reply: said(409, 'ABORTED'), kind: 'transient' },
  'too many requests': {
    reply: said(429, 'RESOURCE_EXHAUSTED', { reason: 'RATE_LIMIT_EXCEEDED', retryDelay: '7.5s' }),
    kind: 'rate-limited',
    retryAfterMs: 7500,
  },
  'too many requests, in a header': { reply: [429, '', { 'retry-after': '3' }], kind: 'rate-limited', retryAfterMs: 3000 },
  'too many keys': { reply: said(429, 'RESOURCE_EXHAUSTED', { reason: 'RESOURCE_QUOTA_EXCEEDED' }), kind: 'full' },
  'a reason that nobody knows': { reply: said(403, 'PERMISSION_DENIED', { reason: VENDOR_TEXT }), kind: 'denied' },
  'a failure inside': { reply: said(500, 'INTERNAL'), kind: 'transient' },
  'a service that is away': { reply: said(503, 'UNAVAILABLE'), kind: 'transient' },
  'a deadline inside': { reply: said(504, 'DEADLINE_EXCEEDED'), kind: 'transient' },
  "a proxy's page": { reply: [502, page], kind: 'transient' },
  "a proxy's page for an address it does not know": { reply: [404, page], kind: 'transient' },
  "a proxy's page that says 200": { reply: [200, page], kind: 'transient' },
  "a proxy's page for who may not come in": { reply: [403, page], kind: 'denied' },
  'a redirect': { reply: [302, '', { location: 'https://elsewhere.test/' }], kind: 'denied' },
  'nothing at all': { reply: [200, ''], kind: 'transient' },
  'JSON of somebody else': { reply: [404, '{"message":"no route"}'], kind: 'transient' },
};

let client: Client;

beforeAll(() => {
  const config = gcp.config.parse({ projectId: 'lab-project', apiConfig: 'c' });
  client = createClient({ config, provider: 'cloud', userAgent: 'latchkey-test', authClient: authClient() });
});

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

const STEP: Step = { turn: 'reads', what: 'do it' };
const rig = { request: sampleRequest, unspeakable: UNSPEAKABLE } as unknown as Rig;
const at = ({ at: host, verb, path }: Method) => nock(host)[verb](path).query(true);

test('the clients are loaded by the first call, and not before', async () => {
  const loaded = () => Object.keys(createRequire(import.meta.url).cache).filter((file) => file.includes('/@google-cloud/'));
  expect(loaded()).toEqual([]);
  at(methods.getKey!).reply(200, '{}');
  await client.ask(STEP, aCall(), methods.getKey!.call);
  expect(loaded()).not.toEqual([]);
});

test('an answer without end is cut off', async () => {
  at(methods.getKey!).reply(200, `"${'x'.repeat(9 * 1024 * 1024)}"`);
  expect((await failureOfCall(rig, client.ask(STEP, aCall(), methods.getKey!.call))).kind).toBe('transient');
});

describe.for(Object.entries(methods))('%s', ([, method]) => {
  test.for(Object.entries(answers))(
    'answered with %s',
    async ([
      ,
      {
        reply: [status, body, headers],
        kind,
        ...more
      },
    ]) => {
      const scope = at(method).reply(async (request: Request) => {
        await request.text();
        return [status, body, headers ?? {}];
      });
      const error = await failureOfCall(rig, client.ask(STEP, aCall(), method.call));
      expect(error.kind).toBe(kind);
      expect(error.retryAfterMs).toBe(more.retryAfterMs);
      expect(error.message).toMatch(/^cloud: /);
      if (more.message) expect(error.message).toMatch(more.message);
      scope.done();
    },
  );

  test.for(['ECONNRESET', 'ECONNREFUSED', 'ETIMEDOUT', 'ENOTFOUND'])('ends with %s, and is not tried again', async (code) => {
    at(method)
      .times(2)
      .replyWithError(Object.assign(new Error(VENDOR_TEXT), { code }));
    const error = await failureOfCall(rig, client.ask(STEP, aCall(), method.call));
    expect(error).toMatchObject({ kind: 'transient', message: expect.stringContaining(code) });
    expect(nock.pendingMocks()).toHaveLength(1);
  });

  test('is not sent when there is no turn for it, and what says so is passed on', async () => {
    const postponed = new Error('in a while');
    const call = { ...aCall(), turn: async () => Promise.reject(postponed) };
    await expect(client.ask(STEP, call, method.call)).rejects.toBe(postponed);
  });
});

test('an operation that could not be looked at for a moment is not asked for again by the client itself', async () => {
  const [status, body] = said(503, 'UNAVAILABLE');
  at(methods.getOperation!).times(2).reply(status, body);
  await failureOfCall(rig, client.ask(STEP, aCall(), methods.getOperation!.call));
  expect(nock.pendingMocks()).toHaveLength(1);
});

test('whoever tries the provider out is told each request, without headers and without values', async () => {
  at(methods.getKeyString!).reply(200, '{"keyString":"AIzaSecret"}');
  at(methods.createKey!).reply(200, `{"name":"${OPERATION}"}`);
  at(methods.getKey!).reply(...(said(404, 'NOT_FOUND').slice(0, 2) as [number, string]));
  const told: Exchange[] = [];
  const call = { ...aCall(), trace: (exchange: Exchange) => told.push(exchange) };
  await client.ask(STEP, call, methods.getKeyString!.call);
  await client.ask(STEP, call, methods.createKey!.call);
  await failureOfCall(rig, client.ask(STEP, call, methods.getKey!.call));
  expect(told).toMatchObject([
    { method: 'GET', url: expect.stringContaining(`apikeys.googleapis.com/v2/${KEY}/keyString`), status: 200 },
    { method: 'POST', url: expect.stringContaining('keyId=k'), status: 200, body: { displayName: 'k' } },
    { method: 'GET', status: 404 },
  ]);
  expect(JSON.stringify(told)).not.toMatch(/AIza|ya29|uthorization/);
});

const attempt = { provider: 'cloud', what: 'do it', sent: true, expired: false };
const grpc = (code: number, more: object = {}) => Object.assign(new Error(`${VENDOR_TEXT} AIza`), { code, ...more });

/** As gax 6 throws them, and as operations of either end. */
const newer: Record<string, { error: Error; kind: Failure; retryAfterMs?: number }> = {
  'ALREADY_EXISTS (6)': { error: grpc(6), kind: 'rejected' },
  'NOT_FOUND (5)': { error: grpc(5), kind: 'gone' },
  'RESOURCE_EXHAUSTED (8)': {
    error: grpc(8, { reason: 'RATE_LIMIT_EXCEEDED', statusDetails: [{}, { retryDelay: { seconds: '7', nanos: 500_000_000 } }] }),
    kind: 'rate-limited',
    retryAfterMs: 7500,
  },
  'RESOURCE_EXHAUSTED for a cap': { error: grpc(8, { reason: 'RESOURCE_QUOTA_EXCEEDED' }), kind: 'full' },
  'UNAVAILABLE (14), as for a refused connection': { error: grpc(14), kind: 'transient' },
  'FAILED_PRECONDITION (9)': { error: grpc(9), kind: 'refused' },
  'PERMISSION_DENIED (7)': { error: grpc(7), kind: 'denied' },
  'UNAUTHENTICATED (16)': { error: grpc(16), kind: 'denied' },
  'INVALID_ARGUMENT (3)': { error: grpc(3), kind: 'rejected' },
  'ABORTED (10)': { error: grpc(10), kind: 'transient' },
  'a number that is none of gRPC': { error: grpc(99), kind: 'transient' },
  'something that is no error of Google': { error: new TypeError(VENDOR_TEXT), kind: 'transient' },
};

test.for(Object.entries(newer))('of gax 6: %s', async ([, { error, kind, retryAfterMs }]) => {
  const failure = await failureOfCall(rig, Promise.reject(failureOf(error, attempt)));
  expect(failure).toMatchObject({ kind, retryAfterMs });
});

test.for([undefined, null, 'text', 7, {}, { response: {} }, { response: { headers: new Headers() } }])(
  'whatever is thrown is an error of ours: %s',
  (thrown) => {
    expect(failureOf(thrown, attempt)).toMatchObject({ kind: 'transient' });
  },
);
