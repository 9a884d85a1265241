import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { AxiosInstance, AxiosResponse } from 'axios';
import type { Secret } from '../../src/secret/secret.ts';
import { type Call, DriverError, type Failure } from '../driver.ts';
import type { Step } from './preset.ts';

export interface ClientOptions {
  readonly endpoint: string;
  readonly token: Secret;
  readonly timeoutMs: number;
  readonly userAgent: string;
  /** Begins every message. */
  readonly provider: string;
}

export interface Answer {
  readonly outcome: 'ok' | 'exists' | 'gone';
  readonly text: string;
}

export interface Client {
  /** Sends one step once. Throws only `DriverError`, with nothing in it that was sent or answered but the status. */
  send(step: Step, call: Call): Promise<Answer>;
}

const SOCKETS = { keepAlive: true, maxSockets: 256 };

export function createClient(options: ClientOptions): Client {
  let axios: Promise<AxiosInstance> | undefined;
  return {
    async send(step, call) {
      const deadline = AbortSignal.any([call.signal, AbortSignal.timeout(options.timeoutMs)]);
      axios ??= configured(options);
      let response: AxiosResponse<string>;
      try {
        response = await (
          await axios
        ).request<string>({
          method: step.method,
          url: step.path,
          data: step.body,
          signal: deadline,
          headers: {
            Authorization: `Bearer ${options.token.reveal()}`,
            'X-Request-Id': call.requestId,
            ...(step.once && { 'Idempotency-Key': step.once }),
          },
        });
      } catch (error) {
        // An AxiosError carries the token and the key, in several places: it ends here.
        const why = deadline.aborted ? 'in time' : `(${codeOf(error)})`;
        throw new DriverError('transient', `${options.provider}: no answer ${why} when asked to ${step.what}`);
      }
      return judge(step, response, options.provider);
    },
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

function judge(step: Step, { status, data, headers }: AxiosResponse<string>, provider: string): Answer {
  const page = /^\s*</.test(data);
  if (!page && step.exists?.includes(status)) return { outcome: 'exists', text: data };
  const gone = step.gone?.includes(status);
  // Whatever stands in front of the manager answers 404 too, in words of its own: that ends no key.
  const other = gone && !isOfApi(data);
  if (gone && !other) return { outcome: 'gone', text: data };
  if (!page && step.ok.includes(status)) return { outcome: 'ok', text: data };
  const what = page ? ' with a web page' : other ? ' with something other than JSON' : '';
  throw new DriverError(kindOf(status, page), `${provider}: answered ${status}${what} when asked to ${step.what}`, {
    status,
    retryAfterMs: retryAfterOf(headers),
  });
}

/** Empty, or JSON. */
function isOfApi(text: string): boolean {
  if (text.trim() === '') return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function kindOf(status: number, page: boolean): Failure {
  if (status === 429) return 'rate-limited';
  // A redirect leads to a login page or to another address of the manager: either way an operator has to look.
  if (status === 401 || status === 403 || (status >= 300 && status < 400)) return 'denied';
  // A page is a proxy's: it knows nothing of the request, so it settles nothing.
  if (page) return 'transient';
  if (status === 409 || status === 423) return 'refused';
  // 2xx that the step does not count as done (202), a key that is not visible yet (404): ask again.
  if (status < 300 || status >= 500 || [404, 408, 425].includes(status)) return 'transient';
  return 'rejected';
}

/** RFC 9110 §10.2.3: seconds, or a date, which is measured by the manager's own clock where it sends one. */
function retryAfterOf(headers: AxiosResponse['headers']): number | undefined {
  const after = String(headers['retry-after'] ?? '').trim();
  if (/^\d+(\.\d+)?$/.test(after)) return Number(after) * 1000;
  const at = Date.parse(after);
  const sentAt = Date.parse(String(headers['date']));
  return Number.isNaN(at) ? undefined : Math.max(0, at - (Number.isNaN(sentAt) ? Date.now() : sentAt));
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^[A-Z_0-9]{1,40}$/.test(code) ? code : 'broken';
}
