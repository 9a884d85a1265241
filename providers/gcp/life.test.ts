import { expect, onTestFinished, test } from 'vitest';
import { failureOf } from '../contract-acts.ts';
import { aCall, newSecret, type Rig, sampleRequest, toolsFor } from '../contract-world.ts';
import type { Call, IssueRequest } from '../driver.ts';
import type { FakeGoogleOptions } from './fake.ts';
import { driverAt, livingAt, type Settings, startFake, UNSPEAKABLE } from './fake-rig.ts';

/* A key's life at Google: what is sent, and what becomes of it when a call is lost or Google is slow. */

const ID = 'lk-lse-0001-g1';

async function opened(options: Partial<FakeGoogleOptions> = {}, settings: Settings = {}) {
  const fake = await startFake(options);
  onTestFinished(() => fake.close());
  const driver = driverAt(fake, toolsFor('cloud'), settings);
  const failure = async (work: Promise<unknown> | undefined) =>
    await failureOf({ request: sampleRequest, unspeakable: UNSPEAKABLE } as unknown as Rig, work);
  const made = async (overrides: Partial<IssueRequest> = {}) => {
    const request = sampleRequest(overrides);
    const { handle } = await driver.issue(request, aCall());
    const ref = { name: request.name, handle, secret: null };
    return { ref, request, apiKey: (await driver.reveal!(ref, aCall())).reveal() };
  };
  const sent = (method: string) => fake.requests.filter((request) => request.method === method);
  return { fake, driver, failure, made, sent };
}

/** A call that ends, as by a crash, once something was written down; and what that was. */
function crashing(): { call: Call; kept: unknown[] } {
  const kept: unknown[] = [];
  const crash = new AbortController();
  const keep = async (handle: unknown) => {
    kept.push(JSON.parse(JSON.stringify(handle)));
    crash.abort();
  };
  return { kept, call: { ...aCall(crash.signal), keep } };
}

test('a key is asked for under its name, restricted to the service, and without anything of its holder', async () => {
  const { made, sent, fake } = await opened();
  const { ref } = await made({ allowedIps: ['198.51.100.0/24'] });
  const [create] = sent('POST');
  expect(create?.url.pathname).toBe('/v2/projects/lab-project/locations/global/keys');
  expect(create?.url.searchParams.get('keyId')).toBe(ID);
  expect(create?.body).toStrictEqual({
    displayName: `${ID} lab-api`,
    annotations: {
      'managed-by': 'latchkey',
      'latchkey-name': ID,
      'latchkey-lease': 'lse_0001',
      'latchkey-reservation': expect.stringMatching(/^[0-9a-f]{16}$/),
      'latchkey-methods': '*',
      'latchkey-ips': '198.51.100.0/24',
    },
    restrictions: {
      apiTargets: [{ service: fake.service }],
      serverKeyRestrictions: { allowedIps: ['198.51.100.0/24'] },
    },
  });
  expect(ref.handle).toEqual({ resource: `projects/123456789012/locations/global/keys/${ID}` });
  expect(JSON.stringify(fake.requests.map(({ body }) => body ?? ''))).not.toMatch(/ada|user-7/);
  expect(fake.requests.every(({ headers }) => headers['user-agent']?.includes('latchkey-contract'))).toBe(true);
});

test.for(['9-lives', 'lk-ends-with-', 'x'.repeat(64)])(
  'a name that is no id for Google gets one of its own: %s',
  async (name) => {
    const { made, driver, fake } = await opened();
    await made({ name });
    const { ref } = await made({ name });
    expect(fake.keys()).toHaveLength(1);
    expect(fake.keys()[0]?.name).toMatch(/\/keys\/lk-[0-9a-f]{40}$/);
    await driver.revoke({ ...ref, handle: null }, aCall());
    expect(livingAt(fake)).toEqual([]);
  },
);

test.for([1, 4])('after a crash the operation that was stored is gone on with (%i looks to its end)', async (polls) => {
  const { driver, fake, sent } = await opened({ polls });
  const { call, kept } = crashing();
  await expect(driver.issue(sampleRequest(), call)).rejects.toMatchObject({ kind: 'transient' });
  expect(kept).toEqual([{ resource: expect.stringContaining(ID), operation: expect.stringMatching(/^operations\//) }]);
  const again = await driver.issue(sampleRequest({ kept: kept[0] }), aCall());
  expect(again).toMatchObject({ existed: true, handle: { resource: expect.stringContaining(ID) } });
  expect(again.handle).not.toHaveProperty('operation');
  expect(livingAt(fake)).toMatchObject([{ name: ID, complete: true }]);
  expect(sent('POST')).toHaveLength(1);
});

test('an operation that Google has forgotten is no reason not to make the key', async () => {
  const { driver, fake } = await opened();
  const kept = { resource: 'r', operation: 'operations/of-last-month' };
  await driver.issue(sampleRequest({ kept }), aCall());
  expect(livingAt(fake)).toMatchObject([{ name: ID, complete: true }]);
});

test('a handle in a form of long ago is as good as none', async () => {
  const { driver, fake } = await opened();
  await driver.issue(sampleRequest({ kept: { key: 7 } }), aCall());
  expect(livingAt(fake)).toHaveLength(1);
});

test.for(['shown', 'hidden'] as const)(
  'a key whose answer was lost is waited for and adopted (deleted ones are %s)',
  async (deleted) => {
    const { driver, fake, made } = await opened({ polls: 9, deleted });
    fake.fail({ on: 'issue', how: 'lost-answer' });
    await expect(driver.issue(sampleRequest(), aCall())).rejects.toMatchObject({ kind: 'transient' });
    const { apiKey } = await made();
    expect(livingAt(fake)).toMatchObject([{ name: ID, complete: true }]);
    expect(fake.opensTheDoor({ apiKey })).toBe(true);
  },
);

test('an adopted key opens what is asked for now, not what was asked for then', async () => {
  const { made, fake } = await opened();
  await made({ allowedIps: ['203.0.113.5'] });
  const { apiKey } = await made({ allowedIps: ['198.51.100.7'] });
  expect(fake.opensTheDoor({ apiKey, ip: '203.0.113.5' })).toBe(false);
  expect(fake.opensTheDoor({ apiKey, ip: '198.51.100.7' })).toBe(true);
  expect(fake.keys()).toHaveLength(1);
});

test("somebody else's key of the same id is neither adopted nor deleted nor said to be ours", async () => {
  const { driver, fake, made, failure } = await opened();
  const { ref } = await made();
  Object.assign(fake.keys()[0]!, { annotations: { owner: 'somebody' } });
  const error = await failure(driver.issue(sampleRequest(), aCall()));
  expect(error).toMatchObject({ kind: 'rejected', message: expect.stringContaining('not ours') });
  await driver.revoke({ ...ref, handle: null }, aCall());
  expect(fake.keys()).toMatchObject([{ annotations: { owner: 'somebody' } }]);
  expect(fake.keys()[0]).not.toHaveProperty('deleteTime');
  expect(await driver.probe?.(ref, aCall())).toBe('gone');
  expect(await Array.fromAsync(driver.list!(aCall()))).toEqual([]);
});

test.for(['shown', 'hidden'] as const)(
  'a name whose key was deleted makes none again, and nothing is undeleted (%s)',
  async (deleted) => {
    const { driver, fake, made, failure, sent } = await opened({ deleted });
    for (const name of ['lk-lse-0002-g1', 'lk-lse-0003-g1', 'lk-lse-0004-g1']) await made({ name, secret: newSecret() });
    const { ref } = await made();
    await driver.revoke(ref, aCall());
    const error = await failure(driver.issue(sampleRequest(), aCall()));
    expect(error).toMatchObject({ kind: 'rejected', message: expect.stringContaining('30 days') });
    expect(livingAt(fake)).toHaveLength(3);
    expect(sent('POST').filter(({ url }) => url.pathname.endsWith(':undelete'))).toEqual([]);
    expect(await driver.probe?.(ref, aCall())).toBe('gone');
  },
);

test('a key that is still being made is waited for and then revoked', async () => {
  const { driver, fake } = await opened({ polls: 5 });
  const { call, kept } = crashing();
  await expect(driver.issue(sampleRequest(), call)).rejects.toMatchObject({ kind: 'transient' });
  await driver.revoke({ name: ID, handle: kept[0] as never, secret: null }, aCall());
  for (let times = 0; times < 9; times += 1) await driver.check(aCall());
  expect(livingAt(fake)).toEqual([]);
});

test('a revoke that was interrupted is gone on with, and the key is deleted once', async () => {
  const { driver, fake, made, sent } = await opened({ polls: 3 });
  const { ref } = await made();
  const { call, kept } = crashing();
  await expect(driver.revoke(ref, call)).rejects.toMatchObject({ kind: 'transient' });
  await driver.revoke({ ...ref, handle: kept[0] as never }, aCall());
  expect(livingAt(fake)).toEqual([]);
  expect(sent('DELETE')).toHaveLength(1);
});

test('a key that was in use, and that Google deletes when told, is restricted to nothing and deleted', async () => {
  const { driver, fake, made, sent } = await opened();
  const { ref, apiKey } = await made();
  fake.opensTheDoor({ apiKey });
  fake.inUse = 'may-go-if-told';
  await driver.revoke(ref, aCall());
  expect(livingAt(fake)).toEqual([]);
  expect(fake.keys()).toMatchObject([{ restrictions: { serverKeyRestrictions: { allowedIps: ['192.0.2.1'] } } }]);
  expect(sent('DELETE').map(({ url }) => url.searchParams.get('checkExistingUsage'))).toEqual([null, 'SKIP']);
});

test('a key that Google does not delete at all opens nothing from then on, and the operator is told', async () => {
  const { driver, fake, made, failure, sent } = await opened();
  const { ref, apiKey } = await made();
  fake.opensTheDoor({ apiKey });
  fake.inUse = 'may-be-held';
  for (let times = 0; times < 2; times += 1) {
    const error = await failure(driver.revoke(ref, aCall()));
    expect(error).toMatchObject({ kind: 'refused', message: expect.stringContaining('opens nothing') });
    expect(fake.opensTheDoor({ apiKey })).toBe(false);
    expect(await driver.probe?.(ref, aCall())).toBe('held');
  }
  expect(sent('PATCH')).toHaveLength(1);
  fake.inUse = 'may-go';
  await driver.revoke(ref, aCall());
  expect(await driver.probe?.(ref, aCall())).toBe('gone');
});

test('a key that can be neither deleted nor restricted is not said to open nothing', async () => {
  const { driver, fake, made, failure } = await opened();
  const { ref, apiKey } = await made();
  fake.opensTheDoor({ apiKey });
  fake.inUse = 'may-not-go';
  const error = await failure(driver.revoke(ref, aCall()));
  expect(error.kind).toBe('refused');
  expect(error.message).not.toContain('opens nothing');
});

test('the value of a key that is gone is not there to be told', async () => {
  const { driver, made, failure } = await opened();
  const { ref, apiKey } = await made();
  expect(JSON.stringify(ref)).not.toContain(apiKey);
  await driver.revoke(ref, aCall());
  expect((await failure(driver.reveal!(ref, aCall()))).kind).toBe('gone');
  expect((await failure(driver.suspend!(ref, aCall()))).kind).toBe('gone');
});

test('a suspended key comes back with the methods and addresses it had, and with no more', async () => {
  const { driver, fake, made } = await opened({}, { methods: { read: ['Get*'], submit: ['CreateData'] } });
  const { ref, apiKey } = await made({ allowedIps: ['198.51.100.7'] });
  await driver.suspend!(ref, aCall());
  expect(await driver.probe?.(ref, aCall())).toBe('held');
  expect(fake.opensTheDoor({ apiKey, ip: '198.51.100.7' })).toBe(false);
  await driver.resume!(ref, aCall());
  expect(await driver.probe?.(ref, aCall())).toBe('works');
  expect(fake.opensTheDoor({ apiKey, ip: '198.51.100.7' })).toBe(true);
  expect(fake.opensTheDoor({ apiKey, ip: '198.51.100.7', operation: 'DeleteData' })).toBe(false);
  expect(fake.opensTheDoor({ apiKey, ip: '198.51.100.8' })).toBe(false);
});

test('a key whose annotations were taken away is not resumed with more than it had', async () => {
  const { driver, fake, made, failure } = await opened();
  const { ref, apiKey } = await made({ allowedIps: ['198.51.100.7'] });
  await driver.suspend!(ref, aCall());
  Object.assign(fake.keys()[0]!, { annotations: {} });
  expect((await failure(driver.resume!(ref, aCall()))).kind).toBe('rejected');
  expect(fake.opensTheDoor({ apiKey })).toBe(false);
});

test('a listed key says what it opens otherwise, and repair makes it again what was asked for', async () => {
  const { driver, fake, made } = await opened();
  const { ref, request, apiKey } = await made({ allowedIps: ['198.51.100.7'] });
  const drift = async () => {
    const [listed] = await Array.fromAsync(driver.list!(aCall()));
    return listed?.driftFrom?.(request);
  };
  expect(await drift()).toEqual([]);
  await driver.suspend!(ref, aCall());
  expect(await drift()).toEqual([]);
  Object.assign(fake.keys()[0]!, { restrictions: {} });
  expect(await drift()).toEqual(['it opens every API of the project', 'its addresses are all']);
  await driver.repair!(ref, request, aCall());
  expect(await drift()).toEqual([]);
  expect(fake.opensTheDoor({ apiKey, ip: '198.51.100.7' })).toBe(true);
  expect(fake.opensTheDoor({ apiKey, ip: '198.51.100.8' })).toBe(false);
});

test('an empty list of addresses opens nothing', async () => {
  const { made, fake } = await opened();
  const { apiKey } = await made({ allowedIps: [] });
  expect(fake.opensTheDoor({ apiKey })).toBe(false);
});

test('where methods are configured, a scope opens its own and no others, and one without any makes no key', async () => {
  const { driver, fake, made, failure } = await opened({}, { methods: { read: ['Get*'] } });
  expect(driver.limits.methods).toMatchObject({ by: 'approximate' });
  const { apiKey } = await made({ scopes: ['read'] });
  expect(fake.opensTheDoor({ apiKey, operation: 'GetData' })).toBe(true);
  expect(fake.opensTheDoor({ apiKey, operation: 'CreateData' })).toBe(false);
  for (const scopes of [['read', 'submit'], []]) {
    const error = await failure(driver.issue(sampleRequest({ name: 'lk-lse-0002-g1', scopes }), aCall()));
    expect(error).toMatchObject({ kind: 'rejected', message: expect.stringMatching(/^cloud: /) });
  }
  expect(fake.keys()).toHaveLength(1);
});

test('where none are configured, a key opens all of the service, and the report says so', async () => {
  const { driver, fake, made } = await opened();
  const { apiKey } = await made({ scopes: ['read'] });
  expect(fake.opensTheDoor({ apiKey, operation: 'DeleteData' })).toBe(true);
  expect(driver.limits).toMatchObject({
    scopes: { by: 'none' },
    methods: { by: 'none' },
    rate: { by: 'none' },
    quota: { by: 'none' },
  });
});

test('a project with as many keys as it may have is full', async () => {
  const { driver, fake, failure } = await opened({ polls: 0 });
  fake.fillUp();
  expect((await failure(driver.issue(sampleRequest(), aCall()))).kind).toBe('full');
});
