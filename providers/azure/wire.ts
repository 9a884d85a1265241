import { AsyncLocalStorage } from 'node:async_hooks';
import type { ApiManagementClient } from '@azure/arm-apimanagement';
import { type Call, DriverError } from '../driver.ts';
import { failureOf, kindOf } from './failures.ts';

/* What happens to each single request to Azure: it waits for its turn, is shown to whoever tries the provider out, and a web page is no answer. */

type Policy = Parameters<ApiManagementClient['pipeline']['addPolicy']>[0];
type Request = Parameters<Policy['sendRequest']>[0];
type Response = Awaited<ReturnType<Policy['sendRequest']>>;

export interface Errand {
  readonly call: Call;
  /** Completes "asked to", in messages. */
  readonly what: string;
  readonly provider: string;
}

interface Running extends Errand {
  /** What ended it, to be thrown as it is: the SDK's own wrapping would hide it. */
  stop?: { readonly error: unknown };
}

/** The SDK tells a policy nothing of the call that a request belongs to, and pages are fetched by requests of its own. */
const running = new AsyncLocalStorage<Running>();

/** Runs a piece of work with the SDK. Throws only `DriverError`, and what `call.turn` throws. */
export async function runErrand<T>(errand: Errand, work: () => Promise<T>): Promise<T> {
  const run: Running = { ...errand };
  const { signal } = errand.call;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    // The sign-in library does not stop by itself.
    return await Promise.race([running.run(run, work), aborted]);
  } catch (error) {
    throw run.stop ? run.stop.error : failureOf(error, { ...errand, signal });
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** To be added after the phase in which requests are signed. */
export const wirePolicy: Policy = {
  name: 'latchkeyWirePolicy',
  async sendRequest(request, next) {
    const run = running.getStore();
    if (!run) return await next(request);
    await stopping(run, () => run.call.turn(operationOf(request.method)));
    request.headers.set('x-ms-client-request-id', run.call.requestId);
    const response = await traced(run.call, request, () => next(request));
    await stopping(run, async () => refusePage(response, run));
    return response;
  },
};

function operationOf(method: string): string {
  if (method === 'GET' || method === 'HEAD') return 'read';
  return method === 'DELETE' ? 'delete' : 'write';
}

async function stopping(run: Running, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    run.stop = { error };
    throw error;
  }
}

async function traced({ trace }: Call, request: Request, send: () => Promise<Response>): Promise<Response> {
  const began = performance.now();
  const tell = (status?: number) => {
    const { host, pathname, search } = new URL(request.url);
    const body = typeof request.body === 'string' ? masked(request.body) : undefined;
    trace?.({ method: request.method, url: host + pathname + search, body, status, ms: performance.now() - began });
  };
  try {
    const response = await send();
    tell(response.status);
    return response;
  } catch (error) {
    tell();
    throw error;
  }
}

/** Both keys of a subscription: the second one may be one that nobody is to have. */
function masked(body: string): unknown {
  return JSON.parse(body, (name, value: unknown) => (name === 'primaryKey' || name === 'secondaryKey' ? '[secret]' : value));
}

/** A page is a proxy's: it knows nothing of the request, so it settles nothing, whatever its status. */
function refusePage({ status, headers, bodyAsText }: Response, { provider, what }: Errand): void {
  if (!/^\s*</.test(bodyAsText ?? '')) return;
  const kind = kindOf(status);
  const { retryAfterMs } = failureOf({ statusCode: status, response: { headers } }, { provider, what, signal: NEVER });
  throw new DriverError(
    kind === 'rejected' ? 'transient' : kind,
    `${provider}: answered ${status} with a web page when asked to ${what}`,
    { status, retryAfterMs },
  );
}

const NEVER = new AbortController().signal;
