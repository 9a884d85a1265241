import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { connectRedis, createRedisLimits } from '../src/keys/limits-redis.ts';
import { createMemoryLimits, type Budget, type Limits } from '../src/keys/limits.ts';
import { periodEnd, periodStart } from '../src/keys/periods.ts';
import { Secret } from '../src/secret/secret.ts';

const NOON = Date.UTC(2026, 0, 15, 12);
const hourly = (limit: number, lease = 'lse_1'): Budget => ({ lease, rateLimit: { limit, per: 'hour' } });
const quota = (limit: number, per: 'reservation' | 'hour' | 'day' | 'month' = 'reservation'): Budget => ({
  lease: 'lse_1',
  quota: { limit, per },
});

function passed(limits: ReturnType<typeof createMemoryLimits>, budget: Budget, instants: readonly number[]): number {
  return instants.filter((at) => !limits.take(budget, 1, at).refused).length;
}

test('of 500 at once under a limit of 100 exactly 100 pass, of rate and of quota', () => {
  const instants = Array.from({ length: 500 }, () => NOON);
  expect(passed(createMemoryLimits(), hourly(100), instants)).toBe(100);
  expect(passed(createMemoryLimits(), quota(100), instants)).toBe(100);
});

test('a caller at 2 a second is never refused under 5 a second', () => {
  const instants = Array.from({ length: 200 }, (_, n) => NOON + n * 500);
  expect(passed(createMemoryLimits(), { lease: 'l', rateLimit: { limit: 5, per: 'second' } }, instants)).toBe(200);
});

test('the window slides: a place is free exactly one window after its request, not a millisecond earlier', () => {
  const limits = createMemoryLimits();
  const budget: Budget = { lease: 'l', rateLimit: { limit: 2, per: 'minute' } };
  expect(passed(limits, budget, [NOON, NOON + 30_000, NOON + 59_999])).toBe(2);
  expect(limits.take(budget, 1, NOON + 59_999)).toMatchObject({ refused: 'RATE_LIMITED', retryAfterMs: 1 });
  expect(passed(limits, budget, [NOON + 60_000, NOON + 60_001])).toBe(1);
  expect(limits.take(budget, 1, NOON + 60_001).retryAfterMs).toBe(29_999);
});

test('in any window at most the limit passes, and whoever is below it is never refused', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 120 });
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 9 }), (steps, limit) => {
      const limits = createMemoryLimits();
      const budget: Budget = { lease: 'l', rateLimit: { limit, per: 'second' } };
      const through: number[] = [];
      let at = NOON;
      for (const step of steps) {
        at += step;
        const inWindow = through.filter((before) => before > at - 1000).length;
        const { refused } = limits.take(budget, 1, at);
        expect(refused === undefined).toBe(inWindow < limit);
        if (!refused) through.push(at);
      }
    }),
    { numRuns: 500 },
  );
});

test('a refused call burns nothing of either', () => {
  const limits = createMemoryLimits();
  const budget: Budget = { lease: 'l', rateLimit: { limit: 2, per: 'minute' }, quota: { limit: 3, per: 'reservation' } };
  expect(passed(limits, budget, [NOON, NOON, NOON, NOON])).toBe(2);
  expect(limits.take(budget, 1, NOON + 60_000).quota).toMatchObject({ used: 3, remaining: 0, resetAt: null });
  expect(limits.take(budget, 1, NOON + 60_000)).toMatchObject({ refused: 'QUOTA_EXCEEDED', retryAfterMs: undefined });
  // The rate was not touched by the refusal: with more quota one place is still free.
  const more: Budget = { ...budget, quota: { limit: 9, per: 'reservation' } };
  expect(limits.take(more, 1, NOON + 60_000)).toMatchObject({ rateLimit: { remaining: 0 }, quota: { used: 4 } });
});

test('a call that costs more than is left takes nothing, and a cheaper one still passes', () => {
  const limits = createMemoryLimits();
  expect(limits.take(quota(10), 8, NOON).quota).toMatchObject({ used: 8, remaining: 2 });
  expect(limits.take(quota(10), 3, NOON).refused).toBe('QUOTA_EXCEEDED');
  expect(limits.take(quota(10), 2, NOON).refused).toBeUndefined();
  expect(limits.take(hourly(10), 11, NOON)).toMatchObject({ refused: 'RATE_LIMITED', retryAfterMs: undefined });
  expect(limits.take(hourly(10), 10, NOON).rateLimit).toMatchObject({ remaining: 0 });
});

const REFUSED_UNUSED = { refused: 'RATE_LIMITED', rateLimit: { limit: 3, remaining: 3, resetAt: null } };

test('what costs more than the limit is told no reset where nothing was used, or nothing is any more', () => {
  const limits = createMemoryLimits();
  expect(limits.take(hourly(3), 4, NOON)).toEqual(REFUSED_UNUSED);
  limits.take(hourly(3), 3, NOON);
  expect(limits.take(hourly(3), 4, NOON + 3_600_000)).toEqual(REFUSED_UNUSED);
});

test.each([
  ['hour', NOON + 1, NOON + 3_600_000],
  ['day', NOON, Date.UTC(2026, 0, 16)],
  ['month', NOON, Date.UTC(2026, 1, 1)],
] as const)('a quota per %s is whole again at the turn of the UTC calendar', (per, at, turns) => {
  const limits = createMemoryLimits();
  expect(passed(limits, quota(2, per), [at, at, at, turns - 1])).toBe(2);
  expect(limits.take(quota(2, per), 1, turns - 1)).toMatchObject({ retryAfterMs: 1, quota: { resetAt: new Date(turns) } });
  expect(passed(limits, quota(2, per), [turns, turns, turns])).toBe(2);
});

test('a month ends where the calendar says', () => {
  const leap = Date.UTC(2028, 1, 29, 23, 59, 59, 999);
  expect(periodStart('month', leap)).toBe(Date.UTC(2028, 1, 1));
  expect(periodEnd('month', leap)).toBe(Date.UTC(2028, 2, 1));
  expect(periodEnd('month', Date.UTC(2026, 11, 31))).toBe(Date.UTC(2027, 0, 1));
});

test('a quota goes on from what the database knows, and never back', () => {
  const limits = createMemoryLimits();
  limits.restore('lse_1', { per: 'day', used: 7, at: NOON });
  expect(limits.take(quota(10, 'day'), 1, NOON).quota).toMatchObject({ used: 8 });
  limits.restore('lse_1', { per: 'day', used: 3, at: NOON });
  expect(limits.take(quota(10, 'day'), 1, NOON).quota).toMatchObject({ used: 9 });
  limits.restore('lse_1', { per: 'day', used: 9, at: NOON + 86_400_000 });
  expect(limits.take(quota(10, 'day'), 1, NOON + 86_400_000).quota).toMatchObject({ used: 10 });
});

test('the budget is the lease’s: another lease has its own, and a new limit counts what was used', () => {
  const limits = createMemoryLimits();
  expect(passed(limits, hourly(3), [NOON, NOON, NOON, NOON])).toBe(3);
  expect(limits.take(hourly(3, 'lse_2'), 1, NOON).refused).toBeUndefined();
  expect(passed(limits, hourly(5), [NOON, NOON, NOON])).toBe(2);
  expect(limits.take(hourly(2), 1, NOON)).toMatchObject({ refused: 'RATE_LIMITED', rateLimit: { remaining: 0 } });
});

test('a clock set back gives nothing again and locks nobody out for longer than a window', () => {
  const limits = createMemoryLimits();
  const budget: Budget = { lease: 'l', rateLimit: { limit: 3, per: 'minute' }, quota: { limit: 4, per: 'hour' } };
  expect(passed(limits, budget, [NOON, NOON, NOON])).toBe(3);
  const back = NOON - 3_600_000;
  expect(passed(limits, budget, [back, back + 59_999])).toBe(0);
  expect(passed(limits, budget, [back + 60_000, back + 60_000])).toBe(1);
});

/** Real Redis, where there is one; in CI there must be. */
const REDIS = { host: '127.0.0.1', port: 6379 };
const redisAnswers = await new Promise<boolean>((resolve) => {
  const socket = connect(REDIS, () => socket.write('PING\r\n'));
  socket.once('data', () => {
    resolve(true);
    socket.destroy();
  });
  socket.once('error', () => resolve(false));
});
if (!redisAnswers && process.env.CI === 'true') throw new Error('no Redis at 127.0.0.1:6379; CI needs one');
if (!redisAnswers) console.warn('SKIPPED: no Redis at 127.0.0.1:6379, shared limits are not tested');

async function sharedPair(url = 'redis://127.0.0.1:6379'): Promise<{ nodes: [Limits, Limits]; said: string[] }> {
  const prefix = `test-${randomUUID()}`;
  const said: string[] = [];
  const node = async () => {
    const client = connectRedis(new Secret(url));
    await new Promise((resolve) => void client.once('ready', resolve).once('error', resolve));
    return createRedisLimits({ client, fallback: createMemoryLimits(), log: (message) => said.push(message), prefix });
  };
  return { nodes: [await node(), await node()], said };
}

async function passedTogether(nodes: readonly Limits[], budget: Budget, times: number): Promise<number> {
  const all = await Promise.all(
    Array.from({ length: times }, async (_, n) => nodes[n % nodes.length]!.take(budget, 1, Date.now())),
  );
  return all.filter((taken) => !taken.refused).length;
}

test.skipIf(!redisAnswers)('two nodes that share a limit of 100 let exactly 100 of 500 through', async () => {
  const { nodes } = await sharedPair();
  expect(await passedTogether(nodes, hourly(100, 'rate'), 500)).toBe(100);
  expect(await passedTogether(nodes, { lease: 'quota', quota: { limit: 100, per: 'reservation' } }, 500)).toBe(100);
  await Promise.all(nodes.map((node) => node.close()));
});

test.skipIf(!redisAnswers)('a refused call burns nothing at Redis either', async () => {
  const { nodes } = await sharedPair();
  const budget: Budget = { lease: 'l', rateLimit: { limit: 4, per: 'hour' }, quota: { limit: 2, per: 'day' } };
  expect(await passedTogether(nodes, budget, 3)).toBe(2);
  expect(await nodes[0].take({ ...budget, quota: { limit: 9, per: 'day' } }, 1, Date.now())).toMatchObject({
    rateLimit: { limit: 4, remaining: 1 },
    quota: { used: 3, remaining: 6 },
  });
  expect((await nodes[1].take(budget, 1, Date.now())).refused).toBe('QUOTA_EXCEEDED');
  expect(await nodes[0].take(hourly(4, 'l'), 2, Date.now())).toMatchObject({ refused: 'RATE_LIMITED' });
  expect(await nodes[1].take(hourly(4, 'l'), 1, Date.now())).toMatchObject({ rateLimit: { remaining: 0 } });
  await Promise.all(nodes.map((node) => node.close()));
});

test.skipIf(!redisAnswers)('a counter that is new to Redis starts from what the ledger knows', async () => {
  const { nodes } = await sharedPair();
  nodes[0].restore('l', { per: 'reservation', used: 7, at: Date.now() });
  const budget: Budget = { lease: 'l', quota: { limit: 10, per: 'reservation' } };
  expect((await nodes[0].take(budget, 1, Date.now())).quota).toMatchObject({ used: 8 });
  expect((await nodes[1].take(budget, 1, Date.now())).quota).toMatchObject({ used: 9 });
  await Promise.all(nodes.map((node) => node.close()));
});

test.skipIf(!redisAnswers)('however many ask at once after Redis lost its counters, no more than what is left pass', async () => {
  const { nodes } = await sharedPair();
  const [node] = nodes;
  node.restore('l', { per: 'reservation', used: 9, at: Date.now() });
  const budget: Budget = { lease: 'l', quota: { limit: 10, per: 'reservation' } };
  expect(await passedTogether([node], budget, 30)).toBe(1);
  expect((await nodes[1].take(budget, 1, Date.now())).refused).toBe('QUOTA_EXCEEDED');
  await Promise.all(nodes.map((each) => each.close()));
});

test.skipIf(!redisAnswers)('a call whose cost does not fit keeps out none that fit', async () => {
  const { nodes } = await sharedPair();
  const [node] = nodes;
  for (const [lease, budget] of [
    ['rate', hourly(10, 'rate')],
    ['quota', { lease: 'quota', quota: { limit: 10, per: 'day' } }],
  ] as const) {
    await node.take(budget, 5, Date.now());
    expect((await node.take(budget, 10 ** 15, Date.now())).refused).toBeDefined();
    const costs = [6, 1, 1, 1, 1, 1];
    const refused = await Promise.all(
      costs.map(async (cost) => (await node.take(budget, cost, Date.now())).refused !== undefined),
    );
    expect(refused, lease).toEqual([true, false, false, false, false, false]);
  }
  await Promise.all(nodes.map((each) => each.close()));
});

test.skipIf(!redisAnswers)('a counter leaves Redis with its window, and the window begins with its first request', async () => {
  const { nodes } = await sharedPair();
  const budget: Budget = { lease: 'l', rateLimit: { limit: 2, per: 'second' } };
  const began = Date.now();
  expect(await passedTogether(nodes, budget, 5)).toBe(2);
  const { rateLimit, retryAfterMs } = await nodes[0].take(budget, 1, began);
  expect(retryAfterMs).toBeGreaterThan(0);
  expect(rateLimit!.resetAt!.getTime()).toBe(began + retryAfterMs!);
  expect(retryAfterMs).toBeLessThanOrEqual(1000);
  await expect.poll(() => passedTogether(nodes, budget, 5), { timeout: 5000, interval: 100 }).toBe(2);
  await Promise.all(nodes.map((node) => node.close()));
});

test.skipIf(!redisAnswers)(
  'what costs more than the limit is told no reset at Redis either, where nothing was used',
  async () => {
    const { nodes } = await sharedPair();
    expect(await nodes[0].take(hourly(3), 4, Date.now())).toEqual(REFUSED_UNUSED);
    await Promise.all(nodes.map((node) => node.close()));
  },
);

test('while Redis is away each node keeps to its own limits, and says so once', async () => {
  const { nodes, said } = await sharedPair('redis://127.0.0.1:1');
  expect(await passedTogether([nodes[0]], hourly(100), 300)).toBe(100);
  expect(said).toEqual(['redis does not answer; limits are counted by each node']);
  await Promise.all(nodes.map((node) => node.close()));
});
