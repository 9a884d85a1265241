import type { Secret } from '../secret/secret.ts';
import { EXIT, Quit, type ExitCode } from './exit.ts';
import { plain } from './output.ts';
import { reach, type Reached } from './reach.ts';

/** The management API, /api/v1, as the commands see it. Every failure is a `Quit` with one clear line. */
export interface Api {
  get<T>(path: string, query?: Query): Promise<T>;
  post<T>(path: string, body?: object): Promise<Answer<T>>;
  patch<T>(path: string, body: object): Promise<Answer<T>>;
  put<T>(path: string, body: object): Promise<Answer<T>>;
  delete(path: string): Promise<void>;
  /** Follows the pages of a list until there are `limit` items; `next` is where more would begin. */
  list<T>(path: string, query: Query, limit: number): Promise<Page<T>>;
}

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface ApiOptions {
  /** Of the service, without /api/v1. */
  readonly url: string;
  readonly token?: Secret;
  readonly timeoutMs?: number;
}

const PAGE = 100;

export function createApi({ url, token, timeoutMs = 120_000 }: ApiOptions): Api {
  const base = `${url.replace(/\/+$/, '')}/api/v1`;
  const headers = { accept: 'application/json', ...(token && { authorization: `Bearer ${token.reveal()}` }) };

  async function call<T>(target: string, init: RequestInit): Promise<Answer<T>> {
    const answer = await reach(target, { ...init, timeoutMs });
    if (answer.status >= 300 || (answer.json === undefined && answer.text !== '')) throw refusal(target, answer);
    return { status: answer.status, body: answer.json as T };
  }

  async function get<T>(path: string, query: Query = {}): Promise<T> {
    return (await call<T>(`${base}${path}${search(query)}`, { headers })).body;
  }

  async function list<T>(path: string, query: Query, limit: number): Promise<Page<T>> {
    const items: T[] = [];
    let { cursor } = query;
    do {
      const page = await get<Page<T>>(path, { ...query, cursor, limit: Math.min(PAGE, limit - items.length) });
      items.push(...page.items);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined && items.length < limit);
    return { items, next: cursor ?? null };
  }

  function send<T>(method: 'POST' | 'PATCH' | 'PUT', path: string, body: object): Promise<Answer<T>> {
    const sent = { ...headers, 'content-type': 'application/json' };
    return call(`${base}${path}`, { method, headers: sent, body: JSON.stringify(body) });
  }

  return {
    get,
    post: (path, body = {}) => send('POST', path, body),
    patch: (path, body) => send('PATCH', path, body),
    put: (path, body) => send('PUT', path, body),
    delete: async (path) => void (await call(`${base}${path}`, { method: 'DELETE', headers })),
    list,
  };
}

/** Ids in a path, each escaped: path`/leases/${id}/revoke`. */
export function path(texts: TemplateStringsArray, ...ids: readonly string[]): string {
  return texts.map((text, at) => text + (at < ids.length ? encodeURIComponent(ids[at]!) : '')).join('');
}

/** The problem document (RFC 9457) in one line: what is wrong, where, and what to do about it. */
function refusal(target: string, { status, location, json }: Reached): Quit {
  if (location !== undefined && status < 400)
    return new Quit(EXIT.unreachable, `${target} redirects to ${plain(location)}: give that as --url`);
  const problem = typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {};
  if (typeof problem['detail'] !== 'string')
    return new Quit(codeOf(status), `${target} answered ${status} with something that is not Latchkey's: is --url right?`);
  const at = typeof problem['at'] === 'string' ? ` (at ${plain(problem['at'])})` : '';
  const request = status >= 500 ? ` (request ${plain(problem['requestId'])})` : '';
  const advice = status === 401 ? ' Give the token with --token or LATCHKEY_ADMIN_TOKEN.' : '';
  return new Quit(codeOf(status), `${plain(problem['detail'])}${at}${request}${advice}`, problem);
}

function codeOf(status: number): ExitCode {
  return [401, 403, 429, 502, 503, 504].includes(status) ? EXIT.unreachable : EXIT.failed;
}

function search(query: Query): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? '' : `?${given.toString()}`;
}
