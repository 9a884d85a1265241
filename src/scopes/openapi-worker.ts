import { parentPort, workerData } from 'node:worker_threads';
import { Fault } from '../reservation/fault.ts';
import type { Reply } from './openapi-apart.ts';
import { scopesFromOpenApi, type FromOpenApi } from './openapi.ts';

/** The thread of openapi-apart.ts: reads one document, answers and ends. */

const { given, how } = workerData as { given: string; how: FromOpenApi };
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
parentPort!.postMessage(answer());

function answer(): Reply {
  try {
    return { made: scopesFromOpenApi(given, how) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { fault: { code: error.code, message: error.message, at: error.at } };
  }
}
