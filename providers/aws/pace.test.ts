import { expect, onTestFinished, test } from 'vitest';
import { aCall, newSecret, NOW, sampleRequest, toolsFor } from '../contract-world.ts';
import type { Call, IssueRequest } from '../driver.ts';
import { APIS } from './fake-apis.ts';
import { DOCUMENTED_RATES, type Rates } from './fake-rates.ts';
import { openRig } from './fake-rig.ts';

/*
 * An account that takes no more than is documented, in a time of its own: it goes on to the next turn whenever one is waited for, so
 * that nobody waits. Turns are given as the core gives them, evenly.
 */

interface Account {
  readonly rates?: Partial<Rates>;
  readonly config?: object;
}

async function opened({ rates = {}, config = {} }: Account = {}) {
  let nowMs = NOW.getTime();
  const rig = await openRig({ now: NOW, tools: toolsFor('campus'), request: sampleRequest }, config, {
    now: () => new Date(nowMs),
    rates: { ...DOCUMENTED_RATES, ...rates },
    pageSize: 500,
  });
  onTestFinished(() => rig.close());
  const nextMs = new Map<string, number>();
  const call = (): Call => ({
    ...aCall(),
    async turn(operation) {
      const perSecond = rig.driver.pace.operations![operation]!;
      nowMs = Math.max(nowMs, nextMs.get(operation) ?? nowMs);
      nextMs.set(operation, nowMs + 1000 / perSecond);
    },
  });
  const seconds = () => (nowMs - NOW.getTime()) / 1000;
  const refused = () => rig.fake.handled.filter(({ status }) => status === 429).length;
  return { ...rig, call, seconds, refused };
}

const classOf = (size: number): IssueRequest[] =>
  Array.from({ length: size }, (_, at) =>
    sampleRequest({ name: `lk-lse-${String(at).padStart(4, '0')}-g1`, secret: newSecret() }),
  );

test('one by one a class takes five keys a second, within 5 %, and no request is refused', async () => {
  const { driver, fake, call, seconds, refused } = await opened();
  for (const request of classOf(150)) await driver.issue(request, call());
  expect(refused()).toBe(0);
  expect(fake.keys().filter(({ plans }) => plans.length === 1)).toHaveLength(150);
  expect(seconds()).toBeGreaterThan((150 - 5) / 5);
  expect(seconds()).toBeLessThan((150 / 5) * 1.05);
});

test('1,000 keys are imported in less than 30 s, and no request is refused', async () => {
  const { driver, fake, call, seconds, refused } = await opened();
  const requests = classOf(1000);
  const { batch = 0 } = driver.pace;
  for (let at = 0; at < requests.length; at += batch) await driver.issueMany!(requests.slice(at, at + batch), call());
  expect(refused()).toBe(0);
  expect(fake.keys().filter(({ plans }) => plans.length === 1)).toHaveLength(1000);
  expect(seconds()).toBeLessThan(30);
});

test('a class is revoked at the pace of all requests, four for each key, and none is refused', async () => {
  const { driver, fake, call, seconds, refused } = await opened();
  const requests = classOf(40);
  const issued = await driver.issueMany!(requests, call());
  const before = seconds();
  for (const [at, { name }] of requests.entries())
    await driver.revoke({ name, handle: issued[at]!.handle, secret: null }, call());
  expect(refused()).toBe(0);
  expect(fake.keys()).toEqual([]);
  expect(seconds() - before).toBeLessThan(40 * 0.4 * 1.05);
});

test('changes of plans and readings of methods wait for their turns too', async () => {
  const apis = Object.keys(APIS).map((restApiId) => ({ restApiId, stage: APIS[restApiId]!.stages[0]! }));
  const { driver, fake, call, seconds, refused } = await opened({ config: { scopes: { all: [...apis, ...apis] } } });
  for (let times = 0; times < 4; times += 1) await driver.check(call());
  for (const at of [0, 1, 2])
    fake.console.createPlan({
      name: `latchkey-0123456789abcde${at}-unused-1700000000`,
      apiStages: [{ apiId: 'a1b2c3', stage: 'prod' }],
    });
  const before = seconds();
  for (const _ of [0, 1, 2]) expect(await driver.tidy!(call())).toBe(1);
  expect(refused()).toBe(0);
  expect(seconds() - before).toBeGreaterThanOrEqual(40);
});

test.for([
  ['shares its limits', 'below', { create: 2, all: 4, burst: 4 }, { create: 2, all: 4 }],
  ['was given more', 'above', { create: 20, all: 40 }, { create: 20, all: 40 }],
] as const)('an account that %s is called at a pace %s the documented', async ([, , rates, pace]) => {
  const { driver, fake, call, seconds, refused } = await opened({ rates, config: { pace } });
  for (const request of classOf(40)) await driver.issue(request, call());
  expect(refused()).toBe(0);
  expect(fake.keys()).toHaveLength(40);
  expect(seconds()).toBeCloseTo(40 / pace.create, 0);
});

test('at the documented pace such an account refuses, and says so', async () => {
  const { driver, call, refused } = await opened({ rates: { create: 2, all: 4, burst: 4 } });
  const outcomes = await Promise.allSettled(classOf(20).map((request) => driver.issue(request, call())));
  expect(refused()).toBeGreaterThan(0);
  expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ kind: 'rate-limited' });
});

test('a key that is put off before its last turn has not been begun', async () => {
  const { driver, fake } = await opened();
  await driver.issue(classOf(1)[0]!, aCall());
  const postponed = new Error('later');
  const request = sampleRequest({ name: 'lk-late', secret: newSecret() });
  for (const turns of [0, 1, 2]) {
    let left = turns;
    const turn = async () => {
      if (left-- === 0) throw postponed;
    };
    await expect(driver.issue(request, { ...aCall(), turn })).rejects.toBe(postponed);
  }
  expect(fake.keys()).toHaveLength(1);
});
