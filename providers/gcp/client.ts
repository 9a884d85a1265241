import { AsyncLocalStorage } from 'node:async_hooks';
import type { ApiGatewayServiceClient } from '@google-cloud/api-gateway';
import type { ApiKeysClient } from '@google-cloud/apikeys';
import { type Call, DriverError } from '../driver.ts';
import type { Config } from './config.ts';
import { failureOf } from './failure.ts';

type SdkOptions = NonNullable<ConstructorParameters<typeof ApiKeysClient>[0]>;
type Auth = ApiKeysClient['auth'];
type Adapter = NonNullable<Parameters<Auth['request']>[0]['adapter']>;

/** A client of google-auth-library. */
export type AuthClient = NonNullable<SdkOptions['authClient']>;

export interface Sdk {
  readonly keys: ApiKeysClient;
  readonly gateways: ApiGatewayServiceClient;
}

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

export interface ClientOptions {
  readonly config: Config;
  readonly provider: string;
  readonly userAgent: string;
  readonly authClient: AuthClient | undefined;
}

interface Errand {
  readonly step: Step;
  readonly call: Call;
  sent: boolean;
}

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const LONGEST_ANSWER_BYTES = 8 * 1024 * 1024;

/** The clients retry nothing of keys by themselves, but they do so when they ask for an operation. */
const NO_RETRIES = {
  interfaces: {
    'google.longrunning.Operations': {
      retry_codes: { none: [] },
      methods: { GetOperation: { retry_codes_name: 'none', timeout_millis: 60_000 } },
    },
  },
};

export function createClient(options: ClientOptions): Client {
  // The clients take neither a signal nor a parameter of ours: what belongs to a request is found where it leaves.
  const errands = new AsyncLocalStorage<Errand>();
  let opening: Promise<Sdk> | undefined;
  const sdk = async (): Promise<Sdk> => {
    opening ??= openSdk(options, errands);
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

/** Imported on the first call: they cost a fifth of a second and 40 MB each, which a start without this provider need not pay. */
async function openSdk({ config, authClient, userAgent }: ClientOptions, errands: AsyncLocalStorage<Errand>): Promise<Sdk> {
  const [{ ApiKeysClient }, { ApiGatewayServiceClient }] = await Promise.all([
    import('@google-cloud/apikeys'),
    import('@google-cloud/api-gateway'),
  ]);
  const common: SdkOptions = { fallback: true, clientConfig: NO_RETRIES, projectId: config.projectId, scopes: [SCOPE] };
  const keys = new ApiKeysClient({
    ...common,
    ...addressOf(config.endpoints.apiKeys),
    ...(authClient ? { authClient } : credentialsOf(config)),
  });
  const gateways = new ApiGatewayServiceClient({
    ...common,
    ...addressOf(config.endpoints.apiGateway),
    auth: keys.auth,
  });
  const adapter = throughErrand(errands, userAgent);
  const withAdapter = (init?: RequestInit): RequestInit & { adapter: Adapter } => ({ ...init, adapter });
  const fetch = keys.auth.fetch.bind(keys.auth);
  keys.auth.fetch = async (url: never, init?: RequestInit) => await fetch(url, withAdapter(init));
  // Done by hand: a call that does it for itself leaves an unhandled rejection behind when there are no credentials.
  await Promise.all([keys.initialize(), gateways.initialize()]);
  return { keys, gateways };
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

function credentialsOf({ credentials }: Config): SdkOptions {
  if (!credentials) return {};
  if ('keyFile' in credentials) return { keyFilename: credentials.keyFile };
  return { credentials: { client_email: credentials.clientEmail, private_key: credentials.privateKey.reveal() } };
}

function addressOf(endpoint: string | undefined): SdkOptions {
  if (!endpoint) return {};
  const { protocol, hostname, port } = new URL(endpoint);
  const usual = protocol === 'https:' ? 443 : 80;
  return { apiEndpoint: hostname, protocol: protocol.slice(0, -1), port: Number(port) || usual };
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
