import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import type { Budget, Limits } from '../src/keys/budget.ts';
import { connectRedis, createRedisLimits } from '../src/keys/limits-redis.ts';
import { createMemoryLimits } from '../src/keys/limits.ts';
import { Secret } from '../src/secret/secret.ts';

const hourly = (limit: number, lease = 'lse_1'): Budget => ({ lease, rateLimit: { limit, per: 'hour' } });
const REFUSED_UNUSED = {
  refused: 'RATE_LIMITED',
  rateLimit: { limit: 3, remaining: 3, resetAt: null },
  retryAfterMs: undefined,
};

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
    expect(await nodes[0].take(hourly(3), 4, Date.now())).toMatchObject(REFUSED_UNUSED);
    await Promise.all(nodes.map((node) => node.close()));
  },
);

test('while Redis is away each node keeps to its own limits, and says so once', async () => {
  const { nodes, said } = await sharedPair('redis://127.0.0.1:1');
  expect(await passedTogether([nodes[0]], hourly(100), 300)).toBe(100);
  expect(said).toEqual(['redis does not answer; limits are counted by each node']);
  await Promise.all(nodes.map((node) => node.close()));
});
