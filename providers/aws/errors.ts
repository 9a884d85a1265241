import { DriverError, type Failure } from '../driver.ts';
import type { Traits } from './operations.ts';

/** What the SDK throws, as far as anything in it may be repeated. */
interface Thrown {
  readonly name: string;
  readonly code?: string;
  readonly retryAfterSeconds?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

const DENIED =
  /^(AccessDenied|Unauthorized|UnauthorizedOperation|NotAuthorized|ExpiredToken|InvalidClientTokenId|UnrecognizedClient|MissingAuthenticationToken|IncompleteSignature|InvalidSignature|SignatureDoesNotMatch|RequestExpired|RequestTimeTooSkewed|OptInRequired|InvalidIdentityToken)(Exception)?$/;
const NO_CREDENTIALS = /^(Credentials|Token)?ProviderError$/;
const THROTTLED = /^(TooManyRequests|Throttling|Throttled|RequestLimitExceeded|RequestThrottled)(Exception)?$/;
/** AWS names every error of its own. The rest stands between it and us, and what that says of a request settles nothing. */
const NAMELESS = new Set(['Unknown', 'UnknownError', 'Error', 'SyntaxError', 'TypeError']);

/** What a failed request means for the core. Nothing of the vendor's text is in it but the error's name. */
export function failureOf(error: unknown, about: Traits & { readonly provider: string; readonly late: boolean }): DriverError {
  const thrown = (typeof error === 'object' && error !== null ? error : { name: '' }) as Thrown;
  const status = thrown.$metadata?.httpStatusCode;
  const says = (kind: Failure, what: string, retryAfterMs?: number) =>
    new DriverError(kind, `${about.provider}: ${what} when asked to ${about.asks}`, { status, retryAfterMs });

  if (about.late) return says('transient', 'no answer in time');
  if (NO_CREDENTIALS.test(thrown.name)) return says('denied', 'no AWS credentials were found');
  if (status === undefined && !DENIED.test(thrown.name))
    return says('transient', `no answer (${wordOf(thrown.code ?? thrown.name)})`);
  // A web page may carry any status: whatever sent it, it was not API Gateway.
  if (thrown.name === 'SyntaxError') return says('transient', `an answer ${status} that is not JSON`);
  const answered = `answered ${status ?? ''} ${wordOf(thrown.name)}`.replace(/\s+/g, ' ');
  if (isFull(thrown, about)) return says('full', `${answered}: the account holds no more ${about.fills}`);
  return says(kindOf(thrown.name, status), answered, retryAfterOf(thrown));
}

/** The same name serves for a cap and for a pace; only the latter says when to come back. */
function isFull({ name, retryAfterSeconds }: Thrown, { fills }: Traits): boolean {
  return name === 'LimitExceededException' && fills !== undefined && retryAfterSeconds === undefined;
}

function kindOf(name: string, status = 0): Failure {
  if (DENIED.test(name) || status === 401 || status === 403) return 'denied';
  if (THROTTLED.test(name) || status === 429) return 'rate-limited';
  // A redirect leads to a login page or to another address: either way an operator has to look.
  if (status >= 300 && status < 400) return 'denied';
  if (NAMELESS.has(name) || status < 300 || status >= 500 || status === 408) return 'transient';
  return 'rejected';
}

/** Seconds, or a date, which is measured by the clock of whoever sent it. */
function retryAfterOf({ retryAfterSeconds, $response }: Thrown): number | undefined {
  const after = (retryAfterSeconds ?? $response?.headers?.['retry-after'] ?? '').trim();
  if (/^\d+(\.\d+)?$/.test(after)) return Number(after) * 1000;
  const at = Date.parse(after);
  const sentAt = Date.parse(String($response?.headers?.['date']));
  return Number.isNaN(at) ? undefined : Math.max(0, at - (Number.isNaN(sentAt) ? Date.now() : sentAt));
}

const wordOf = (name: string): string => (/^[\w.-]{1,60}$/.test(name) ? name : 'broken');
