import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { openLedger } from '../../src/ledger/database.ts';
import { Secret } from '../../src/secret/secret.ts';
import { bookingAt } from '../campus.ts';
import { describeEngines } from '../engines.ts';
import { clusters, openCluster, type Cluster } from './cluster.ts';
import { startLoad } from './load.ts';
import { openService, type Service, type ServiceOptions } from './service.ts';
import { livingKeys, numbersFrom, oneEach, soon } from './sight.ts';

/* The service as a process: killed, stopped, started again, and its database with it. */

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function start(options: ServiceOptions): Promise<Service> {
  const service = await openService(options);
  closing.push(() => service.close());
  await service.start();
  return service;
}

const book = (service: Service, ids: readonly number[]) =>
  Promise.all(ids.map((id) => service.post(bookingAt(service, id).flat('EVENT_START'))));
const end = (service: Service, ids: readonly number[]) =>
  Promise.all(ids.map((id) => service.post(bookingAt(service, id).flat('EVENT_END'))));
const keys = (service: Service) => livingKeys(service.manager).toSorted();

/** Every event in the store of a service that does not run. */
async function recorded(place: { databaseUrl?: string; dataDir?: string }): Promise<Set<string>> {
  const { databaseUrl, dataDir } = place;
  const where = databaseUrl === undefined ? { dataDir } : { databaseUrl: new Secret(databaseUrl) };
  const ledger = await openLedger({ ...where, now: () => new Date(), mac: () => '' });
  const rows = await ledger.db.selectFrom('event').select('id').execute();
  await ledger.close();
  return new Set(rows.map(({ id }) => id));
}

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
    await expect.poll(() => keys(service), soon).toEqual(oneEach(ids));
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

describe.runIf(clusters)('a PostgreSQL server', () => {
  async function startOn(cluster: Cluster, env: Record<string, string> = {}): Promise<Service> {
    closing.push(() => cluster.remove());
    return await start({ databaseUrl: cluster.url, env });
  }

  test('scenario 13: that crashes under load has every event that was acknowledged', async () => {
    const cluster = await openCluster();
    const service = await startOn(cluster);
    const load = startLoad(service, 32);
    await delay(1000);
    await cluster.stop('immediate');
    await delay(300);
    await cluster.start();
    const before = load.acked.length;
    await expect.poll(() => load.acked.length, { timeout: 5000, interval: 20 }).toBeGreaterThan(before);
    await delay(500);
    await load.stop();
    expect([...load.others.keys()]).toEqual(['503']);
    expect(load.silent).toEqual([]);
    await service.stop('SIGKILL');
    const store = await recorded(service.place);
    expect(load.acked.filter((id) => !store.has(id))).toEqual([]);
  });
});

async function keyFor(service: Service, id: number): Promise<string> {
  await book(service, [id]);
  const lease = async () => (await service.admin<{ items: { id: string; state: string }[] }>('/leases')).items[0];
  await expect.poll(async () => (await lease())?.state, soon).toBe('active');
  const { url } = await service.admin<{ url: string }>(`/leases/${(await lease())!.id}/claim-link`, {});
  const path = new URL(url).pathname;
  const claimed = await service.json('POST', path, { confirmation: `user-${id}@campus.example` });
  return (JSON.parse(claimed.text) as { key: string }).key;
}

async function verify(service: Service, key: string): Promise<number> {
  return (await service.get('/verify', { 'x-api-key': key })).status;
}
