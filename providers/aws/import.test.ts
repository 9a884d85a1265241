import { expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../src/secret/secret.ts';
import { failureOf, INSIDE } from '../contract-acts.ts';
import { aCall, hoursFromNow, newSecret, NOW, sampleRequest, toolsFor } from '../contract-world.ts';
import type { IssueRequest } from '../driver.ts';
import type { FakeAwsOptions } from './fake.ts';
import { API } from './fake-apis.ts';
import { openRig } from './fake-rig.ts';

async function opened(config?: object, options?: Partial<FakeAwsOptions>) {
  const rig = await openRig({ now: NOW, tools: toolsFor('campus'), request: sampleRequest }, config, options);
  onTestFinished(() => rig.close());
  return rig;
}

const classOf = (size: number, overrides: Partial<IssueRequest> = {}) =>
  Array.from({ length: size }, (_, number) =>
    sampleRequest({ name: `lk-lse-${String(number).padStart(4, '0')}-g1`, secret: newSecret(), ...overrides }),
  );
const calls = (rig: Awaited<ReturnType<typeof opened>>, operation: string) =>
  rig.fake.handled.filter((one) => one.operation === operation).length;

test('a class is imported by one request: each key under its name and value, in its plan, with its own handle', async () => {
  const rig = await opened();
  const requests = classOf(60);
  const issued = await rig.driver.issueMany!(requests, aCall());
  expect(calls(rig, 'ImportApiKeys')).toBe(1);
  expect(calls(rig, 'CreateApiKey') + calls(rig, 'CreateUsagePlanKey')).toBe(0);
  for (const [at, { name, secret }] of requests.entries()) {
    const { keyId, planId } = issued[at]!.handle;
    expect(rig.fake.console.key(keyId)).toMatchObject({ name, value: secret.reveal(), enabled: true });
    expect(rig.fake.console.plan(planId!).keys).toContain(keyId);
    expect(rig.fake.knock({ apiKey: secret.reveal(), stage: API, ...INSIDE })).toBe(200);
  }
  expect(issued.every(({ existed }) => existed)).toBe(false);
  expect(rig.fake.plans()).toHaveLength(1);
});

test('where tags matter, there is no import', async () => {
  expect((await opened()).driver.issueMany).toBeDefined();
  expect((await opened({ import: false })).driver.issueMany).toBeUndefined();
});

test('each goes into the plan of its own limits', async () => {
  const rig = await opened();
  const requests = [...classOf(3), ...classOf(6, { rateLimit: { limit: 7, per: 'second' } }).slice(3)];
  await rig.driver.issueMany!(requests, aCall());
  expect(rig.fake.keys().map(({ plans }) => plans.map((plan) => plan.throttle?.burstLimit))).toEqual([
    [100],
    [100],
    [100],
    [7],
    [7],
    [7],
  ]);
});

test('repeated, also with others and with other limits, there is one of each and it has what was asked last', async () => {
  const rig = await opened({ scopes: { read: [{ restApiId: 'r0r0r0', stage: 'ro' }] } });
  const requests = classOf(8, { scopes: ['submit'] });
  await rig.driver.issue(requests[0]!, aCall());
  await rig.driver.issueMany!(requests.slice(0, 6), aCall());
  const last = requests.map((request) => ({ ...request, scopes: ['read'] }));
  const issued = await rig.driver.issueMany!(last, aCall());
  expect(issued.map(({ existed }) => existed)).toEqual([true, true, true, true, true, true, false, false]);
  expect(rig.fake.keys().map(({ name }) => name)).toEqual(requests.map(({ name }) => name));
  for (const { plans } of rig.fake.keys()) expect(plans).toMatchObject([{ apiStages: [{ apiId: 'r0r0r0' }] }]);
});

test.for(['lost-answer', 'hang', 'html', '429-seconds'] as const)('stopped by %s, the same call gets there', async (how) => {
  const rig = await opened();
  const requests = classOf(7);
  rig.fake.fail({ on: 'ImportApiKeys', how });
  await failureOf(rig, rig.driver.issueMany!(requests, aCall(how === 'hang' ? AbortSignal.timeout(250) : undefined)));
  await rig.driver.issueMany!(requests, aCall());
  expect(rig.fake.keys().map(({ plans }) => plans.length)).toEqual([1, 1, 1, 1, 1, 1, 1]);
});

test('keys that are not listed yet are waited for', async () => {
  let now = NOW;
  const rig = await opened({}, { listLagMs: 2000, now: () => now });
  const requests = classOf(7);
  expect((await failureOf(rig, rig.driver.issueMany!(requests, aCall()))).kind).toBe('transient');
  now = hoursFromNow(1);
  expect(await rig.driver.issueMany!(requests, aCall())).toHaveLength(7);
  expect(rig.fake.keys()).toHaveLength(7);
});

test('keys that the import left out of their plan are put into it by themselves', async () => {
  const rig = await opened({}, { importLinks: 'ignored' });
  await rig.driver.issueMany!(classOf(7), aCall());
  expect(rig.fake.keys().map(({ plans }) => plans.length)).toEqual([1, 1, 1, 1, 1, 1, 1]);
});

test('a key of somebody else is not taken for one of the same name', async () => {
  const rig = await opened();
  const requests = classOf(7);
  await rig.driver.issue(requests[2]!, aCall());
  const other = rig.fake.console.createKey({ name: requests[2]!.name, value: newSecret().reveal() });
  const issued = await rig.driver.issueMany!(requests, aCall());
  expect(issued.map(({ handle }) => handle.keyId)).not.toContain(other.id);
});

test('a key that was in a plan of somebody else is moved', async () => {
  const rig = await opened();
  const requests = classOf(7);
  await rig.driver.issue(requests[0]!, aCall());
  const { id } = rig.fake.plans()[0]!;
  // The first of the others is held by a plan of the same stage, which the import only warns of.
  const by = rig.fake.console.createPlan({ name: 'by hand', apiStages: [{ apiId: 'a1b2c3', stage: 'prod' }] });
  const { name, secret } = requests[1]!;
  rig.fake.console.link(by.id, rig.fake.console.createKey({ name, value: secret.reveal(), enabled: false }).id);
  await rig.driver.issueMany!(requests, aCall());
  expect(rig.fake.keys().map(({ plans, enabled }) => [enabled, ...plans.map((plan) => plan.id)])).toEqual(
    requests.map(() => [true, id]),
  );
});

test('what people wrote stays in its field', async () => {
  const rig = await opened();
  const requests = classOf(6, { resource: { id: '1', name: 'a "b", c\n=SUM(1,2)\nlk-x,value,,true,', type: '' } });
  await rig.driver.issueMany!(requests, aCall());
  expect(rig.fake.keys()).toHaveLength(6);
  expect(rig.fake.keys()[0]).toMatchObject({ description: 'Latchkey key_lk-lse-0000-g1 for a _b_ c_=SUM_1_2_lk-x_value_true_' });
});

test('an account that has no room for all of them takes none, and says that it is full', async () => {
  const rig = await opened({}, { maxKeys: 6 });
  expect((await failureOf(rig, rig.driver.issueMany!(classOf(7), aCall()))).kind).toBe('full');
  expect(rig.fake.keys()).toEqual([]);
});

test('one value that AWS does not take has each issued by itself', async () => {
  const rig = await opened();
  const requests = [...classOf(6), sampleRequest({ name: 'lk-odd', secret: newSecret() })];
  const odd = requests.map((request, at) =>
    at === 3 ? { ...request, secret: new Secret('too_odd_for_the_gateway_0') } : request,
  );
  expect((await failureOf(rig, rig.driver.issueMany!(odd, aCall()))).kind).toBe('rejected');
  expect(rig.fake.keys()).toEqual([]);
});
