import { setImmediate as othersFirst } from 'node:timers/promises';
import type { PgBoss } from 'pg-boss';
import type { LedgerLog } from './engine.ts';

/** Finds what no wake-up announced: retries that became due, jobs of a node that died. */
const POLL_MS = 2_000;
const BATCH = 100;

export interface Crew {
  /** There may be jobs: look now. */
  wake(): void;
  /** Fetches no more and resolves when nothing runs. */
  stop(): Promise<void>;
}

export interface CrewOptions {
  queue: string;
  concurrency: number;
  /** How often the database hears that running jobs are still being worked on. */
  heartbeatMs: number;
  log: LedgerLog;
  handle: (id: string) => Promise<void>;
}

/** Which fetch of a job is meant: a late answer to an earlier one settles nothing. */
interface Attempt {
  readonly id: string;
  readonly retryCount: number;
}

interface Job extends Attempt {
  readonly data: { readonly id: string };
}

/**
 * The workers of one queue on this node. Jobs are fetched as many at a time as there are hands free, and settled as many at a time
 * as finished while the last settling was on its way: pg-boss' own workers take two statements for each job.
 */
export function createCrew(boss: PgBoss, options: CrewOptions): Crew {
  const { queue, concurrency, log } = options;
  const running = new Map<string, Job>();
  const books = createBooks(boss, queue, leaveWhenDone);
  /** `more`: what is waiting may be more than was fetched. `woken`: somebody called while we looked. */
  const state = { looking: false, more: false, woken: false, leave: undefined as (() => void) | undefined };

  const poll = setInterval(wake, POLL_MS).unref();
  const heartbeat = setInterval(() => {
    if (running.size > 0) boss.touch(queue, [...running.values()].map(attempt)).catch((error: unknown) => report(boss, error));
  }, options.heartbeatMs).unref();

  function wake(): void {
    state.woken = true;
    if (!state.looking && !state.leave) look().catch((error: unknown) => report(boss, error));
  }

  async function look(): Promise<void> {
    state.looking = true;
    try {
      while ((state.woken || state.more) && !state.leave) {
        state.woken = false;
        state.more = true;
        const batchSize = Math.min(BATCH, concurrency - running.size);
        if (batchSize <= 0) return;
        const jobs = await boss.fetch<{ id: string }>(queue, { batchSize });
        state.more = jobs.length === batchSize;
        for (const job of jobs) run(job).catch((error: unknown) => report(boss, error));
        // The embedded database answers without ever letting go of the event loop.
        await othersFirst();
      }
    } finally {
      state.looking = false;
      leaveWhenDone();
    }
  }

  async function run(job: Job): Promise<void> {
    running.set(job.id, job);
    const done = await Promise.try(options.handle, job.data.id).then(
      () => 'complete' as const,
      (error: unknown) => {
        log('a job failed', { queue, id: job.data.id, error: error instanceof Error ? error.message : String(error) });
        return 'fail' as const;
      },
    );
    running.delete(job.id);
    books.settle(done, job);
    if (state.more) wake();
  }

  function leaveWhenDone(): void {
    if (running.size === 0 && !state.looking && books.closed()) state.leave?.();
  }

  return {
    wake,
    async stop() {
      clearInterval(poll);
      const { promise, resolve } = Promise.withResolvers<void>();
      state.leave = resolve;
      leaveWhenDone();
      await promise;
      clearInterval(heartbeat);
    },
  };
}

/** Tells pg-boss how jobs ended. One whose end cannot be told is given out again by and by: it may run twice. */
function createBooks(boss: PgBoss, queue: string, onClosed: () => void) {
  const ended: Record<'complete' | 'fail', Attempt[]> = { complete: [], fail: [] };
  let writing = false;

  async function write(): Promise<void> {
    writing = true;
    try {
      while (ended.complete.length + ended.fail.length > 0) {
        const [completed, failed] = [ended.complete.splice(0), ended.fail.splice(0)];
        if (completed.length > 0) await boss.complete(queue, completed);
        // Nothing of the error goes with it: it would be written to the database with every field it has.
        if (failed.length > 0) await boss.fail(queue, failed);
      }
    } finally {
      writing = false;
      onClosed();
    }
  }

  return {
    settle(end: 'complete' | 'fail', job: Job): void {
      ended[end].push(attempt(job));
      if (!writing) write().catch((error: unknown) => report(boss, error));
    },
    closed: () => !writing && ended.complete.length + ended.fail.length === 0,
  };
}

function report(boss: PgBoss, error: unknown): void {
  boss.emit('error', error instanceof Error ? error : new Error(String(error)));
}

function attempt({ id, retryCount }: Attempt): Attempt {
  return { id, retryCount };
}
