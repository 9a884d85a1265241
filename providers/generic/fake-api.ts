import type { IncomingMessage } from 'node:http';
import type { FaultPlace } from './fake-faults.ts';
import type { Store } from './fake-store.ts';

/* The paths of the contract, and its Idempotency-Key. */

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
  /** By `performance.now()`. */
  readonly at: number;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

export function placesOf({ method, path, body }: Request, store: Store): readonly FaultPlace[] {
  if (path === '/api/policies') return ['policy'];
  if (method === 'DELETE') return ['revoke'];
  if (method === 'GET') return ['usage'];
  const known = store.keys.has((body as { api_key: string }).api_key);
  return known ? ['issue', 'retime'] : ['issue'];
}

export function act({ method, path, body }: Request, store: Store): Answer {
  const [, key = '', usage] = /^\/api\/keys\/([^/]+)(\/usage)?$/.exec(path) ?? [];
  const apiKey = decodeURIComponent(key);
  if (method === 'POST' && path === '/api/keys') return { status: store.putKey(body) };
  if (method === 'POST' && path === '/api/policies') return { status: store.putPolicy(body) };
  if (method === 'DELETE' && key && !usage) return { status: store.removeKey(apiKey) };
  const used = method === 'GET' && usage ? store.usage(apiKey) : undefined;
  return used ? { status: 200, body: used } : { status: 404 };
}

/** Idempotency-Key: the first answer again for a repetition, 422 for another request under the same key. */
export function createMemory() {
  const answers = new Map<string, { readonly body: string; readonly answer: Answer }>();
  return ({ headers, body }: Request, work: () => Answer): Answer => {
    const key = headers['idempotency-key'];
    if (typeof key !== 'string') return work();
    const before = answers.get(key);
    if (before) return before.body === JSON.stringify(body) ? before.answer : { status: 422 };
    const answer = work();
    answers.set(key, { body: JSON.stringify(body), answer });
    return answer;
  };
}
