import { request as httpRequest, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as HttpsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Address } from './target.ts';

export interface Sending {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly signal: AbortSignal;
  /** Those that were checked. */
  readonly addresses: readonly Address[];
}

/** One request to one of these addresses and no other, whatever the name says by now. Resolves when the answer begins; its body is the caller's to read. */
export function send(url: URL, { method, headers, body, signal, addresses }: Sending): Promise<IncomingMessage> {
  const options = {
    method,
    headers: body ? { ...headers, 'content-length': String(body.length) } : headers,
    signal,
    lookup: pinned(addresses),
  };
  return new Promise((resolve, reject) => {
    // An agent of our own: the global one would honour NODE_USE_ENV_PROXY and keep sockets to addresses checked earlier.
    const request =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, agent: new HttpsAgent({ keepAlive: false }) }, resolve)
        : httpRequest(url, { ...options, agent: new HttpAgent({ keepAlive: false }) }, resolve);
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
