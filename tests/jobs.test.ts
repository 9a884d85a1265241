import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openLedger, type Ledger } from '../src/ledger/database.ts';
import { QUEUES, startJobs, type Jobs, type Queue } from '../src/ledger/jobs.ts';
import { describeEngines, type TestLedger } from './engines.ts';

const within = { timeout: 20_000, interval: 5 };

describeEngines('jobs', (engine) => {
  let open: TestLedger;
  let jobs: Jobs;
  const logged: string[] = [];
  const log = (message: string, fields?: object) => void logged.push(`${message} ${JSON.stringify(fields)}`);

  beforeEach(async () => {
    logged.length = 0;
    open = await engine.open();
    jobs = await startJobs(open.ledger, { log });
  });
  afterEach(async () => {
    await jobs.stop();
    await open.close();
  });

  const enqueue = (queue: Queue, ...ids: string[]) => open.ledger.transact((tx) => jobs.enqueue(tx, queue, ids));

  test('a job runs after the commit of the transaction that made it, and not before', async () => {
    const ran: string[] = [];
    await jobs.work('settle', { concurrency: 2 }, async (id) => void ran.push(id));
    await open.ledger.transact(async (tx) => {
      await jobs.enqueue(tx, 'settle', ['a', 'b', 'a']);
      expect(ran).toEqual([]);
    });
    await vi.waitFor(() => expect(ran.toSorted()).toEqual(['a', 'b']), within);
  });

  test('a rolled back transaction leaves no job', async () => {
    const ran: string[] = [];
    await jobs.work('settle', { concurrency: 1 }, async (id) => void ran.push(id));
    const failing = open.ledger.transact(async (tx) => {
      await jobs.enqueue(tx, 'settle', ['lost']);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await enqueue('settle', 'kept');
    await vi.waitFor(() => expect(ran).toEqual(['kept']), within);
  });

  test('five hundred jobs made in one transaction all run, once each', async () => {
    const ran: string[] = [];
    await jobs.work('settle', { concurrency: 8 }, async (id) => void ran.push(id));
    const ids = Array.from({ length: 500 }, (_, index) => `lse_${String(index).padStart(3, '0')}`);
    await enqueue('settle', ...ids);
    await vi.waitFor(() => expect(ran.length).toBe(500), within);
    expect(ran.toSorted()).toEqual(ids);
  });

  test('every queue has its own workers', async () => {
    const ran: string[] = [];
    for (const queue of QUEUES) await jobs.work(queue, { concurrency: 1 }, async (id) => void ran.push(`${queue} ${id}`));
    for (const queue of QUEUES) await enqueue(queue, queue.toUpperCase());
    await vi.waitFor(() => expect(ran.length).toBe(QUEUES.length), within);
    expect(ran.toSorted()).toEqual(QUEUES.map((queue) => `${queue} ${queue.toUpperCase()}`).toSorted());
  });

  test('forty jobs, each made when the one before has run, are woken and not left to the next poll', async () => {
    const ran: string[] = [];
    await jobs.work('settle', { concurrency: 2 }, async (id) => void ran.push(id));
    // At one poll in two seconds this would take more than a minute.
    for (let index = 0; index < 40; index++) {
      await enqueue('settle', `${index}`);
      await vi.waitFor(() => expect(ran.length).toBe(index + 1), within);
    }
  }, 30_000);

  test('a failing handler holds nobody up, is logged, is tried again, and leaves no trace of its error in the database', async () => {
    const ran: string[] = [];
    let failures = 0;
    await jobs.work('settle', { concurrency: 1 }, async (id) => {
      if (id === 'bad' && failures++ < 1) throw new Error('temp_plain_secret');
      ran.push(id);
    });
    await enqueue('settle', 'bad', 'good1', 'good2');
    await vi.waitFor(() => expect(ran).toEqual(['good1', 'good2', 'bad']), within);
    expect(logged.some((line) => line.startsWith('a job failed'))).toBe(true);
    const { rows } = await open.ledger.db.executeQuery<{ text: string }>({
      sql: 'select j::text as text from pgboss.job j',
      parameters: [],
      query: { kind: 'RawNode' } as never,
      queryId: { queryId: 'test' },
    });
    expect(rows.length).toBe(3);
    expect(JSON.stringify(rows)).not.toContain('temp_plain_secret');
  });

  test('a worker busy for long does not delay the others', async () => {
    const ran: string[] = [];
    let finish = () => {};
    const held = new Promise<void>((resolve) => (finish = resolve));
    await jobs.work('settle', { concurrency: 3 }, async (id) => {
      if (id.startsWith('slow')) await held;
      ran.push(id);
    });
    await enqueue('settle', 'slow1');
    await enqueue('settle', 'slow2');
    for (let index = 0; index < 20; index++) await enqueue('settle', `fast${index}`);
    await vi.waitFor(() => expect(ran.length).toBe(20), within);
    finish();
    await vi.waitFor(() => expect(ran.length).toBe(22), within);
  });

  test('stopping waits for the handlers that run, and starts no more', async () => {
    const ran: string[] = [];
    let finish = () => {};
    const held = new Promise<void>((resolve) => (finish = resolve));
    await jobs.work('settle', { concurrency: 1 }, async (id) => {
      ran.push(`start ${id}`);
      await held;
      ran.push(`end ${id}`);
    });
    await enqueue('settle', 'a', 'b');
    await vi.waitFor(() => expect(ran.length).toBe(1), within);
    const stopped = jobs.stop().then(() => ran.push('stopped'));
    finish();
    await stopped;
    expect(ran.map((line) => line.split(' ')[0])).toEqual(['start', 'end', 'stopped']);
    const waiting = ran[0] === 'start a' ? 'b' : 'a';

    jobs = await startJobs(open.ledger, { log });
    await jobs.work('settle', { concurrency: 1 }, async (id) => void ran.push(`later ${id}`));
    await vi.waitFor(() => expect(ran.at(-1)).toBe(`later ${waiting}`), within);
  });

  test.runIf(engine.name === 'postgres')(
    'a job made on one node runs on another that has the workers',
    async () => {
      const other: Ledger = await openLedger({ ...open.place, now: () => new Date(), mac: open.chain.mac });
      const remote = await startJobs(other, { log });
      try {
        const ran: string[] = [];
        await remote.work('deliver', { concurrency: 2 }, async (id) => void ran.push(id));
        // So many that polls alone would take more than a minute.
        for (let index = 0; index < 40; index++) {
          await enqueue('deliver', `${index}`);
          await vi.waitFor(() => expect(ran.length).toBe(index + 1), within);
        }
      } finally {
        await remote.stop();
        await other.close();
      }
    },
    30_000,
  );
});
