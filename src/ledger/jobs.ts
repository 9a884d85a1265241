import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { fromKysely, PgBoss } from 'pg-boss';
import type { Ledger, Tx } from './database.ts';
import type { LedgerLog } from './engine.ts';
import { createCrew, type Crew } from './crew.ts';
import { inOne } from './in-one.ts';

/*
 * Jobs only wake: what is to be done stands in the row whose id the job carries. So a job may run twice, and a lost one is made
 * again by the sweep. Identical waiting jobs are not merged: the waiting one may start before this transaction commits,
 * and would then not see what it was to be woken for.
 */

export const QUEUES = ['settle', 'deliver', 'rotate', 'inventory', 'bulk', 'retention'] as const;
export type Queue = (typeof QUEUES)[number];

export interface Jobs {
  /** In the same transaction: a job for each id, or none if it rolls back. Workers are woken after the commit, on every node. */
  enqueue(tx: Tx, queue: Queue, ids: readonly string[]): Promise<void>;
  /**
   * Calls `handle` for each job of the queue, at most `concurrency` at once on this node. When it throws, the job is logged
   * and tried again a few times; what must be retried for longer says so in its own row.
   */
  work(queue: Queue, options: { concurrency: number }, handle: (id: string) => Promise<void>): Promise<void>;
  /** Takes no more jobs and waits for running handlers, for so long; what still runs then is left for the next start. It still enqueues. */
  drain(longestMs: number): Promise<void>;
  /** Drains, where that was not done yet, and ends. */
  stop(): Promise<void>;
}

const DRAIN_MS = 4_000;
const CHANNEL = 'jobs';
const HEARTBEAT_MS = 5_000;
const TELL_MS = 20;
const ERROR_LOG_PAUSE_MS = 10_000;
const DAY_SECONDS = 86_400;

const QUEUE_OPTIONS = {
  retryLimit: 3,
  retryDelay: 1,
  retryBackoff: true,
  retryDelayMax: 30,
  /** A waiting job is never too old: longer than any outage. */
  retentionSeconds: 400 * DAY_SECONDS,
  deleteAfterSeconds: 600,
  expireInSeconds: 900,
  /** After which the jobs of a node that died go to another. */
  heartbeatSeconds: 20,
  warningQueueSize: 100_000,
};

export async function startJobs(ledger: Ledger, options: { log?: LedgerLog } = {}): Promise<Jobs> {
  const log = options.log ?? (() => {});
  const node = randomUUID();
  const crews = new Map<Queue, Crew>();
  const boss = await startBoss(ledger, log);
  const wake = (queue: Queue) => crews.get(queue)?.wake();
  let drained: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;

  if (ledger.engine === 'postgres') {
    await ledger.listen(
      CHANNEL,
      (payload) => {
        const [from, queue] = payload.split(' ');
        if (from !== node) wake(queue as Queue);
      },
      () => QUEUES.forEach(wake),
    );
  }

  /** Soon and once for many jobs: every NOTIFY is a statement, and its commit waits for all others that notify. A lost one costs a poll. */
  const untold = new Set<Queue>();
  function tellOthers(queue: Queue): void {
    if (untold.size === 0) setTimeout(tell, TELL_MS).unref();
    untold.add(queue);
  }
  function tell(): void {
    const queues = [...untold];
    untold.clear();
    const told = queues.map((queue) => sql`select pg_notify(${CHANNEL}, ${`${node} ${queue}`})`.execute(ledger.db));
    Promise.all(told).catch((error: unknown) => log('other nodes were not woken', { error: String(error) }));
  }

  const insert = inOne(async (kysely, asked: readonly { queue: Queue; ids: readonly string[] }[]) => {
    const db = fromKysely(kysely.withoutPlugins());
    for (const [queue, asks] of Map.groupBy(asked, (ask) => ask.queue)) {
      const ids = new Set(asks.flatMap((ask) => ask.ids));
      await boss.insert(
        queue,
        [...ids].map((id) => ({ data: { id } })),
        { db },
      );
    }
    return asked.map(() => undefined);
  });

  return {
    async enqueue(tx, queue, ids) {
      if (ids.length === 0) return;
      await insert(tx.db, { queue, ids });
      tx.afterCommit(() => {
        wake(queue);
        if (ledger.engine === 'postgres') tellOthers(queue);
      });
    },
    async work(queue, { concurrency }, handle) {
      if (crews.has(queue)) throw new Error(`jobs: ${queue} has its workers already`);
      crews.set(queue, createCrew(boss, { queue, concurrency, heartbeatMs: HEARTBEAT_MS, log, handle }));
      wake(queue);
    },
    drain: (longestMs) => (drained ??= drain(longestMs)),
    stop: () => (stopped ??= stop()),
  };

  async function drain(longestMs: number): Promise<void> {
    const idle = Promise.all([...crews.values()].map((crew) => crew.stop()));
    await Promise.race([idle, delay(longestMs, undefined, { ref: false })]);
  }

  async function stop(): Promise<void> {
    await (drained ??= drain(DRAIN_MS));
    await boss.stop({ graceful: false });
  }
}

async function startBoss(ledger: Ledger, log: LedgerLog): Promise<PgBoss> {
  const embedded = ledger.engine === 'embedded';
  const boss = new PgBoss({
    ...ledger.bossOptions(),
    schedule: false,
    superviseIntervalSeconds: 15,
    monitorIntervalSeconds: 15,
    maintenanceIntervalSeconds: 600,
    // Both are looked after by the embedded database's own upkeep.
    monitorVacuum: !embedded,
    reindex: !embedded,
  });
  quietly(boss, log);
  await boss.start();
  for (const queue of QUEUES) {
    await boss.createQueue(queue, { ...QUEUE_OPTIONS, partition: true });
    await boss.updateQueue(queue, QUEUE_OPTIONS);
    // Fills its cache. Else the first insert would look the queue up outside its transaction, which on one connection waits for ever.
    await boss.findJobs(queue, { id: randomUUID() });
    if (embedded) await takeBack(boss, queue);
  }
  return boss;
}

/** Nobody else can be running a job of an embedded database: what is active was so when the last process died. */
async function takeBack(boss: PgBoss, queue: Queue): Promise<void> {
  const { rows } = await boss.getDb().executeSql(`select id from pgboss.job where name = $1 and state = 'active'`, [queue]);
  if (rows.length > 0)
    await boss.fail(
      queue,
      rows.map((row: { id: string }) => row.id),
    );
}

/** In an outage every worker fails at every poll; one line in ten seconds says enough. */
function quietly(boss: PgBoss, log: LedgerLog): void {
  let silent = false;
  boss.on('error', (error) => {
    if (silent) return;
    silent = true;
    setTimeout(() => (silent = false), ERROR_LOG_PAUSE_MS).unref();
    log('the job engine has a problem', { error: error.message });
  });
  boss.on('warning', ({ message }) => log('the job engine warns', { warning: message }));
}
