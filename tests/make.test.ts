import { expect, test } from 'vitest';
import { builtin } from '../providers/builtin/driver.ts';
import { sampleRequest, toolsFor } from '../providers/contract-world.ts';
import { DriverError, type Driver, type Issued, type IssueRequest } from '../providers/driver.ts';
import { createCaller } from '../src/lease/call.ts';
import { createGate } from '../src/lease/gate.ts';
import { createMake, type Making } from '../src/lease/make.ts';

/** A provider with a bulk call, as far as making goes: what it was asked for, and what it has. */
function aProvider(change: Partial<Driver<unknown>> = {}) {
  const calls: string[][] = [];
  const keys = new Set<string>();
  const make = (requests: readonly IssueRequest[]): Issued<unknown>[] => {
    calls.push(requests.map(({ name }) => name));
    const bad = requests.find(({ name }) => name.startsWith('bad'));
    if (bad) throw new DriverError('rejected', `bulk: ${bad.name} will not do`);
    for (const { name } of requests) keys.add(name);
    return requests.map(({ name }) => ({ handle: { of: name } }));
  };
  const driver: Driver<unknown> = {
    ...builtin.open({}, toolsFor('bulk')),
    pace: { issuePerSecond: 1000, revokePerSecond: 1000, concurrency: 4, batch: 10 },
    issue: async (request) => make([request])[0]!,
    issueMany: async (requests) => make(requests),
    ...change,
  };
  const call = createCaller({
    providers: () => ({ name: 'bulk', driver, parseHandle: (handle) => handle }),
    gate: createGate({ now: () => new Date(), random: () => 0, onRecovery: () => {} }),
    pace: async () => 0,
    deadlineMs: 5000,
    stopping: new AbortController().signal,
  });
  const ask = createMake(call, () => driver);
  const order = (name: string, more: Partial<Making> = {}) =>
    ask('bulk', { request: sampleRequest({ name }), previous: undefined, keep: async () => {}, ...more });
  return { calls, keys, order };
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `lk-${index}-1`);

test('a handful is made one by one', async () => {
  const { calls, order } = aProvider();
  await Promise.all(names(5).map((name) => order(name)));
  expect(calls).toEqual(names(5).map((name) => [name]));
});

test('a crowd is made together, no more at once than the provider takes, and each gets its own', async () => {
  const { calls, keys, order } = aProvider();
  const issued = await Promise.all(names(25).map((name) => order(name)));
  expect(issued).toEqual(names(25).map((name) => ({ handle: { of: name } })));
  expect(keys.size).toBe(25);
  expect(calls.map(({ length }) => length)).toEqual([10, 10, 1, 1, 1, 1, 1]);
});

test('who comes while a call is under way goes with the next', async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const groups: number[] = [];
  const { order } = aProvider({
    issueMany: async (requests) => {
      groups.push(requests.length);
      await held;
      return requests.map(({ name }) => ({ handle: { of: name } }));
    },
  });
  const first = names(6).map((name) => order(name));
  await expect.poll(() => groups).toEqual([6]);
  const second = names(9).map((name) => order(`later-${name}`));
  release();
  await Promise.all([...first, ...second]);
  expect(groups).toEqual([6, 9]);
});

test('a request that is refused for good fails alone', async () => {
  const { keys, order } = aProvider();
  const good = names(9).map((name) => order(name));
  await expect(order('bad-1-1')).rejects.toMatchObject({ kind: 'rejected' });
  await Promise.all(good);
  expect(keys.size).toBe(9);
});

test('any other failure is the failure of all, and nothing is answered for', async () => {
  const { order } = aProvider({
    issueMany: async () => {
      throw new DriverError('rate-limited', 'bulk: too many', { retryAfterMs: 3000 });
    },
  });
  const all = await Promise.allSettled(names(6).map((name) => order(name)));
  expect(all.map((one) => one.status === 'rejected' && one.reason)).toMatchObject(
    names(6).map(() => ({ kind: 'rate-limited', retryAfterMs: 3000 })),
  );
});

test('an answer that leaves a key out counts for none', async () => {
  const { order } = aProvider({ issueMany: async () => [{ handle: {} }] });
  const all = await Promise.allSettled(names(6).map((name) => order(name)));
  expect(all.map(({ status }) => status)).toEqual(names(6).map(() => 'rejected'));
});

test('a rotation goes beside the key before it, where the provider keeps two', async () => {
  const previous = { name: 'lk-0-1', handle: { of: 'lk-0-1' }, secret: null };
  const rotate: Driver<unknown>['rotate'] = async ({ name }, request) => ({ handle: { of: request.name, beside: name } });
  const { order } = aProvider({ rotate });
  expect(await order('lk-0-2', { previous })).toEqual({ handle: { of: 'lk-0-2', beside: 'lk-0-1' } });
  expect(await order('lk-1-1')).toEqual({ handle: { of: 'lk-1-1' } });
  const { order: orderWithout } = aProvider();
  expect(await orderWithout('lk-0-2', { previous })).toEqual({ handle: { of: 'lk-0-2' } });
});
