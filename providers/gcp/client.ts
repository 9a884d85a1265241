import { AsyncLocalStorage } from 'node:async_hooks';
import { type Call, DriverError } from '../driver.ts';
import { failureOf } from './failure.ts';
import { type Adapter, openSdk, type Opening, type Sdk } from './sdk.ts';

export interface Step {
  readonly turn: 'reads' | 'writes';
  /** Completes "when asked to ...". */
  readonly what: string;
  /** Parameters of the method that its client does not know yet. */
  readonly query?: Readonly<Record<string, string>>;
}

export interface Client {
  /** One request, in its turn. Throws `DriverError`, and what waiting for the turn throws. */
  ask<T>(step: Step, call: Call, work: (sdk: Sdk) => Promise<T>): Promise<T>;
}

export interface ClientOptions extends Opening {
  readonly provider: string;
  readonly userAgent: string;
}

interface Errand {
  readonly step: Step;
  readonly call: Call;
  sent: boolean;
}

const LONGEST_ANSWER_BYTES = 8 * 1024 * 1024;

export function createClient(options: ClientOptions): Client {
  // The clients take neither a signal nor a parameter of ours: what belongs to a request is found where it leaves.
  const errands = new AsyncLocalStorage<Errand>();
  let opening: Promise<Sdk> | undefined;
  const sdk = async (): Promise<Sdk> => {
    opening ??= openSdk(options, throughErrand(errands, options.userAgent));
    try {
      return await opening;
    } catch (error) {
      // A client that found no credentials never looks for them again.
      opening = undefined;
      throw error;
    }
  };

  return {
    async ask(step, call, work) {
      if (!call.signal.aborted) await call.turn(step.turn);
      const errand: Errand = { step, call, sent: false };
      try {
        return await errands.run(errand, () => beforeDeadline(call.signal, async () => await work(await sdk())));
      } catch (error) {
        const { provider } = options;
        if (error instanceof DriverError) throw error;
        // oxlint-disable-next-line preserve-caught-error -- it carries the access token and the answer: it ends here
        throw failureOf(error, { provider, what: step.what, sent: errand.sent, expired: call.signal.aborted });
      }
    },
  };
}

/** Where a request leaves, when it has its token: to its deadline, once, to no other host, and told to whoever tries the provider out. */
function throughErrand(errands: AsyncLocalStorage<Errand>, userAgent: string): Adapter {
  return async (options, send) => {
    const errand = errands.getStore();
    if (!errand) return await send(options);
    const { step, call } = errand;
    const url = new URL(options.url);
    for (const [name, value] of Object.entries(step.query ?? {})) url.searchParams.set(name, value);
    options.headers.set('User-Agent', userAgent);
    const signal = options.signal ? AbortSignal.any([call.signal, options.signal]) : call.signal;
    const began = performance.now();
    errand.sent = true;
    const tell = (status?: number) => call.trace?.({ ...exchangeOf(options, url), status, ms: performance.now() - began });
    try {
      const answer = await send({ ...options, url, signal, redirect: 'manual', size: LONGEST_ANSWER_BYTES });
      tell(answer.status);
      return answer;
    } catch (error) {
      tell();
      throw error;
    }
  };
}

function exchangeOf({ method, body }: { method?: string; body?: unknown }, url: URL) {
  return {
    method: method ?? 'GET',
    url: url.host + url.pathname + url.search,
    ...(typeof body === 'string' && { body: JSON.parse(body) as unknown }),
  };
}

/** Looking for credentials cannot be stopped; it is not waited for. */
async function beforeDeadline<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const expire = () => reject(signal.reason as Error);
  signal.addEventListener('abort', expire, { once: true });
  try {
    return await Promise.race([work(), expired]);
  } finally {
    signal.removeEventListener('abort', expire);
  }
}
