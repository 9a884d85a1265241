import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { describeEngines } from '../engines.ts';
import { book, closeAll, end, keyFor, recorded, start, verify } from './acts.ts';
import { startLoad } from './load.ts';
import type { Service } from './service.ts';
import { livingKeys, numbersFrom, oneEach, soon } from './sight.ts';

/* The service as a process: killed, stopped, started again on what it left behind. */

afterEach(closeAll);

const keys = (service: Service) => livingKeys(service.manager).toSorted();

describeEngines('a process', ({ name: engine }) => {
  test('scenario 1: killed while it makes thirty keys, it makes the rest at the next start: none twice, none in part, none left over', async () => {
    const service = await start({ engine, manager: { latencyMs: 30 } });
    const ids = numbersFrom(1, 30);
    await book(service, ids);
    await expect.poll(() => service.manager.requests.length, { timeout: 20_000, interval: 2 }).toBeGreaterThan(40);
    await service.stop('SIGKILL');
    const left = keys(service);
    expect(left).not.toEqual(oneEach(ids));
    const ms = await service.start();
    console.log(`scenario 1 (${engine}): killed with ${left.length} of 30 keys begun; ready again after ${Math.round(ms)} ms`);
    await expect.poll(() => keys(service), { timeout: 15_000, interval: 50 }).toEqual(oneEach(ids));
    await end(service, ids);
    await expect.poll(() => keys(service), soon).toEqual([]);
  });

  test('scenario 13: killed under load, it has every event that it acknowledged', async () => {
    const service = await start({ engine });
    const load = startLoad(service, 32);
    await delay(3000);
    await service.stop('SIGKILL');
    await load.stop();
    expect(load.acked.length).toBeGreaterThan(32);
    expect([...load.others.keys()]).toEqual(['broken']);
    const store = await recorded(service.place);
    expect(load.acked.filter((id) => !store.has(id))).toEqual([]);
    console.log(`scenario 13 (${engine}): ${load.acked.length} events acknowledged before the kill`);
  });

  test('scenario 39: told to stop under load and in the middle of fifty keys, it breaks no connection, is gone in ten seconds and loses nothing', async () => {
    const service = await start({ engine, manager: { latencyMs: 50 } });
    const ids = numbersFrom(900_001, 50);
    await book(service, ids);
    const load = startLoad(service, 32);
    await expect.poll(() => load.acked.length, soon).toBeGreaterThan(100);
    const { code, ms } = await service.stop('SIGTERM');
    await load.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(10_000);
    // Whoever comes afterwards finds nobody; nobody is cut off.
    expect(load.broken.filter((error) => error !== 'ECONNREFUSED')).toEqual([]);
    expect([...load.others.keys()].filter((status) => status !== 'broken')).toEqual([]);
    const store = await recorded(service.place);
    expect(load.acked.filter((id) => !store.has(id))).toEqual([]);
    await service.start();
    await expect.poll(() => keys(service), soon).toEqual(oneEach(ids));
  });

  test('scenario 39: what was counted before a stop is counted after it', async () => {
    const service = await start({ engine, env: { API_MANAGEMENT_ENDPOINT: '' } });
    const key = await keyFor(service, 7);
    const answers = await Promise.all(Array.from({ length: 40 }, () => verify(service, key)));
    expect(answers.every((status) => status === 200)).toBe(true);
    await service.stop('SIGTERM');
    await service.start();
    const { items } = await service.admin<{ items: { id: string }[] }>('/leases');
    expect(await service.admin(`/leases/${items[0]!.id}`)).toMatchObject({ usage: { VALID: 40 } });
  });
});
