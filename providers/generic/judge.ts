import { DriverError, type Failure } from '../driver.ts';

/** What a status may mean to a step; where it means nothing, its number says what kind of failure it is. */
export const OUTCOMES = ['ok', 'exists', 'repeated', 'gone', 'retry', 'rejected', 'full'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export type Meanings = ReadonlyMap<number, Outcome>;

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly outcome: 'ok' | 'exists' | 'repeated' | 'gone';
  readonly status: number;
  readonly text: string;
}

/** `ok` has a default, so that whatever else is said of one of its statuses counts more. */
export function meaningsOf(step: Partial<Readonly<Record<Outcome, readonly number[]>>>): Meanings {
  return new Map(OUTCOMES.flatMap((outcome) => (step[outcome] ?? []).map((status): [number, Outcome] => [status, outcome])));
}

/** What an answer means. Throws what is no success; nothing that was answered is in it but the status. */
export function judge(reply: Reply, { ask, meanings }: { ask: string; meanings: Meanings }, provider: string): Answer {
  const { status, text } = reply;
  const page = /^\s*</.test(text);
  const outcome = meanings.get(status);
  // Whatever stands in front of the manager answers 404 too, in words of its own: that ends no key.
  const other = outcome === 'gone' && !isOfApi(text);
  if (outcome === 'gone' && !other) return { outcome, status, text };
  if (!page && (outcome === 'ok' || outcome === 'exists' || outcome === 'repeated')) return { outcome, status, text };
  const what = page ? ' with a web page' : other ? ' with something other than JSON' : '';
  throw new DriverError(
    (page ? undefined : MEANT[outcome as string]) ?? kindOf(status, page),
    `${provider}: answered ${status}${what} when asked to ${ask}`,
    {
      status,
      retryAfterMs: retryAfterOf(reply.headers),
    },
  );
}

const MEANT: Readonly<Record<string, Failure | undefined>> = { retry: 'transient', rejected: 'rejected', full: 'full' };

/** Empty, or JSON. */
function isOfApi(text: string): boolean {
  return text.trim() === '' || jsonOf(text) !== undefined;
}

/** Undefined where it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
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
function retryAfterOf(headers: Reply['headers']): number | undefined {
  const after = `${headers['retry-after'] as string | undefined}`.trim();
  if (/^\d+(\.\d+)?$/.test(after)) return Number(after) * 1000;
  const at = Date.parse(after);
  const sentAt = Date.parse(`${headers['date'] as string | undefined}`);
  return Number.isNaN(at) ? undefined : Math.max(0, at - (Number.isNaN(sentAt) ? Date.now() : sentAt));
}
