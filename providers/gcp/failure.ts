import { DriverError, type Failure } from '../driver.ts';
import { codeOf, type Read, read, type Word } from './shape.ts';

/* What a failed call means for the core. */

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
} as const satisfies Record<Word, Failure>;
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

function kindOf({ status = 0, word, reason }: Read): Failure {
  if (reason === 'RESOURCE_QUOTA_EXCEEDED') return 'full';
  if (word) return KIND_OF[word];
  if (status === 429) return 'rate-limited';
  // A redirect leads to some login page: an operator has to look.
  if (status === 401 || status === 403 || (status >= 300 && status < 400)) return 'denied';
  // Not in Google's words, so not Google's: whatever stands in between knows nothing of keys.
  return 'transient';
}

/** The network's or the token server's trouble, which says nothing of the credentials. */
function isPassing(error: unknown, status: number | undefined): boolean {
  if (status !== undefined) return status >= 500 || status === 429;
  return /^E(CONN|HOST|NET|NOTFOUND|PIPE|TIMEDOUT|AI_)/.test(codeOf(error));
}
