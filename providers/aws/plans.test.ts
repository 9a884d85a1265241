import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { failureOf, INSIDE } from '../contract-acts.ts';
import { aCall, newSecret, NOW, sampleRequest, toolsFor } from '../contract-world.ts';
import type { Asked, IssueRequest, Tools } from '../driver.ts';
import type { FakeAwsOptions } from './fake.ts';
import { API, READ_STAGES, WRITE_STAGES } from './fake-apis.ts';
import { driverAt, openRig } from './fake-rig.ts';

afterEach(() => {
  vi.useRealTimers();
});

async function opened(config?: object, options?: Partial<FakeAwsOptions>) {
  const rig = await openRig({ now: NOW, tools: toolsFor('campus'), request: sampleRequest }, config, options);
  onTestFinished(() => rig.close());
  return rig;
}

let made = 0;
function aRequest(overrides: Partial<IssueRequest> = {}): IssueRequest {
  made += 1;
  return sampleRequest({ name: `lk-lse-${made}-g1`, secret: newSecret(), ...overrides });
}

const issue = async ({ driver }: { driver: ReturnType<typeof driverAt> }, overrides?: Partial<IssueRequest>) => {
  const request = aRequest(overrides);
  const { handle } = await driver.issue(request, aCall());
  return { name: request.name, secret: request.secret, handle };
};

test('keys with the same limits share a plan, in one process and in the next', async () => {
  const rig = await opened();
  await Promise.all([1, 2, 3, 4, 5].map(() => issue(rig)));
  await issue({ driver: driverAt(rig.fake.url, toolsFor('campus')) });
  await issue(rig, { scopes: ['submit', 'read'] });
  expect(rig.fake.plans()).toMatchObject([
    {
      name: expect.stringMatching(/^latchkey-[0-9a-f]{16}$/),
      apiStages: [{ apiId: 'a1b2c3', stage: 'prod' }],
      throttle: { burstLimit: 100, rateLimit: expect.closeTo(1 / 36, 7) },
      quota: undefined,
    },
  ]);
  expect(rig.fake.plans()[0]!.keys.size).toBe(7);
  expect(rig.fake.handled.filter(({ operation }) => operation === 'GetUsagePlans')).toHaveLength(2);
});

test('nodes that make the same plan at once agree on one of them afterwards', async () => {
  const { fake } = await opened();
  const alone: Tools = { ...toolsFor('campus'), lock: async (_name, _signal, work) => work() };
  await Promise.all([1, 2, 3].map(() => issue({ driver: driverAt(fake.url, alone) })));
  const before = fake.plans().map((plan) => plan.id);
  const later = await Promise.all([1, 2].map(() => issue({ driver: driverAt(fake.url, alone) })));
  expect(later.map(({ handle }) => handle.planId)).toEqual([before.toSorted()[0], before.toSorted()[0]]);
});

const PERIODS: Record<string, { asked: Partial<Asked>; plan: object }> = {
  'a rate is a bucket of its limit': {
    asked: { rateLimit: { limit: 120, per: 'minute' } },
    plan: { throttle: { burstLimit: 120, rateLimit: 2 } },
  },
  'a rate per day is a bucket too': {
    asked: { rateLimit: { limit: 86_400, per: 'day' } },
    plan: { throttle: { burstLimit: 86_400, rateLimit: 1 } },
  },
  'a rate per month is not sent': { asked: { rateLimit: { limit: 5, per: 'month' } }, plan: { throttle: undefined } },
  'a rate per reservation is not sent': { asked: { rateLimit: { limit: 5, per: 'reservation' } }, plan: { throttle: undefined } },
  'a quota per day is one': {
    asked: { quota: { limit: 5, per: 'day' } },
    plan: { quota: { limit: 5, period: 'DAY', offset: 0 } },
  },
  'a quota per month is one': {
    asked: { quota: { limit: 5, per: 'month' } },
    plan: { quota: { limit: 5, period: 'MONTH', offset: 0 } },
  },
  'a quota per hour is never made another': { asked: { quota: { limit: 5, per: 'hour' } }, plan: { quota: undefined } },
  'a quota per reservation is never made another': {
    asked: { quota: { limit: 5, per: 'reservation' } },
    plan: { quota: undefined },
  },
};

test.for(Object.entries(PERIODS))('%s, and the report says which it is', async ([, { asked, plan }]) => {
  const rig = await opened();
  await issue(rig, asked);
  expect(rig.fake.plans()).toMatchObject([plan]);
  const [limit, sent] = Object.entries(plan)[0] as ['quota' | 'throttle', unknown];
  const told = rig.driver.limitsFor?.(aRequest(asked))[limit === 'quota' ? 'quota' : 'rate'];
  expect(told).toMatchObject({ by: sent ? 'approximate' : 'none', note: expect.any(String) });
});

test('the gateway keeps to the plan: so many at once, then one now and then', async () => {
  let now = NOW;
  const rig = await opened({}, { now: () => now });
  const { secret } = await issue(rig, { rateLimit: { limit: 3, per: 'minute' }, quota: { limit: 5, per: 'day' } });
  const knock = () => rig.fake.knock({ apiKey: secret.reveal(), stage: API, ...INSIDE });
  expect([knock(), knock(), knock(), knock()]).toEqual([200, 200, 200, 429]);
  now = new Date(now.getTime() + 3_600_000);
  expect([knock(), knock(), knock()]).toEqual([200, 200, 429]);
  now = new Date(now.getTime() + 24 * 3_600_000);
  expect(knock()).toBe(200);
});

test('scopes with stages of their own are the only ones that open', async () => {
  const rig = await opened({ scopes: { read: READ_STAGES, submit: WRITE_STAGES } });
  const { secret } = await issue(rig, { scopes: ['read'] });
  const knock = (stage: string, method: string) => rig.fake.knock({ apiKey: secret.reveal(), stage, method, path: '/api/data' });
  expect([knock('r0r0r0:ro', 'GET'), knock('w0w0w0:rw', 'POST'), knock(API, 'GET')]).toEqual([200, 403, 403]);
  const told = (scopes: string[]) => rig.driver.limitsFor?.(aRequest({ scopes })).scopes.by;
  expect([told(['read']), told(['read', 'submit']), told(['read', 'admin'])]).toEqual(['gateway', 'gateway', 'none']);
});

test('a scope without stages of its own opens the usual one, beside those of the others', async () => {
  const rig = await opened({ scopes: { read: READ_STAGES } });
  await issue(rig, { scopes: ['read', 'admin'] });
  expect(rig.fake.plans()[0]!.apiStages).toHaveLength(2);
});

test('a plan that somebody changed is left to its keys, and another made', async () => {
  const rig = await opened();
  const { handle } = await issue(rig);
  Object.assign(rig.fake.console.plan(handle.planId!), { throttle: { rateLimit: 1, burstLimit: 1 } });
  const later = await issue({ driver: driverAt(rig.fake.url, toolsFor('campus')) });
  expect(later.handle.planId).not.toBe(handle.planId);
  expect(rig.fake.plans()).toHaveLength(2);
});

test('a plan that went away is made again by the next call', async () => {
  const rig = await opened();
  const { handle, ...key } = await issue(rig);
  await rig.driver.revoke({ ...key, handle }, aCall());
  rig.fake.console.plan(handle.planId!).apiStages = [];
  rig.fake.console.deletePlan(handle.planId!);
  const request = aRequest();
  expect((await failureOf(rig, rig.driver.issue(request, aCall()))).kind).toBe('transient');
  await rig.driver.issue(request, aCall());
  expect(rig.fake.keys()).toMatchObject([{ plans: [{ throttle: { burstLimit: 100 } }] }]);
});

test.for([
  ['keys', { maxKeys: 1 }, {}],
  ['plans', { maxPlans: 1 }, { rateLimit: { limit: 1, per: 'second' } }],
] as const)('an account with as many %s as it may have is full', async ([, caps, other]) => {
  const rig = await opened({}, caps);
  await issue(rig);
  const error = await failureOf(rig, rig.driver.issue(aRequest(other), aCall()));
  expect(error).toMatchObject({ kind: 'full', status: 429 });
});

test('a stage that is not there is for an operator to look at, a limit that AWS does not take for the owner', async () => {
  const lost = await opened({ stage: 'nowhere' });
  expect(await failureOf(lost, lost.driver.issue(aRequest(), aCall()))).toMatchObject({
    kind: 'denied',
    message: 'campus: there is no stage a1b2c3:nowhere',
  });
  const rig = await opened();
  const error = await failureOf(rig, rig.driver.issue(aRequest({ rateLimit: { limit: 0, per: 'second' } }), aCall()));
  expect(error.kind).toBe('rejected');
});

test('the stage may be left out where the API has one', async () => {
  const rig = await opened({ stage: undefined });
  await issue(rig);
  expect(rig.fake.plans()).toMatchObject([{ apiStages: [{ apiId: 'a1b2c3', stage: 'prod' }] }]);
  for (const restApiId of ['w0w0w0', 'nothing']) {
    const lost = await opened({ stage: '', restApiId });
    expect((await failureOf(lost, lost.driver.issue(aRequest(), aCall()))).kind).toBe('denied');
  }
});

const hour = (hours: number) => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW.getTime() + hours * 3_600_000 });
};

test('a plan without keys is set aside, and deleted an hour later', async () => {
  const rig = await opened();
  hour(0);
  const used = await issue(rig);
  const unused = await issue(rig, { rateLimit: { limit: 1, per: 'second' } });
  await rig.driver.revoke(unused, aCall());
  expect(await rig.driver.tidy?.(aCall())).toBe(0);
  expect(rig.fake.plans().map(({ name }) => /-unused-\d+$/.test(name))).toEqual([false, true]);
  hour(0.9);
  expect(await rig.driver.tidy?.(aCall())).toBe(0);
  expect(rig.fake.plans()).toHaveLength(2);
  hour(1);
  expect(await rig.driver.tidy?.(aCall())).toBe(1);
  expect(rig.fake.plans()).toMatchObject([{ id: used.handle.planId }]);
  expect(await rig.driver.tidy?.(aCall())).toBe(0);
});

test('a plan that was about to be used when it was set aside is kept, and its key works all the while', async () => {
  const rig = await opened();
  hour(0);
  await rig.driver.revoke(await issue(rig), aCall());
  await rig.driver.tidy?.(aCall());
  hour(0.1);
  const { secret } = await issue(rig);
  const knock = () => rig.fake.knock({ apiKey: secret.reveal(), stage: API, ...INSIDE });
  expect(rig.fake.plans()).toHaveLength(1);
  expect(knock()).toBe(200);
  hour(1);
  expect(await rig.driver.tidy?.(aCall())).toBe(0);
  expect(rig.fake.plans()).toMatchObject([{ name: expect.stringMatching(/^latchkey-[0-9a-f]{16}$/) }]);
  expect(knock()).toBe(200);
});

test('a node forgets a plan that was set aside long before it is deleted', async () => {
  const rig = await opened();
  hour(0);
  const { handle, ...key } = await issue(rig);
  await rig.driver.revoke({ ...key, handle }, aCall());
  await driverAt(rig.fake.url, toolsFor('campus')).tidy?.(aCall());
  hour(0.3);
  expect((await issue(rig)).handle.planId).not.toBe(handle.planId);
});

test('tidy deletes what stopped half-way, one plan in a call, and nothing of others', async () => {
  const rig = await opened();
  hour(0);
  rig.fake.console.createPlan({ name: 'latchkey-by-hand' });
  for (const [at, apiStages] of [[], [{ apiId: 'a1b2c3', stage: 'prod' }]].entries())
    rig.fake.console.createPlan({ name: `latchkey-0123456789abcde${at}-unused-1700000000`, apiStages });
  expect([await rig.driver.tidy?.(aCall()), rig.fake.plans().length]).toEqual([1, 2]);
  expect([await rig.driver.tidy?.(aCall()), rig.fake.plans().length]).toEqual([1, 1]);
  expect([await rig.driver.tidy?.(aCall()), rig.fake.plans().length]).toEqual([0, 1]);
});

test.for([
  ['UpdateUsagePlan', 'lost-answer'],
  ['DeleteUsagePlan', '500'],
  ['DeleteUsagePlan', 'lost-answer'],
] as const)('a collection stopped at %s by %s is ended by the next', async ([on, how]) => {
  const rig = await opened();
  hour(0);
  rig.fake.console.createPlan({
    name: 'latchkey-0123456789abcdef-unused-1700000000',
    apiStages: [{ apiId: 'a1b2c3', stage: 'prod' }],
  });
  rig.fake.fail({ on, how });
  await failureOf(rig, rig.driver.tidy?.(aCall()));
  await rig.driver.tidy?.(aCall());
  expect(rig.fake.plans()).toEqual([]);
});
