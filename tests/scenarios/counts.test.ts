import { afterEach, expect, test } from 'vitest';
import { engines } from '../engines.ts';
import { openService, type Service } from './service.ts';

/** A process that is killed while it counts: what it had let through is counted once or not at all, and the quota holds. */

let service: Service | undefined;
afterEach(async () => {
  await service?.close();
  service = undefined;
});

const QUOTA = 100_000;
/** A flush each second, and one that was under way. */
const LOST_MS = 2500;

test.skipIf(!engines.some(({ name }) => name === 'postgres'))(
  'killed under load it loses at most what passed since the last flush, counts nothing twice, and goes on from there',
  async () => {
    const env = { DEFAULT_API_QUOTA: '1000000', DEFAULT_RATE_LIMIT: '100000/second' };
    service = await openService({ engine: 'postgres', env });
    await service.start();
    const key = await service.admin<{ id: string; value: string }>('/projects/default/keys', {
      name: 'busy',
      owner: 'ada',
      scopes: ['read'],
      endpoints: ['/**'],
      quota: { limit: QUOTA, per: 'month' },
    });
    expect(key).toMatchObject({ value: expect.any(String) });
    const used = async () => (await service!.admin<{ quota: { used: number } }>(`/budgets/${key.id}`)).quota.used;
    const passed: number[] = [];
    const over = new AbortController();
    const ask = async () => {
      while (!over.signal.aborted) {
        const { status, text } = await service!.json('POST', '/v1/verify', { key: key.value }, service!.operator);
        if (status === 200 && (JSON.parse(text) as { valid: boolean }).valid) passed.push(Date.now());
      }
    };
    const callers = Array.from({ length: 16 }, () => ask().catch(() => {}));
    await expect.poll(() => Date.now() - (passed[0] ?? Infinity), { timeout: 30_000 }).toBeGreaterThan(3000);
    const killedAt = Date.now();
    await service.stop('SIGKILL');
    over.abort();
    await Promise.all(callers);

    await service.start();
    const counted = await used();
    const surely = passed.filter((at) => at < killedAt - LOST_MS).length;
    expect(surely).toBeGreaterThan(0);
    expect(counted).toBeGreaterThanOrEqual(surely);
    // Those that were let through and whose answers did not arrive: one of each caller.
    expect(counted).toBeLessThanOrEqual(passed.length + callers.length);

    // What is left is what was not counted, and nothing more.
    await service.json('POST', '/v1/verify', { key: key.value, cost: 1 }, service.operator);
    expect(await used()).toBe(counted + 1);
  },
  120_000,
);
