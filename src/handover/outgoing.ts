import type { IncomingMessage } from 'node:http';
import { Fault } from '../reservation/fault.ts';
import { send } from './connect.ts';
import { drain, readAnswer, retryAfter } from './read-answer.ts';
import {
  type Address,
  addressesOf,
  isMetadata,
  isReachable,
  parseRanges,
  parseTarget,
  type Resolver,
  systemResolver,
} from './target.ts';

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

export interface Get {
  /** Named in the configuration, so it may be private. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Also of what a compressed one inflates to. */
  readonly mostBytes: number;
}

export interface Got extends Answer {
  readonly headers: Readonly<Record<'etag' | 'last-modified' | 'location', string | undefined>>;
  /** Of an answer 200 only. */
  readonly body?: Buffer;
}

export interface Outgoing {
  post(post: Post): Promise<Answer>;
  get(get: Get): Promise<Got>;
}

/**
 * The one HTTP client for notifications, and for what is read from reservation systems. An untrusted target is resolved once, every address
 * is checked, and the socket is opened to those addresses and no other (Host and SNI stay the name's), so a name that changes its mind in
 * between gains nothing. A cloud's metadata service is no target, whoever names it. No redirects,
 * no user in the URL, no proxy from the environment; the body of an answer to a post is discarded.
 * Throws Fault: `invalid` (the URL), `forbidden` (the address), `unavailable` (no answer in time, or none that can be read).
 */
export function createOutgoing(options: {
  now: () => Date;
  allowPrivate?: readonly string[];
  resolve?: Resolver;
  userAgent?: string;
}): Outgoing {
  const allowed = parseRanges(options.allowPrivate ?? []);
  const resolve = options.resolve ?? systemResolver;

  async function exchange<T>(exchange: Exchange<T>): Promise<T> {
    const url = parseTarget(exchange.url);
    const signal = AbortSignal.timeout(exchange.timeoutMs);
    try {
      const addresses = await beforeAbort(addressesOf(url, resolve), signal);
      check(addresses, exchange.trusted);
      const headers = { 'user-agent': options.userAgent ?? 'latchkey', ...exchange.headers };
      return await exchange.read(await send(url, { ...exchange, headers, signal, addresses }));
    } catch (error) {
      if (error instanceof Fault) throw error;
      throw new Fault('unavailable', signal.aborted ? 'no answer in time' : `no connection (${codeOf(error)})`, { cause: error });
    }
  }

  function check(addresses: readonly Address[], trusted: Post['trusted']): void {
    if (addresses.some(({ address }) => isMetadata(address)))
      throw new Fault('forbidden', 'the target is the metadata service of a cloud');
    if (trusted === 'untrusted' && !addresses.every(({ address }) => isReachable(address, allowed)))
      throw new Fault('forbidden', 'the target is not on the public internet and not in LATCHKEY_ALLOW_PRIVATE_TARGETS');
  }

  function answerOf(response: IncomingMessage): Answer {
    const retryAfterMs = retryAfter(response.headers['retry-after'], options.now());
    return { status: response.statusCode ?? 0, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }

  return {
    post: (post) =>
      exchange({
        ...post,
        method: 'POST',
        async read(response) {
          drain(response);
          return answerOf(response);
        },
      }),
    get: ({ mostBytes, ...get }) =>
      exchange({
        ...get,
        method: 'GET',
        trusted: 'operator',
        headers: { 'accept-encoding': 'gzip', ...get.headers },
        async read(response) {
          const { etag, location, 'last-modified': lastModified } = response.headers;
          const got = { ...answerOf(response), headers: { etag, location, 'last-modified': lastModified } };
          if (got.status === 200) return { ...got, body: await readAnswer(response, mostBytes) };
          drain(response);
          return got;
        },
      }),
  };
}

interface Exchange<T> extends Omit<Post, 'body'> {
  readonly method: 'GET' | 'POST';
  readonly body?: Buffer;
  read(response: IncomingMessage): Promise<T>;
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
