import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bookingAt } from '../campus.ts';
import { keyFor, leaseOf, verify } from './acts.ts';
import { clusters } from './cluster.ts';
import { canRunNodes, openNodesHouse, type NodesHouse } from './nodes-house.ts';
import type { Service } from './service.ts';
import { soon } from './sight.ts';
import { startVerifyLoad } from './verify-load.ts';

/* Three nodes on one PostgreSQL and one Redis, as processes. The third is stopped in the middle of making a key and continued a minute later. */

const STOPPED_MS = 60_000;
const FAR = 700_001;

describe.runIf(clusters && canRunNodes)('several nodes', () => {
  let house: NodesHouse;
  let one: Service;
  let two: Service;
  let three: Service;
  let stoppedAt: number;
  /** Known to the third node when it was stopped. */
  let known: string;

  beforeAll(async () => {
    house = await openNodesHouse();
    [one, two, three] = house.nodes;
  }, 120_000);
  afterAll(async () => await house?.close(), 60_000);

  test('what a node held that stopped is finished by another', async () => {
    await three.start();
    known = await keyFor(three, 700_002);
    expect(await verify(three, known)).toBe(200);
    // It holds a lease, and its call to the key manager is on its way, when it is stopped.
    const { manager } = one;
    manager.latencyMs = 1000;
    const before = manager.requests.length;
    await three.post(bookingAt(three, FAR, { resource: 2 }).flat('EVENT_START'));
    await expect.poll(() => manager.requests.length, soon).toBeGreaterThan(before);
    three.signal('SIGSTOP');
    stoppedAt = performance.now();
    manager.latencyMs = 0;
    await one.start();
    await two.start();
    await expect.poll(async () => (await leaseOf(one, FAR))?.state, soon).toBe('active');
    expect(one.manager.keys().map(({ complete }) => complete)).toEqual([true]);
  });

  test('a limit is one limit, however many nodes are asked', async () => {
    const key = await keyFor(one, 700_003, { rate_limit: '300/hour' });
    const answers = await Promise.all(Array.from({ length: 900 }, (_, at) => verify([one, two][at % 2]!, key)));
    expect(answers.filter((status) => status === 200)).toHaveLength(300);
    expect(answers.filter((status) => status === 429)).toHaveLength(600);
  });

  test('a revocation at one node is a refusal at the others within moments, however much they are asked', async () => {
    const held = await Promise.all(Array.from({ length: 5 }, (_, at) => keyFor(one, 700_100 + at)));
    const busy = await keyFor(one, 700_099);
    const loads = [one, two].map((node) => startVerifyLoad(node.url, { keys: [busy], connections: 2, depth: 16 }));
    await delay(500);
    loads.forEach((load) => load.rate());
    const late: number[] = [];
    for (const [at, key] of held.entries()) {
      const { id } = (await leaseOf(one, 700_100 + at))!;
      expect(await verify(two, key)).toBe(200);
      await one.admin(`/leases/${id}/revoke`, { reason: 'leak' });
      const answered = performance.now();
      expect(await verify(one, key)).toBe(401);
      await expect.poll(() => verify(two, key), { timeout: 5000, interval: 1 }).toBe(401);
      late.push(performance.now() - answered);
    }
    const rates = loads.map((load) => load.rate());
    await Promise.all(loads.map((load) => load.stop()));
    for (const { counts } of loads) expect([...counts.keys()]).toEqual(['200']);
    const median = late.toSorted((a, b) => a - b)[late.length >> 1]!;
    console.log(
      `several nodes: ${rates.join(' + ')} verifications a second; refused at the other node ${median.toFixed(0)} ms after the revocation's answer (median of ${late.length}; at most ${Math.max(...late).toFixed(0)})`,
    );
  });

  test('without Redis keys go on being verified, and limits are shared again when it is back', async () => {
    const key = await keyFor(one, 700_004, { rate_limit: '100/hour' });
    for (let asked = 0; asked < 10; asked++) expect(await verify([one, two][asked % 2]!, key)).toBe(200);
    await house.redis.stop();
    for (let asked = 0; asked < 4; asked++) expect(await verify([one, two][asked % 2]!, key)).toBe(200);
    await house.redis.start();
    const shared = (node: Service) => /redis answers again/.test(node.output());
    // Each notices by its next question.
    await expect
      .poll(async () => (await verify(one, known), await verify(two, known), shared(one) && shared(two)), soon)
      .toBe(true);
    const answers = await Promise.all(Array.from({ length: 300 }, (_, at) => verify([one, two][at % 2]!, key)));
    const passed = answers.filter((status) => status === 200).length;
    // What passed while Redis was away may be forgotten with it, at most once for each node.
    expect(passed).toBeLessThanOrEqual(100);
    expect(passed).toBeGreaterThanOrEqual(100 - 14);
  });

  test('nodes restarted one after the other behind nginx fail no good request', async () => {
    const url = await house.openProxy();
    const key = await keyFor(one, 700_005);
    const load = startVerifyLoad(url, { keys: [key], connections: 8 });
    await expect.poll(() => load.counts.get('200') ?? 0, soon).toBeGreaterThan(200);
    for (const node of [one, two]) {
      expect((await node.stop('SIGTERM')).code).toBe(0);
      await node.start();
    }
    const sofar = load.counts.get('200')!;
    await expect.poll(() => load.counts.get('200') ?? 0, soon).toBeGreaterThan(sofar + 200);
    await load.stop();
    expect(Object.fromEntries(load.counts)).toEqual({ 200: load.counts.get('200') });
  });

  test('a node that was stopped for a minute lets no key through that was revoked meanwhile, and its old turn writes nothing', async () => {
    const { id } = (await leaseOf(one, 700_002))!;
    await one.admin(`/leases/${id}/revoke`, { reason: 'leak' });
    expect(await verify(one, known)).toBe(401);
    // Asked while it stands still: they wait in its socket.
    const ask = () => verify(three, known).catch(() => 'broken' as const);
    const early = Array.from({ length: 20 }, ask);
    await delay(Math.max(0, STOPPED_MS - (performance.now() - stoppedAt)));
    three.signal('SIGCONT');
    const answers = await Promise.all([...early, ...Array.from({ length: 20 }, ask)]);
    // A connection that was idle for too long by its clock is ended.
    expect(answers.filter((answer) => answer !== 401 && answer !== 'broken')).toEqual([]);
    await expect.poll(ask, soon).toBe(401);
    await expect.poll(() => three.get('/health/ready').then(({ status }) => status), soon).toBe(200);
    expect(one.manager.keys()).toHaveLength(1);
    expect(await leaseOf(three, FAR)).toMatchObject({ state: 'active' });
    expect(await one.admin('/audit/verify', {})).toMatchObject({ ok: true });
  });

  test('PostgreSQL restarted is no restart of the nodes: known keys pass all the while, and all is well after it', async () => {
    const key = await keyFor(two, 700_006);
    for (const node of [one, three]) await expect.poll(() => verify(node, key), soon).toBe(200);
    await house.cluster.stop('fast');
    for (const node of house.nodes) expect(await verify(node, key)).toBe(200);
    await house.cluster.start();
    const { id } = (await expect.poll(() => leaseOf(one, 700_006), soon).toBeDefined(), (await leaseOf(one, 700_006))!);
    await one.admin(`/leases/${id}/revoke`, { reason: 'leak' });
    for (const node of house.nodes) await expect.poll(() => verify(node, key), soon).toBe(401);
  });
});
