import { DriverError, type Failure } from '../driver.ts';

/*
 * Google's libraries speak of failures in two ways. Up to gax 5 a REST call ends with the transport's error: `response` with a status and the
 * answer's text, which also is its message. From gax 6 on, and in long-running operations of both, `code` is a number of gRPC. Neither
 * leaves this file: of what was answered only Google's own code words do.
 */

const KIND_OF = {
  CANCELLED: 'transient',
  UNKNOWN: 'transient',
  INVALID_ARGUMENT: 'rejected',
  DEADLINE_EXCEEDED: 'transient',
  NOT_FOUND: 'gone',
  ALREADY_EXISTS: 'rejected',
  PERMISSION_DENIED: 'denied',
  RESOURCE_EXHAUSTED: 'rate-limited',
  FAILED_PRECONDITION: 'refused',
  ABORTED: 'transient',
  OUT_OF_RANGE: 'rejected',
  UNIMPLEMENTED: 'rejected',
  INTERNAL: 'transient',
  UNAVAILABLE: 'transient',
  DATA_LOSS: 'transient',
  UNAUTHENTICATED: 'denied',
} as const satisfies Record<string, Failure>;
type Word = keyof typeof KIND_OF;
/** By their numbers in gRPC, from 1. */
const WORDS = Object.keys(KIND_OF) as Word[];
const STATUS_OF: Partial<Record<Word, number>> = {
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  FAILED_PRECONDITION: 400,
  PERMISSION_DENIED: 403,
};

/** Those of google.api.ErrorReason that tell an operator more than the code does. */
const REASONS: Readonly<Record<string, string>> = {
  SERVICE_DISABLED: 'the API that was asked is not enabled in the project',
  BILLING_DISABLED: 'the project has no billing account',
  CONSUMER_SUSPENDED: 'the project is suspended',
  CONSUMER_INVALID: 'there is no such project',
  USER_PROJECT_DENIED: 'the credentials may not use the project for its quota',
  IAM_PERMISSION_DENIED: 'a role is missing',
  ACCESS_TOKEN_SCOPE_INSUFFICIENT: 'the credentials are not for the scope cloud-platform',
  RESOURCE_QUOTA_EXCEEDED: 'the project has as many keys as it may have',
};

export interface Attempt {
  readonly provider: string;
  /** Completes "when asked to ...". */
  readonly what: string;
  /** False when the failure came before the request left: while finding credentials, or at the server that gives tokens for them. */
  readonly sent: boolean;
  readonly expired: boolean;
}

/** What a failed call means, with nothing in it that was sent or answered but Google's code words. */
export function failureOf(error: unknown, { provider, what, sent, expired }: Attempt): DriverError {
  const asked = `when asked to ${what}`;
  if (expired) return new DriverError('transient', `${provider}: no answer in time ${asked}`);
  const { status, word, reason, retryAfterMs } = read(error);
  if (!sent && !isPassing(error, status))
    return new DriverError('denied', `${provider}: found no credentials that Google takes, ${asked}`, { status });
  if (status === undefined && word === undefined)
    return new DriverError('transient', `${provider}: no answer (${codeOf(error)}) ${asked}`);
  const kind = kindOf({ status, word, reason });
  const told = [status, word].filter((part) => part !== undefined).join(' ');
  const why = reason && REASONS[reason] ? ` (${REASONS[reason]})` : '';
  return new DriverError(kind, `${provider}: answered ${told}${why} ${asked}`, {
    status: status ?? (word && STATUS_OF[word]),
    ...(kind === 'rate-limited' && { retryAfterMs }),
  });
}

const isKind = (error: unknown, kind: Failure): error is DriverError => error instanceof DriverError && error.kind === kind;

/** FAILED_PRECONDITION. */
export const isRefused = (error: unknown): boolean => isKind(error, 'refused');
/** What a version of the service says to a parameter that it does not know. */
export const isUnknownTo = (error: unknown): boolean => isKind(error, 'rejected');
/** ALREADY_EXISTS. */
export const isThere = (error: unknown): boolean => isKind(error, 'rejected') && error.status === 409;

/** The answer, or that other value where Google has nothing of that name. */
export async function goneAs<T, Other>(other: Other, answer: Promise<T>): Promise<T | Other> {
  try {
    return await answer;
  } catch (error) {
    if (isKind(error, 'gone')) return other;
    throw error;
  }
}

/** Where it is not the key that is not there, but what it should be made in. */
export function asDenied(error: unknown): unknown {
  return isKind(error, 'gone') ? new DriverError('denied', error.message, { status: error.status }) : error;
}

interface Read {
  readonly status?: number;
  readonly word?: Word;
  readonly reason?: string;
  readonly retryAfterMs?: number;
}

function kindOf({ status = 0, word, reason }: Read): Failure {
  if (reason === 'RESOURCE_QUOTA_EXCEEDED') return 'full';
  if (word) return KIND_OF[word];
  if (status === 429) return 'rate-limited';
  // A redirect leads to some login page: an operator has to look.
  if (status === 401 || status === 403 || (status >= 300 && status < 400)) return 'denied';
  // Not in Google's words, so not Google's: whatever stands in between knows nothing of keys.
  return 'transient';
}

function read(error: unknown): Read {
  const { response, message, code, reason, statusDetails } = fieldsOf(error);
  if (response !== undefined) return readAnswer(fieldsOf(response), jsonOf(message));
  if (typeof code !== 'number' || code < 1 || code > WORDS.length) return {};
  return {
    word: WORDS[code - 1],
    reason: typeof reason === 'string' ? reason : undefined,
    retryAfterMs: retryDelayIn(statusDetails),
  };
}

function readAnswer({ status, headers }: Record<string, unknown>, body: unknown): Read {
  const { status: word, details } = fieldsOf(fieldsOf(body).error);
  const info = listOf(details)
    .map(fieldsOf)
    .find((detail) => String(detail['@type']).endsWith('.ErrorInfo'));
  return {
    status: typeof status === 'number' ? status : undefined,
    word: WORDS.find((known) => known === word),
    reason: typeof info?.reason === 'string' ? info.reason : undefined,
    retryAfterMs: retryDelayIn(details) ?? retryAfterIn(headers),
  };
}

/** google.rpc.RetryInfo: in JSON `"7.5s"`, otherwise seconds and nanoseconds. */
function retryDelayIn(details: unknown): number | undefined {
  for (const { retryDelay } of listOf(details).map(fieldsOf)) {
    const text = typeof retryDelay === 'string' ? /^(\d+(\.\d+)?)s$/.exec(retryDelay)?.[1] : undefined;
    if (text !== undefined) return Number(text) * 1000;
    const { seconds, nanos } = fieldsOf(retryDelay);
    if (seconds !== undefined) return Number(seconds) * 1000 + Number(nanos ?? 0) / 1e6;
  }
  return undefined;
}

/** RFC 9110 §10.2.3: seconds, or a date, which is measured by the server's own clock where it sends one. */
function retryAfterIn(headers: unknown): number | undefined {
  const header = (name: string) => (headers as Headers | undefined)?.get(name)?.trim() ?? '';
  const after = header('retry-after');
  if (/^\d+(\.\d+)?$/.test(after)) return Number(after) * 1000;
  const at = Date.parse(after);
  const sentAt = Date.parse(header('date'));
  return Number.isNaN(at) ? undefined : Math.max(0, at - (Number.isNaN(sentAt) ? Date.now() : sentAt));
}

/** The network's or the token server's trouble, which says nothing of the credentials. */
function isPassing(error: unknown, status: number | undefined): boolean {
  if (status !== undefined) return status >= 500 || status === 429;
  return /^E(CONN|HOST|NET|NOTFOUND|PIPE|TIMEDOUT|AI_)/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  const { code } = fieldsOf(error);
  return typeof code === 'string' && /^[A-Z_0-9]{1,40}$/.test(code) ? code : 'broken';
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function jsonOf(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : text;
  } catch {
    return undefined;
  }
}
