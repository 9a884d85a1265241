import { Worker } from 'node:worker_threads';
import { Fault, type FaultCode } from '../reservation/fault.ts';
import type { FromOpenApi, Generated } from './openapi.ts';

const LONGEST_MS = 20_000;
const MOST_MEMORY_MB = 256;

/** How the worker answers. */
export type Reply =
  | { readonly made: Generated }
  | { readonly fault: { code: FaultCode; message: string; at: string | undefined } };

/**
 * `scopesFromOpenApi` in a thread of its own, with a bound on its time and memory: a large document takes a second to read, in which
 * nobody's key would be verified.
 */
export async function scopesFromOpenApiApart(given: unknown, how: FromOpenApi): Promise<Generated> {
  const worker = new Worker(new URL('openapi-worker.ts', import.meta.url), {
    workerData: { given, how },
    resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY_MB },
  });
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  worker.once('message', resolve).once('error', reject);
  worker.once('exit', () => reject(new Error('it ended without an answer')));
  const timer = setTimeout(() => reject(new Error('it took too long')), LONGEST_MS);
  try {
    const reply = await promise;
    if ('made' in reply) return reply.made;
    throw new Fault(reply.fault.code, reply.fault.message, { at: reply.fault.at });
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('invalid', 'the document is too much to read', { at: 'document', cause: error });
  } finally {
    clearTimeout(timer);
    void worker.terminate();
  }
}
