import { inspect } from 'node:util';
import nock from 'nock';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../src/secret/secret.ts';
import { testDriver } from '../contract.ts';
import { failureOf } from '../contract-acts.ts';
import { aCall, ALL_FAULTS, hoursFromNow, NOW, type Rig, sampleRequest, toolsFor } from '../contract-world.ts';
import { generic } from './driver.ts';
import { type FakeManagerOptions, startFakeManager } from './fake.ts';
import { VENDOR_TEXT } from './fake-faults.ts';

const TOKEN = 'management-token-5d1c';

async function openRig(options: Partial<FakeManagerOptions> = {}) {
  const fake = await startFakeManager({ token: TOKEN, now: () => NOW, ...options });
  const rig = {
    fake,
    driver: driverAt(fake.url),
    request: sampleRequest,
    unspeakable: [TOKEN, VENDOR_TEXT],
    world: {
      liveKeys: async () =>
        fake.keys().map(({ name, complete, policies, expires_at }) => ({
          name,
          complete,
          policies: policies.map((policy) => JSON.stringify(policy)),
          closesAt: new Date(expires_at),
        })),
      opensTheDoor: async (secret, request) => fake.opensTheDoor({ apiKey: secret.reveal(), ...request }),
      failNext: async ({ on, how }) => fake.fail({ on: on === 'check' || on === 'list' ? 'usage' : on, how }),
    },
    close: () => fake.close(),
  } satisfies Rig & { fake: unknown };
  return rig;
}

function driverAt(endpoint: string) {
  return generic.open(generic.config.parse({ endpoint, token: TOKEN }), toolsFor('campus'));
}

const faults = { issue: ALL_FAULTS, policy: ALL_FAULTS, revoke: ALL_FAULTS, usage: ALL_FAULTS, check: ALL_FAULTS };

testDriver({
  name: 'generic, at a manager that honours Idempotency-Key and updates by value',
  definition: generic,
  faults: { ...faults, retime: ALL_FAULTS },
  open: () => openRig({ repeats: 'upsert' }),
});

testDriver({
  name: 'generic, at a manager that only answers 409 to what it has',
  definition: generic,
  faults,
  turnsDown: ['retime'],
  open: () => openRig({ repeats: 'conflict', idempotency: 'ignored' }),
});

async function opened(options?: Partial<FakeManagerOptions>) {
  const rig = await openRig(options);
  onTestFinished(() => rig.close());
  return rig;
}

test('a name that becomes known before the call is made again changes the request, and does not refuse it', async () => {
  const { driver, fake, request } = await opened({ repeats: 'conflict' });
  fake.fail({ on: 'policy', how: '500' });
  const nameless = request({ holder: { id: 'user-7', name: 'user-7' } });
  await expect(driver.issue(nameless, aCall())).rejects.toMatchObject({ kind: 'transient' });
  await expect(driver.issue(request(), aCall())).resolves.toMatchObject({ existed: true });
  expect(fake.keys()).toMatchObject([{ complete: true }]);
});

test('a window that becomes shorter and then what it was before is moved both times', async () => {
  const { driver, fake, request } = await opened({ repeats: 'upsert' });
  const { handle } = await driver.issue(request(), aCall());
  const ref = { name: request().name, handle, secret: null };
  const windowTo = (hours: number) => ({ window: { opensAt: hoursFromNow(-1), closesAt: hoursFromNow(hours) } });
  for (const [hours, requestId] of [
    [1, 'req-2'],
    [2, 'req-3'],
    [1, 'req-4'],
  ] as const) {
    await driver.retime?.(ref, request(windowTo(hours)), { ...aCall(), requestId });
    expect(fake.keys()).toMatchObject([{ expires_at: hoursFromNow(hours).toISOString() }]);
  }
});

test('the requests are the seed contract to the letter', async () => {
  const { driver, fake, request } = await opened();
  const secret = new Secret('temp_0123456789abcdef');
  const asked = request({
    secret,
    scopes: ['read', 'write'],
    methodsByScope: { read: ['GET'], write: ['GET', 'POST', 'PUT', 'PATCH'] },
    endpoints: ['/api/**'],
    quota: { limit: 1000, per: 'month' },
  });
  const { handle } = await driver.issue(asked, aCall());
  await driver.usage?.({ name: asked.name, handle, secret: null }, { from: NOW, to: NOW }, aCall());
  await driver.revoke({ name: asked.name, handle, secret: null }, aCall());

  const api_key = secret.reveal();
  const policy = (policy_type: string, configuration: object) => ({ api_key, policy_type, configuration });
  const [create, ...rest] = fake.requests;
  expect(create).toMatchObject({ method: 'POST', path: '/api/keys' });
  expect(create?.headers).toMatchObject({ authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' });
  expect(create?.body).toStrictEqual({
    api_key,
    name: 'lab-api-ada',
    description: 'Temporary API key for ada on lab-api',
    user_id: 'user-7',
    username: 'ada',
    resource_name: 'lab-api',
    scopes: ['read', 'write'],
    quota: 1000,
    rate_limit: '100/hour',
    expires_at: '2026-01-15T12:00:00.000Z',
    allowed_endpoints: ['/api/**'],
    metadata: { created_by: 'webhook', resource_type: 'temporary_access', reservation_id: '101' },
  });
  const attached = rest.filter((sent) => sent.path === '/api/policies');
  expect(attached.every((sent) => sent.method === 'POST')).toBe(true);
  expect(new Set(attached.map((sent) => sent.body))).toStrictEqual(
    new Set([
      policy('rate_limit', { limit: '100/hour', scope: 'api_key' }),
      policy('quota', { limit: 1000, period: 'month', scope: 'api_key' }),
      policy('scope_access', { scope: 'read', allowed_methods: ['GET'], allowed_endpoints: ['/api/**'] }),
      policy('scope_access', {
        scope: 'write',
        allowed_methods: ['GET', 'POST', 'PUT', 'PATCH'],
        allowed_endpoints: ['/api/**'],
      }),
      policy('path_access', {
        path_pattern: '/api/**',
        allowed_methods: ['GET', 'POST', 'PUT', 'PATCH'],
        deny_by_default: true,
      }),
    ]),
  );
  expect(rest.slice(-2).map((sent) => `${sent.method} ${sent.path}`)).toEqual([
    `GET /api/keys/${api_key}/usage`,
    `DELETE /api/keys/${api_key}`,
  ]);
});

test('every step has an Idempotency-Key that a repetition sends again and no other step uses', async () => {
  const { driver, fake, request } = await opened();
  await driver.issue(request(), aCall());
  const first = fake.requests.map((sent) => sent.headers['idempotency-key']);
  await driver.issue(request(), aCall());
  const second = fake.requests.slice(first.length).map((sent) => sent.headers['idempotency-key']);
  expect(new Set(first).size).toBe(first.length);
  expect(new Set(second)).toEqual(new Set(first));
});

test('a quota per reservation goes out as the longest period that the manager knows, and the report says so', async () => {
  const { driver, fake, request } = await opened();
  await driver.issue(request({ quota: { limit: 10, per: 'reservation' } }), aCall());
  expect(fake.requests.map((sent) => sent.body)).toContainEqual(
    expect.objectContaining({ policy_type: 'quota', configuration: { limit: 10, period: 'month', scope: 'api_key' } }),
  );
  expect(driver.limits.quota).toMatchObject({ by: 'approximate', note: expect.stringContaining('month') });
});

test('a grant without endpoints opens nothing: an empty list is sent, never null', async () => {
  const { driver, fake, request } = await opened();
  await driver.issue(request({ endpoints: [] }), aCall());
  expect(fake.opensTheDoor({ apiKey: request().secret.reveal(), method: 'GET', path: '/api/data' })).toBe(false);
});

test('without handle and value a key cannot be addressed, and revoke says so', async () => {
  const rig = await opened();
  const error = await failureOf(rig, rig.driver.revoke({ name: rig.request().name, handle: null, secret: null }, aCall()));
  expect(error.kind).toBe('rejected');
});

test('check warns of a manager to which the token travels unencrypted', async () => {
  nock('http://manager.test').get('/api/keys/latchkey-check/usage').reply(404);
  expect(await driverAt('http://manager.test').check(aCall())).toMatchObject({
    ok: true,
    warnings: [expect.stringContaining('unencrypted')],
  });
});

afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

const page = '<html><body>Please log in</body></html>';
const oddAnswers = {
  'a redirect is not followed': { reply: [307, '', { location: 'http://elsewhere.test/api/keys' }], kind: 'denied' },
  'a login page with status 200 is not an answer': { reply: [200, page, { 'content-type': 'text/html' }], kind: 'transient' },
  'a status that means not yet is not done': { reply: [202, '{}'], kind: 'transient' },
  'an answer without end is cut off': { reply: [200, 'x'.repeat(2 * 1024 * 1024)], kind: 'transient' },
  'a proxy that is not the manager has not revoked': { reply: [503, page, { 'retry-after': '3' }], kind: 'transient' },
  "a proxy's page for an address it does not know proves nothing": { reply: [404, page], kind: 'transient' },
  "a proxy's line of text proves nothing": { reply: [404, '404 page not found\n'], kind: 'transient' },
  "a proxy's page does not refuse a key for good": { reply: [400, page], kind: 'transient' },
  "a proxy's page for a conflict is no key that is there": { reply: [409, page], kind: 'transient' },
  'a page for who may not come in is for an operator to look at': { reply: [403, page], kind: 'denied' },
} as const;

test.for(Object.entries(oddAnswers))('%s', async ([, { reply, kind }]) => {
  const elsewhere = nock('http://elsewhere.test').post('/api/keys').reply(201);
  const [status, body, headers] = reply;
  nock('https://manager.test').post('/api/keys').reply(status, body, headers).delete(/./).reply(status, body, headers);
  const rig = { ...(await opened()), driver: driverAt('https://manager.test/') };
  const { name, secret } = rig.request();
  expect((await failureOf(rig, rig.driver.issue(rig.request(), aCall()))).kind).toBe(kind);
  expect((await failureOf(rig, rig.driver.revoke({ name, handle: null, secret }, aCall()))).kind).toBe(kind);
  expect(elsewhere.isDone()).toBe(false);
});

test('usage in another form is an error, not a number', async () => {
  const rig = { ...(await opened()), driver: driverAt('https://manager.test') };
  const ref = { name: rig.request().name, handle: null, secret: rig.request().secret };
  for (const body of ['{"quota_used":"many"}', 'null', 'OK', '']) {
    nock('https://manager.test')
      .get(/usage$/)
      .reply(200, body);
    const reading = rig.driver.usage?.(ref, { from: NOW, to: NOW }, aCall());
    expect((await failureOf(rig, reading)).kind).toBe('transient');
  }
});

/** A manager that keeps one policy of each type, and calls any other of it a conflict. */
function managerOfOnePolicyAType(options: { keyIsThere?: boolean; firstPolicy?: number } = {}) {
  const types = new Set<unknown>();
  let sent = 0;
  nock('https://manager.test')
    .post('/api/keys')
    .reply(options.keyIsThere ? 409 : 201)
    .post('/api/policies')
    .times(9)
    .reply(async (request: Request) => {
      const { policy_type: type } = (await request.json()) as { policy_type: string };
      if (types.has(type)) return [409, '{}'];
      types.add(type);
      return [sent++ === 0 ? (options.firstPolicy ?? 201) : 201, '{}'];
    });
}

test.for([201, 500])(
  'a policy refused as a conflict on a new key is not attached (the first is answered %i)',
  async (firstPolicy) => {
    managerOfOnePolicyAType({ firstPolicy });
    const rig = { ...(await opened()), driver: driverAt('https://manager.test') };
    const error = await failureOf(rig, rig.driver.issue(rig.request(), aCall()));
    expect(error).toMatchObject({ kind: 'rejected', status: 409, message: expect.stringContaining('conflict') });
  },
);

test('where an earlier call got through, a conflict may be its policy', async () => {
  managerOfOnePolicyAType({ keyIsThere: true });
  const issued = driverAt('https://manager.test').issue(sampleRequest(), aCall());
  await expect(issued).resolves.toHaveProperty('handle');
});

test('a value cannot leave its place in the path', async () => {
  const { driver, fake, request } = await opened();
  await driver.revoke({ name: request().name, handle: null, secret: new Secret('a/../../b?c#d') }, aCall());
  expect(fake.requests.at(-1)?.path).toBe('/api/keys/a%2F..%2F..%2Fb%3Fc%23d');
});

test('a manager that is slower than the configured timeout is not waited for', async () => {
  const rig = await opened({ latencyMs: 5000 });
  const config = generic.config.parse({ endpoint: rig.fake.url, token: TOKEN, timeout: '100ms' });
  const driver = generic.open(config, toolsFor('campus'));
  expect((await failureOf(rig, driver.issue(rig.request(), aCall()))).kind).toBe('transient');
});

test('a call has time for a key and its policies, each as long as the configured timeout', () => {
  for (const [timeout, twice] of [['30s', 60_000] as const, ['10m', 1_200_000] as const]) {
    const config = generic.config.parse({ endpoint: 'https://manager.test', token: TOKEN, timeout });
    expect(generic.open(config, toolsFor('campus')).deadlineMs).toBeGreaterThan(twice);
  }
});

test('a moved window is not taken for a repetition', async () => {
  const { driver, fake, request } = await opened({ repeats: 'upsert' });
  const { handle } = await driver.issue(request(), aCall());
  const window = { opensAt: NOW, closesAt: hoursFromNow(9) };
  await driver.retime?.({ name: request().name, handle, secret: null }, request({ window }), aCall());
  expect(fake.keys()).toMatchObject([{ expires_at: window.closesAt.toISOString(), complete: true }]);
});

test('the configuration takes times and addresses as people write them, and hides the token', () => {
  const timeouts = { '30s': 30_000, '500ms': 500, '2m': 120_000, '45': 45_000 };
  for (const [timeout, ms] of Object.entries(timeouts))
    expect(generic.config.parse({ endpoint: 'https://m.example/base/', token: ' t ', timeout })).toMatchObject({
      timeout: ms,
      endpoint: 'https://m.example/base',
    });
  expect(generic.config.parse({ endpoint: 'https://m.example', token: 't', timeout: 30 }).timeout).toBe(30_000);
  expect(inspect(generic.config.parse({ endpoint: 'https://m.example', token: TOKEN }), { depth: 10 })).not.toContain(TOKEN);
  for (const wrong of [
    { endpoint: 'ftp://m' },
    { endpoint: 'https://u:p@m' },
    { token: '' },
    { timeout: 'soon' },
    { timeout: '0s' },
    { timeout: 0 },
    { timeout: '11m' },
    { timeout: 601 },
    { tokens: 1 },
  ])
    expect(generic.config.safeParse({ endpoint: 'https://m.example', token: 't', ...wrong }).success).toBe(false);
});
