import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
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

async function sharedPair(url = 'redis://127.0.0.1:6379') {
  const prefix = `test-${randomUUID()}`;
  const said: string[] = [];
  const node = async () => {
    const client = connectRedis(new Secret(url));
    await new Promise((resolve) => void client.once('ready', resolve).once('error', resolve));
    return {
      client,
      limits: createRedisLimits({ client, fallback: createMemoryLimits(), log: (message) => said.push(message), prefix }),
    };
  };
  const [one, other] = [await node(), await node()];
  const nodes: [Limits, Limits] = [one.limits, other.limits];
  return { nodes, said, prefix, client: one.client };
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

test.skipIf(!redisAnswers)(
  'of 1,000 at once on two nodes exactly as many pass as the smallest of all limits has places, and none is burnt',
  async () => {
    const { nodes } = await sharedPair();
    const project = { id: 'project:p', limits: [{ limit: 130, per: 'day' as const }] };
    const limits = [
      { limit: 100, per: 'minute' as const },
      { limit: 120, per: 'month' as const, unit: 'requests' as const },
    ];
    const budget = (lease: string): Budget => ({ lease, limits, project, quota: { limit: 110, per: 'hour' } });
    expect(await passedTogether(nodes, budget('l1'), 1000)).toBe(100);
    expect(await passedTogether(nodes, budget('l2'), 1000)).toBe(30);
    expect(await nodes[0].take(budget('l1'), 1, Date.now())).toMatchObject({
      refused: 'RATE_LIMITED',
      quota: { used: 100 },
      limits: [
        { name: 'minute', remaining: 0 },
        { name: 'month-requests', remaining: 20 },
        { name: 'project-day', remaining: 0 },
        { name: 'quota', remaining: 10 },
      ],
    });
    await Promise.all(nodes.map((node) => node.close()));
  },
);

test.skipIf(!redisAnswers)(
  'a window slides at Redis too: a place is free one window after its request, and only that',
  async () => {
    const { nodes, client, prefix } = await sharedPair();
    const budget: Budget = { lease: 'l', limits: [{ limit: 2, per: 'minute' }] };
    const now = Date.now();
    await client.rpush(`${prefix}:window:l:minute`, '2', `${now - 59_000}:1`, `${now - 10_000}:1`);
    const { refused, retryAfterMs } = await nodes[0].take(budget, 1, now);
    expect(refused).toBe('RATE_LIMITED');
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(retryAfterMs).toBeLessThanOrEqual(1000);
    await expect.poll(() => passedTogether(nodes, budget, 5), { timeout: 10_000, interval: 50 }).toBe(1);
    const next = await nodes[1].take(budget, 1, Date.now());
    expect(next.refused).toBe('RATE_LIMITED');
    expect(next.retryAfterMs).toBeGreaterThan(10_000);
    expect(next.retryAfterMs).toBeLessThanOrEqual(50_000);
    await Promise.all(nodes.map((node) => node.close()));
  },
);

test.skipIf(!redisAnswers)('a Redis that lost its data goes on from what the node knows of long windows', async () => {
  const { nodes, client, prefix } = await sharedPair();
  const budget: Budget = { lease: 'l', limits: [{ limit: 8, per: 'hour' }] };
  expect(await passedTogether([nodes[0]], budget, 5)).toBe(5);
  await client.del(await client.keys(`${prefix}:*`));
  expect(await passedTogether([nodes[0]], budget, 9)).toBe(3);
  await Promise.all(nodes.map((node) => node.close()));
});

test.skipIf(!redisAnswers)('while Redis hangs requests wait for it once, and it is asked again when it answers', async () => {
  const sockets = new Set<Socket>();
  const behind = new Set<Socket>();
  const between = createServer((socket) => {
    const redis = connect(REDIS);
    sockets.add(socket).add(redis);
    socket.on('error', () => {}).on('data', (sent) => redis.write(sent));
    redis.on('error', () => {}).on('data', (answer) => socket.write(answer));
    behind.add(redis);
  }).listen(0, '127.0.0.1');
  await once(between, 'listening');
  const { nodes, said } = await sharedPair(`redis://127.0.0.1:${(between.address() as AddressInfo).port}`);
  const budget = hourly(100);
  expect(await passedTogether([nodes[0]], budget, 40)).toBe(40);
  for (const redis of behind) redis.pause();
  const began = performance.now();
  let passed = 0;
  for (let n = 0; n < 100; n += 1) if (!(await nodes[0].take(budget, 1, Date.now())).refused) passed += 1;
  // A quarter of a second each would be 25 s.
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(passed).toBe(60);
  for (const redis of behind) redis.resume();
  await expect.poll(() => said, { timeout: 20_000 }).toContain('redis answers again; limits are shared');
  await Promise.all(nodes.map((node) => node.close()));
  for (const socket of sockets) socket.destroy();
  between.close();
});
