import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { AxiosInstance, AxiosResponse } from 'axios';
import { type Call, DriverError } from '../driver.ts';
import { type Answer, judge, type Meanings } from './judge.ts';
import type { Secret } from '../../src/secret/secret.ts';

/** One request as it goes out, and what each status means to it. */
export interface Wire {
  /** Completes "asked to …", in messages. */
  readonly ask: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query, and every value in it encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly meanings: Meanings;
}

export interface ClientOptions {
  readonly endpoint: string;
  readonly auth: { readonly header: string; readonly value: Secret };
  readonly timeoutMs: number;
  readonly userAgent: string;
  /** Begins every message. */
  readonly provider: string;
}

export interface Client {
  /** Sends one request once. Throws only `DriverError`, with nothing in it that was sent or answered but the status. */
  send(wire: Wire, call: Call): Promise<Answer>;
}

const SOCKETS = { keepAlive: true, maxSockets: 256 };

export function createClient(options: ClientOptions): Client {
  let axios: Promise<AxiosInstance> | undefined;
  return {
    async send(wire, call) {
      const deadline = AbortSignal.any([call.signal, AbortSignal.timeout(options.timeoutMs)]);
      axios ??= configured(options);
      const began = performance.now();
      const tell = (status?: number) => call.trace?.(exchangeOf(wire, options.endpoint, { status, began }));
      let response: AxiosResponse<string>;
      try {
        response = await (
          await axios
        ).request<string>({
          method: wire.method,
          url: wire.path,
          data: wire.body,
          signal: deadline,
          headers: { ...wire.headers, [options.auth.header]: options.auth.value.reveal(), 'X-Request-Id': call.requestId },
        });
      } catch (error) {
        tell();
        // An AxiosError carries the token and the key, in several places: it ends here.
        const why = deadline.aborted ? 'in time' : `(${codeOf(error)})`;
        throw new DriverError('transient', `${options.provider}: no answer ${why} when asked to ${wire.ask}`);
      }
      const { status, data, headers } = response;
      tell(status);
      return judge({ status, text: data, headers }, wire, options.provider);
    },
  };
}

function exchangeOf({ method, path, body }: Wire, endpoint: string, { status, began }: { status?: number; began: number }) {
  const url = endpoint.replace(/^https?:\/\//, '') + path;
  return {
    method,
    url,
    ...(body !== undefined && { body }),
    ...(status && { status }),
    ms: Math.round(performance.now() - began),
  };
}

/** Imported on the first call: it costs a tenth of a second that a start without this provider need not pay. */
async function configured({ endpoint, userAgent }: ClientOptions): Promise<AxiosInstance> {
  const { default: axios } = await import('axios');
  return axios.create({
    adapter: 'http',
    baseURL: endpoint,
    allowAbsoluteUrls: false,
    // A redirect to another host would take the key in the body along.
    maxRedirects: 0,
    proxy: false,
    maxBodyLength: 256 * 1024,
    maxContentLength: 1024 * 1024,
    responseType: 'text',
    transformResponse: (text: unknown) => text,
    validateStatus: () => true,
    httpAgent: new HttpAgent(SOCKETS),
    httpsAgent: new HttpsAgent(SOCKETS),
    headers: { 'User-Agent': userAgent, Accept: 'application/json' },
  });
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^[A-Z_0-9]{1,40}$/.test(code) ? code : 'broken';
}
