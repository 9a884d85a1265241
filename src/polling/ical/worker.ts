import { parentPort, workerData } from 'node:worker_threads';
import type { Reading, Reply } from './apart.ts';
import { readCalendar } from './read.ts';
import { Unread } from './unread.ts';

/** The thread of apart.ts: reads one calendar, answers and ends. */

const { text, span, without, progress } = workerData as Reading;
const place = new Int32Array(progress);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
parentPort!.postMessage(answer());

function answer(): Reply {
  try {
    return { calendar: readCalendar(text, span, { without, at: (series) => void Atomics.store(place, 0, series + 1) }) };
  } catch (error) {
    if (!(error instanceof Unread)) throw error;
    return { unread: error.message };
  }
}
