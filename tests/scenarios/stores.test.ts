import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { book, closeAll, closing, keyFor, leaseOf, recorded, start, verify } from './acts.ts';
import { clusters, openCluster, openSmallDisk, smallDisks, type Cluster } from './cluster.ts';
import { startLoad, type Load } from './load.ts';
import type { Service } from './service.ts';
import { soon } from './sight.ts';

/* The database of a running service fails in every way there is, and comes back. The service is never started again. */

const BUILTIN = { API_MANAGEMENT_ENDPOINT: '' };
/** What the list of scenarios gives it to work again. */
const recovered = { timeout: 5000, interval: 20 };
const CUT = "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'latchkey%'";

interface Trouble {
  begin(): Promise<unknown>;
  end(): Promise<unknown>;
  readonly lastsMs: number;
  /** Whether senders are told to come later, or only have to wait. */
  readonly refuses: 'surely' | 'perhaps' | 'never';
}

/** What must hold while it lasts, and after it: no acknowledgement without a record, no other answer than "later". */
async function endure(service: Service, trouble: Trouble & { rows(): Promise<ReadonlySet<string>> }): Promise<void> {
  const key = await keyFor(service, (nextBooking += 1));
  const load = startLoad(service, 16);
  await delay(500);
  await trouble.begin();
  const until = performance.now() + trouble.lastsMs;
  do {
    // A key that is known is judged from memory, and nobody is told that the process is dead.
    expect(await verify(service, key)).toBe(200);
    expect((await service.get('/health/live')).status).toBe(200);
    await delay(50);
  } while (performance.now() < until);
  await trouble.end();
  await acknowledges(load);
  await expect.poll(async () => (await service.get('/health/ready')).status, recovered).toBe(200);
  await load.stop();
  const others = [...load.others.keys()];
  if (trouble.refuses !== 'perhaps') expect(others).toEqual(trouble.refuses === 'surely' ? ['503'] : []);
  expect(others.filter((status) => status !== '503')).toEqual([]);
  expect(load.silent).toEqual([]);
  const rows = await trouble.rows();
  expect(load.acked.filter((id) => !rows.has(id))).toEqual([]);
}
let nextBooking = 900_000;

async function acknowledges(load: Load): Promise<void> {
  const before = load.acked.length;
  await expect.poll(() => load.acked.length, recovered).toBeGreaterThan(before);
}

describe.runIf(clusters)('a PostgreSQL server', () => {
  let cluster: Cluster;
  let service: Service;
  beforeAll(async () => {
    cluster = await openCluster();
    closing.push(() => cluster.remove());
    service = await start({ databaseUrl: cluster.url, env: BUILTIN });
  });
  afterAll(closeAll);
  const rows = async () => new Set((await cluster.query('select id from event')).map(({ id }) => String(id)));

  test('scenario 13: that crashes under load has every event that was acknowledged', async () => {
    const begin = () => cluster.stop('immediate');
    await endure(service, { begin, end: () => cluster.start(), lastsMs: 300, refuses: 'surely', rows });
  });

  test('scenario 37: stopped for three seconds: later, says the service, and goes on when it is back', async () => {
    await endure(service, {
      begin: () => cluster.stop('fast'),
      end: () => cluster.start(),
      lastsMs: 3000,
      refuses: 'surely',
      rows,
    });
    await book(service, [1]);
    await expect.poll(async () => (await leaseOf(service, 1))?.state, soon).toBe('active');
  });

  test('scenario 37: ending our connections every 100 ms', async () => {
    const stop = new AbortController();
    const cutting = async () => {
      while (!stop.signal.aborted) {
        await cluster.query(CUT);
        await delay(100);
      }
    };
    let cut: Promise<void> | undefined;
    const begin = async () => void (cut = cutting());
    const end = async () => {
      stop.abort();
      await cut;
    };
    await endure(service, { begin, end, lastsMs: 3000, refuses: 'perhaps', rows });
  });

  test('scenario 37: with no connection left for us', async () => {
    const begin = async () => {
      await cluster.query('alter role latchkey connection limit 0');
      await cluster.query(CUT);
    };
    const end = () => cluster.query('alter role latchkey connection limit -1');
    await endure(service, { begin, end, lastsMs: 2000, refuses: 'surely', rows });
  });

  test('scenario 37: locked for two seconds: whoever waits is acknowledged afterwards', async () => {
    const holder = new Client({ connectionString: cluster.url });
    await holder.connect();
    const begin = () => holder.query('begin; lock table event in access exclusive mode');
    await endure(service, { begin, end: () => holder.query('commit'), lastsMs: 2000, refuses: 'never', rows });
    await holder.end();
  });

  test('scenario 37: read-only', async () => {
    const set = (value: string) => async () => {
      await cluster.query(`alter system set default_transaction_read_only = ${value}`);
      await cluster.query('select pg_reload_conf()');
    };
    await endure(service, { begin: set('on'), end: set('off'), lastsMs: 2000, refuses: 'surely', rows });
  });
});

describe.runIf(smallDisks)('scenario 37: a full disk', () => {
  afterAll(closeAll);

  test.runIf(clusters)('of a PostgreSQL server', async () => {
    const disk = openSmallDisk(110);
    closing.push(async () => disk.remove());
    const cluster = await openCluster({ folder: disk.folder });
    closing.push(() => cluster.remove());
    const service = await start({ databaseUrl: cluster.url, env: BUILTIN });
    const end = async () => {
      disk.free();
      // A server that could not write its log stops itself; somebody starts it again.
      await cluster.start().catch(() => {});
    };
    const rows = async () => new Set((await cluster.query('select id from event')).map(({ id }) => String(id)));
    await endure(service, { begin: async () => disk.fill(), end, lastsMs: 3000, refuses: 'surely', rows });
  });

  test('of the embedded database', async () => {
    const disk = openSmallDisk(120);
    closing.push(async () => disk.remove());
    const service = await start({ dataDir: disk.folder, env: BUILTIN });
    const rows = async () => {
      await service.stop('SIGKILL');
      return await recorded(service.place);
    };
    await endure(service, {
      begin: async () => disk.fill(),
      end: async () => disk.free(),
      lastsMs: 3000,
      refuses: 'surely',
      rows,
    });
  });
});
