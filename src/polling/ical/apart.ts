import { Worker } from 'node:worker_threads';
import type { Calendar, CalendarSpan } from './read.ts';
import { Unread } from './unread.ts';

/** In all, however often it is begun again. */
const LONGEST_MS = 30_000;
/** At one series. What a rule makes is bounded; how long the library looks for something that never comes is not. */
const STUCK_MS = 4000;
const LOOK_MS = 250;
const MOST_STUCK = 4;
const MOST_MEMORY_MB = 256;

/** What the thread is given. */
export interface Reading {
  readonly text: string;
  readonly span: CalendarSpan;
  readonly without: readonly number[];
  /** One number: the place of the series that it is at, plus one. */
  readonly progress: SharedArrayBuffer;
}

/** How it answers. */
export type Reply = { readonly calendar: Calendar } | { readonly unread: string };

/**
 * `readCalendar` in a thread of its own, with a bound on its time and memory: anybody who may write into a calendar may write a rule that
 * stalls its reader. The event of such a rule is left out. Throws `Unread`.
 */
export async function readCalendarApart(text: string, span: CalendarSpan): Promise<Calendar> {
  const until = performance.now() + LONGEST_MS;
  const without: number[] = [];
  for (;;) {
    const answer = await readOnce({ text, span, without, progress: new SharedArrayBuffer(4) }, until);
    if ('calendar' in answer) return answer.calendar;
    if ('unread' in answer) throw new Unread(answer.unread);
    without.push(answer.stuckAt);
    if (without.length > MOST_STUCK) throw new Unread('it takes too long to read');
  }
}

async function readOnce(reading: Reading, until: number): Promise<Reply | { readonly stuckAt: number }> {
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    workerData: reading,
    resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY_MB },
  });
  const { promise, resolve } = Promise.withResolvers<Reply | { readonly stuckAt: number }>();
  const giveUp = () => resolve({ unread: 'it is too much to read' });
  worker.once('message', resolve).once('error', giveUp).once('exit', giveUp);
  const watch = watchProgress(
    reading,
    (stuckAt) => {
      resolve(stuckAt === undefined || performance.now() > until ? { unread: 'it takes too long to read' } : { stuckAt });
    },
    until,
  );
  try {
    return await promise;
  } finally {
    clearInterval(watch);
    void worker.terminate();
  }
}

function watchProgress({ progress }: Reading, stuck: (at: number | undefined) => void, until: number): NodeJS.Timeout {
  const place = new Int32Array(progress);
  let [seen, since] = [0, performance.now()];
  return setInterval(() => {
    const [at, now] = [Atomics.load(place, 0), performance.now()];
    if (at !== seen) [seen, since] = [at, now];
    if (now > until) stuck(undefined);
    else if (at > 0 && now - since > STUCK_MS) stuck(at - 1);
  }, LOOK_MS);
}
