import { request as httpRequest, Agent as HttpAgent, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as HttpsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { Fault } from '../reservation/fault.ts';
import { type Address, addressesOf, isReachable, parseRanges, parseTarget, type Resolver, systemResolver } from './target.ts';

/** How much of an answer is read before the socket is closed; nothing of it is kept. */
const ANSWER_CAP_BYTES = 64 * 1024;
const LONGEST_RETRY_AFTER_MS = 24 * 3600_000;

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly timeoutMs: number;
  /** `operator`: named in the configuration, may be private. `untrusted`: came by API or in an event. */
  readonly trusted: 'operator' | 'untrusted';
}

export interface Answer {
  readonly status: number;
  readonly retryAfterMs?: number;
}

export interface Outgoing {
  post(post: Post): Promise<Answer>;
}

/**
 * The one HTTP client for notifications. An untrusted target is resolved once, every address is checked, and the socket is opened to
 * those addresses and no other (Host and SNI stay the name's), so a name that changes its mind in between gains nothing. No redirects,
 * no user in the URL, no proxy from the environment; the answer's body is discarded.
 * Throws Fault: `invalid` (the URL), `forbidden` (the address), `unavailable` (no answer in time).
 */
export function createOutgoing(options: {
  now: () => Date;
  allowPrivate?: readonly string[];
  resolve?: Resolver;
  userAgent?: string;
}): Outgoing {
  const allowed = parseRanges(options.allowPrivate ?? []);
  const resolve = options.resolve ?? systemResolver;

  async function post(post: Post): Promise<Answer> {
    const url = parseTarget(post.url);
    const signal = AbortSignal.timeout(post.timeoutMs);
    try {
      const addresses = await beforeAbort(addressesOf(url, resolve), signal);
      if (post.trusted === 'untrusted' && !addresses.every(({ address }) => isReachable(address, allowed)))
        throw new Fault('forbidden', 'the target is not on the public internet and not in LATCHKEY_ALLOW_PRIVATE_TARGETS');
      const headers = { 'user-agent': options.userAgent ?? 'latchkey', ...post.headers };
      return await send(url, { headers, body: post.body, signal, addresses, now: options.now });
    } catch (error) {
      if (error instanceof Fault) throw error;
      throw new Fault('unavailable', signal.aborted ? 'no answer in time' : `no connection (${codeOf(error)})`, { cause: error });
    }
  }

  return { post };
}

interface Sending {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly signal: AbortSignal;
  readonly addresses: readonly Address[];
  readonly now: () => Date;
}

function send(url: URL, sending: Sending): Promise<Answer> {
  const { body, signal } = sending;
  const headers = { ...sending.headers, 'content-length': String(body.length) };
  const options = { method: 'POST', headers, signal, lookup: pinned(sending.addresses) };
  return new Promise((resolve, reject) => {
    const answered = (response: IncomingMessage): void => {
      drain(response);
      const retryAfterMs = retryAfter(response.headers['retry-after'], sending.now());
      resolve({ status: response.statusCode ?? 0, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
    };
    // An agent of our own: the global one would honour NODE_USE_ENV_PROXY and keep sockets to addresses checked earlier.
    const request: ClientRequest =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, agent: new HttpsAgent({ keepAlive: false }) }, answered)
        : httpRequest(url, { ...options, agent: new HttpAgent({ keepAlive: false }) }, answered);
    request.on('error', reject);
    request.end(body);
  });
}

/** Answers the socket's question for an address with those already checked. */
function pinned(addresses: readonly Address[]): LookupFunction {
  return (_hostname, options, done) => {
    const [first] = addresses;
    if (options.all) done(null, [...addresses]);
    else if (first) done(null, first.address, first.family);
  };
}

function drain(response: IncomingMessage): void {
  let bytes = 0;
  response.on('error', () => undefined);
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > ANSWER_CAP_BYTES) response.destroy();
  });
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3), as milliseconds from now; capped at a day. */
function retryAfter(value: string | undefined, now: Date): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now.getTime();
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, LONGEST_RETRY_AFTER_MS) : undefined;
}

async function beforeAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(new Fault('unavailable', 'no answer in time'));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'error';
}
