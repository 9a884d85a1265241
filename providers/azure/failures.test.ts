import nock from 'nock';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { failureOf } from '../contract-acts.ts';
import { aCall, newSecret, NOW, type Rig, sampleRequest, toolsFor } from '../contract-world.ts';
import type { Call, Driver, Exchange } from '../driver.ts';
import { azureCredential, type CredentialSource } from './client.ts';
import { Config } from './config.ts';
import { openAzure } from './open.ts';
import type { Handle } from './places.ts';

/* Every class of error of the SDKs, at the address of Azure itself. */

const TOKEN = 'eyJ-arm-token';
const CLIENT_SECRET = 'client-secret-77aa';
const VENDOR = 'apim-sql-7.internal.example';
const PLACE = {
  subscriptionId: '00000000-0000-0000-0000-000000000000',
  resourceGroup: 'rg1',
  service: 'apimService1',
  tier: 'developer',
} as const;
const SERVICE = `/subscriptions/${PLACE.subscriptionId}/resourceGroups/rg1/providers/Microsoft.ApiManagement/service/apimService1`;

const someToken: CredentialSource = async () => ({
  getToken: async () => ({ token: TOKEN, expiresOnTimestamp: Date.now() + 3_600_000 }),
});

function openDriver(credential = someToken, config: object = {}): Driver<Handle> {
  return openAzure(Config.parse({ ...PLACE, ...config }), toolsFor('campus'), credential);
}

const rig = { request: sampleRequest, unspeakable: [TOKEN, CLIENT_SECRET, VENDOR] } as unknown as Rig;
const azure = () => nock('https://management.azure.com');
/** A path with any query. */
const at = (path: string) => new RegExp(`^${RegExp.escape(path)}(\\?|$)`);
const sid = sampleRequest().name;
const key = { name: sid, handle: { sid }, secret: null };

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.abortPendingRequests();
  nock.cleanAll();
  nock.enableNetConnect();
});

const error = (code: string, message = `${VENDOR} ${sampleRequest().secret.reveal()}`) => ({
  error: { code, message, details: [{ code, target: VENDOR, message: VENDOR }] },
});
const page = `<html><body>${VENDOR}</body></html>`;
const later = { 'Retry-After': '7' };

const answers = {
  'a token that is not accepted': { reply: [401, error('InvalidAuthenticationToken')], kind: 'denied' },
  'a right that is missing': { reply: [403, error('AuthorizationFailed')], kind: 'denied' },
  'too many requests, with seconds': { reply: [429, error('TooManyRequests'), later], kind: 'rate-limited', retryAfterMs: 7000 },
  'too many requests, with milliseconds': {
    reply: [429, error('TooManyRequests'), { 'x-ms-retry-after-ms': '1500', ...later }],
    kind: 'rate-limited',
    retryAfterMs: 1500,
  },
  'too many requests, without a word': { reply: [429, ''], kind: 'rate-limited' },
  'another change of the same thing': { reply: [409, error('PessimisticConcurrencyConflict')], kind: 'transient' },
  'a change since it was read': { reply: [412, error('PreconditionFailed')], kind: 'transient' },
  "the service's own trouble": { reply: [422, error('ManagementApiRequestFailed')], kind: 'transient' },
  'a busy service': { reply: [503, error('ServiceUnavailable'), later], kind: 'transient', retryAfterMs: 7000 },
  'a broken service': { reply: [500, error('InternalServerError')], kind: 'transient' },
  'a request that is wrong': { reply: [400, error('ValidationError')], kind: 'rejected' },
  'a limit of the service': { reply: [400, error('ValidationError', 'Subscriptions limit reached for same user')], kind: 'full' },
  'a lock on the resource': { reply: [409, error('ScopeLocked')], kind: 'refused' },
  'no such service': {
    reply: [404, error('ResourceNotFound', "The Resource 'x' under resource group 'rg1' was not found.")],
    kind: 'denied',
  },
  'no such resource group': { reply: [404, error('ResourceGroupNotFound')], kind: 'denied' },
  'no such Azure subscription': { reply: [404, error('SubscriptionNotFound')], kind: 'denied' },
  'a 404 in words of somebody else': {
    reply: [404, '404 page not found\n', { 'content-type': 'text/plain' }],
    kind: 'transient',
  },
  'an empty 404': { reply: [404, ''], kind: 'transient' },
  'a redirect': { reply: [307, '', { location: 'https://elsewhere.test/' }], kind: 'denied' },
  'a redirect to the same host': { reply: [307, '', { location: 'https://management.azure.com/login' }], kind: 'denied' },
  'a login page': { reply: [200, page, { 'content-type': 'text/html' }], kind: 'transient' },
  "a proxy's page for a mistake": { reply: [400, page, { 'content-type': 'text/html' }], kind: 'transient' },
  "a proxy's page for who may not come in": { reply: [403, page, { 'content-type': 'text/html' }], kind: 'denied' },
  "a proxy's page for too much": { reply: [429, page, later], kind: 'rate-limited', retryAfterMs: 7000 },
  'JSON that is cut off': { reply: [200, '{"name":', { 'content-type': 'application/json' }], kind: 'transient' },
} as const;

test.for(Object.entries(answers))('%s', async ([, { reply, kind, ...wanted }]) => {
  const elsewhere = nock('https://elsewhere.test').get(/./).reply(200, {}).persist();
  const [status, body, headers] = reply as unknown as [number, nock.Body, nock.ReplyHeaders];
  let asked = 0;
  azure()
    .get(/./)
    .reply(async () => ((asked += 1), [status, body, headers]))
    .persist();
  const failure = await failureOf(rig, openDriver().check(aCall()));
  expect(failure).toMatchObject({ kind, retryAfterMs: 'retryAfterMs' in wanted ? wanted.retryAfterMs : undefined });
  expect(failure.message).toMatch(/^campus: /);
  // Nobody tries again but the core.
  expect([asked, elsewhere.isDone()]).toEqual([1, false]);
});

test('a key that is not there is gone, and to a revocation that is what was wanted', async () => {
  azure()
    .get(at(`${SERVICE}/subscriptions/${sid}`))
    .reply(404, error('ResourceNotFound', 'Subscription not found.'))
    .persist();
  await openDriver().revoke(key, aCall());
  expect(await openDriver().probe!(key, aCall())).toBe('gone');
  expect((await failureOf(rig, openDriver().suspend!(key, aCall()))).kind).toBe('gone');
});

test.for([404, 403, 429, 500, 200])('a page with status %i proves no revocation', async (status) => {
  const found = { name: sid, properties: { state: 'suspended', displayName: 'lk-lse-0001 p=g1 s=- until=2026-01-15T12:00:00Z' } };
  azure().get(/./).reply(200, found, { ETag: '"v1"' }).delete(/./).reply(status, page);
  await failureOf(rig, openDriver().revoke(key, aCall()));
});

test('nobody there, a broken connection and a deadline are worth another try', async () => {
  azure()
    .get(/./)
    .replyWithError(Object.assign(new Error(`${VENDOR} ${TOKEN}`), { code: 'ECONNRESET' }));
  const broken = await failureOf(rig, openDriver().check(aCall()));
  expect(broken).toMatchObject({ kind: 'transient', status: undefined });
  azure().get(/./).delay(10_000).reply(200, {});
  const late = await failureOf(rig, openDriver().check(aCall(AbortSignal.timeout(30))));
  expect(late).toMatchObject({ kind: 'transient', message: 'campus: no answer in time when asked to read the service' });
});

describe('credentials', () => {
  const failing =
    (name: string, more: object = {}): CredentialSource =>
    async () => ({
      getToken: async () => {
        throw Object.assign(new Error(`${VENDOR} ${CLIENT_SECRET}`), { name, ...more });
      },
    });

  test.for(['CredentialUnavailableError', 'AuthenticationError', 'AggregateAuthenticationError', 'AuthenticationRequiredError'])(
    '%s is denied: an operator has to look',
    async (name) => {
      expect((await failureOf(rig, openDriver(failing(name)).check(aCall()))).kind).toBe('denied');
    },
  );

  test('a sign-in service in trouble is not', async () => {
    for (const statusCode of [500, 503, 429])
      expect((await failureOf(rig, openDriver(failing('AuthenticationError', { statusCode })).check(aCall()))).kind).toBe(
        'transient',
      );
  });

  test('nor is it where one of several credentials could not be asked', async () => {
    const errors = [{ name: 'CredentialUnavailableError' }, { cause: { errorCode: 'network_error' } }];
    const failure = await failureOf(rig, openDriver(failing('AggregateAuthenticationError', { errors })).check(aCall()));
    expect(failure.kind).toBe('transient');
  });

  test('a credential that could not be made is made again by the next call', async () => {
    let left = 1;
    const driver = openDriver(async (config) => {
      if ((left -= 1) >= 0) throw new Error(VENDOR);
      return await someToken(config);
    });
    azure()
      .get(/./)
      .reply(200, { sku: { name: 'Developer' } });
    expect((await failureOf(rig, driver.check(aCall()))).kind).toBe('transient');
    expect(await driver.check(aCall())).toMatchObject({ ok: true });
  });

  const secretive = { tenantId: 'aaaaaaaa-0000-0000-0000-000000000000', clientId: 'app', clientSecret: CLIENT_SECRET };

  const entra = () => nock('https://login.microsoftonline.com').post(/token/);

  test('a client secret that Entra does not take is denied, and stays secret', async () => {
    const bodies: URLSearchParams[] = [];
    entra().reply(async (request: Request) => {
      bodies.push(new URLSearchParams(await request.text()));
      return [401, { error: 'invalid_client', error_description: `AADSTS7000215 ${CLIENT_SECRET}` }];
    });
    const failure = await failureOf(rig, openDriver(azureCredential, secretive).check(aCall()));
    expect(failure).toMatchObject({ kind: 'denied', message: 'campus: Azure gave us no token when asked to read the service' });
    expect(Object.fromEntries(bodies[0]!)).toMatchObject({
      client_id: 'app',
      client_secret: CLIENT_SECRET,
      scope: 'https://management.azure.com/.default',
    });
  });

  test('a token that Entra gives is sent, once for many requests', async () => {
    entra().reply(200, { token_type: 'Bearer', expires_in: 3600, access_token: TOKEN });
    const seen: unknown[] = [];
    azure()
      .get(/./)
      .reply(async ({ headers }: Request) => (seen.push(headers.get('authorization')), [200, {}]))
      .persist();
    const driver = openDriver(azureCredential, secretive);
    for (let times = 0; times < 3; times += 1) await driver.check(aCall());
    expect(seen).toEqual([`Bearer ${TOKEN}`, `Bearer ${TOKEN}`, `Bearer ${TOKEN}`]);
  });

  test('Entra in trouble, or out of reach, is no missing right', async () => {
    const troubles = [
      () => entra().replyWithError('down'),
      () => entra().reply(503, 'busy'),
      () => entra().reply(429, ''),
      () => entra().reply(502, page),
      () => entra().reply(500, { error: 'server_error' }),
    ];
    for (const trouble of troubles) {
      trouble();
      expect((await failureOf(rig, openDriver(azureCredential, secretive).check(aCall()))).kind).toBe('transient');
    }
  });

  test('a sign-in that never ends does not outlast the call', async () => {
    const forever: CredentialSource = async () => ({ getToken: async () => await new Promise(() => {}) });
    const failure = await failureOf(rig, openDriver(forever).check(aCall(AbortSignal.timeout(30))));
    expect(failure.kind).toBe('transient');
  });

  test('without a client secret it is whatever the machine is: here, nothing', async () => {
    vi.stubEnv('AZURE_TOKEN_CREDENTIALS', 'EnvironmentCredential');
    vi.stubEnv('AZURE_TENANT_ID', undefined);
    onTestFinished(() => void vi.unstubAllEnvs());
    const failure = await failureOf(rig, openDriver(azureCredential).check(aCall()));
    expect(failure.kind).toBe('denied');
  });
});

describe('each request', () => {
  const found = (name: string) => ({ name, properties: { state: 'active', displayName: 'x', scope: '/products/y' } });
  const pages = () =>
    azure()
      .get(at(`${SERVICE}/subscriptions`))
      .reply(200, { value: [found('lk-a-1')], nextLink: `https://management.azure.com${SERVICE}/subscriptions?page=2` })
      .get(at(`${SERVICE}/subscriptions`))
      .reply(200, { value: [found('lk-b-1')], nextLink: '' });

  test('waits for its turn, pages too', async () => {
    const turns: string[] = [];
    const call: Call = { ...aCall(), turn: async (operation) => void turns.push(operation) };
    pages();
    const names = (await Array.fromAsync(openDriver().list!(call))).map(({ name }) => name);
    expect([names, turns]).toEqual([
      ['lk-a-1', 'lk-b-1'],
      ['read', 'read'],
    ]);
  });

  test('is not sent where its turn is too far ahead, and what says so passes through as it is', async () => {
    const postponed = new RangeError('too far ahead');
    const call: Call = { ...aCall(), turn: async () => await Promise.reject(postponed) };
    const scope = azure().get(/./).reply(200, {});
    await expect(openDriver().issue(sampleRequest(), call)).rejects.toBe(postponed);
    await expect(Array.fromAsync(openDriver().list!(call))).rejects.toBe(postponed);
    expect(scope.isDone()).toBe(false);
  });

  test('is shown to whoever tries the provider out, without keys of which only we know, and says who asks', async () => {
    const exchanges: Exchange[] = [];
    const headers: Headers[] = [];
    const secret = newSecret();
    const shared = {
      properties: { state: 'active', displayName: 'lk-x p=1 s=2 until=2026-01-15T12:00:00Z', scope: '/products/y' },
    };
    azure()
      .get(/./)
      .reply(200, { value: [{ name: 'lk-x-1', ...shared }], nextLink: '' })
      .get(/./)
      .reply(200, { name: 'lk-x-1', ...shared }, { ETag: '"v1"' })
      .patch(/./)
      .reply(async (request: Request) => (headers.push(request.headers), [200, shared]));
    const call: Call = { ...aCall(), trace: (exchange) => exchanges.push(exchange) };
    await openDriver().revoke({ name: 'lk-x-2', handle: null, secret }, call);
    expect(exchanges.map(({ method, status }) => `${method} ${status}`)).toEqual(['GET 200', 'GET 200', 'PATCH 200']);
    expect(exchanges[2]).toMatchObject({
      url: expect.stringContaining(`management.azure.com${SERVICE}/subscriptions/lk-x-1`),
      body: { properties: { displayName: 'lk-x p=1 s=- until=2026-01-15T12:00:00Z', secondaryKey: '[secret]' } },
    });
    expect(headers[0]?.get('x-ms-client-request-id')).toBe('req-1');
    expect(headers[0]?.get('user-agent')).toMatch(/^latchkey-contract /);
    expect(headers[0]?.get('if-match')).toBe('"v1"');
    azure().get(/./).replyWithError('down');
    await failureOf(rig, openDriver().check(call));
    expect(exchanges[3]?.status).toBeUndefined();
  });

  test('carries what it says and nothing else: a new key', async () => {
    const bodies: unknown[] = [];
    azure()
      .get(/./)
      .reply(404, error('ResourceNotFound', 'Product not found.'))
      .put(/./)
      .times(2)
      .reply(201, {})
      .get(/./)
      .reply(404, error('ResourceNotFound', 'Subscription not found.'))
      .put(at(`${SERVICE}/subscriptions/${sid}`))
      .reply(async (request: Request) => (bodies.push(request.url.replace(/^.*\?/, ''), await request.json()), [201, {}]));
    await openDriver().issue(sampleRequest({ window: { opensAt: NOW, closesAt: new Date(NOW.getTime() + 1) } }), aCall());
    expect(bodies).toEqual([
      expect.stringContaining('notify=false'),
      {
        properties: {
          scope: expect.stringMatching(/^\/products\/lk-[0-9a-f]{16}$/),
          displayName: 'lk-lse-0001 p=g1 s=- until=2026-01-15T10:00:01Z',
          state: 'active',
          allowTracing: false,
          primaryKey: sampleRequest().secret.reveal(),
        },
      },
    ]);
  });
});
