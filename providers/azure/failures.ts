import { DriverError, type Failure } from '../driver.ts';

/** What the SDKs throw, as far as it can be believed. */
interface Thrown {
  readonly name?: unknown;
  readonly statusCode?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  /** The sign-in library's own error. */
  readonly cause?: { readonly errorCode?: unknown; readonly status?: unknown };
  /** Of each credential that was tried. */
  readonly errors?: readonly Thrown[];
  readonly response?: { readonly headers?: { get(name: string): string | undefined }; readonly bodyAsText?: string | null };
}

export interface Circumstances {
  /** Begins every message. */
  readonly provider: string;
  /** Completes "asked to". */
  readonly what: string;
  readonly signal: AbortSignal;
}

const NO_CREDENTIAL = /^(CredentialUnavailable|AggregateAuthentication|AuthenticationRequired|Authentication)Error$/;
/** "Subscriptions limit reached for same user" is one; there is no code of its own for it. */
const LIMIT = /\b(limit|quota|maximum)\b.*\b(reached|exceeded)\b|\b(reached|exceeded)\b.*\b(limit|quota|maximum)\b/i;
/** Codes of Azure itself: not the thing that was asked for is missing, but the place where it was looked for. */
const NO_SUCH_PLACE = new Set([
  'ResourceGroupNotFound',
  'SubscriptionNotFound',
  'ParentResourceNotFound',
  'InvalidSubscriptionId',
]);

/** Judges by status and code. Nothing of a body gets into the message but a code of letters. */
export function failureOf(error: unknown, { provider, what, signal }: Circumstances): DriverError {
  const thrown: Thrown = typeof error === 'object' && error !== null ? error : {};
  const fail = (kind: Failure, how: string, status?: number) =>
    new DriverError(kind, `${provider}: ${how} when asked to ${what}`, { status, retryAfterMs: retryAfterOf(thrown) });
  if (signal.aborted) return fail('transient', 'no answer in time');
  const status = typeof thrown.statusCode === 'number' ? thrown.statusCode : undefined;
  if (NO_CREDENTIAL.test(String(thrown.name)))
    return isSignInDown(thrown)
      ? fail('transient', 'the sign-in service did not answer')
      : fail('denied', 'Azure gave us no token');
  if (status === undefined) return fail('transient', `no answer (${wordOf(thrown.code) ?? 'broken'})`);
  const code = wordOf(thrown.code);
  const answer = `answered ${status}${code ? ` ${code}` : ''}`;
  if (status === 404) return notFound(fail, thrown, answer);
  if (code === 'ScopeLocked') return fail('refused', `${answer}, because a lock on the resource forbids it,`, status);
  if (isLimit(thrown, status)) return fail('full', `${answer}, because a limit of the service is reached,`, status);
  return fail(kindOf(status), answer, status);
}

type Fail = (kind: Failure, how: string, status?: number) => DriverError;

/** Also a network that is down comes as a missing sign-in. */
function isSignInDown({ statusCode, cause, errors = [] }: Thrown): boolean {
  const status = Number(statusCode ?? cause?.status ?? 0);
  return (
    status >= 500 || status === 429 || /network|endpoints_resolution/.test(String(cause?.errorCode)) || errors.some(isSignInDown)
  );
}

/** Only the service itself can say that something is not there. What stands in front of it answers 404 in words of its own. */
function notFound(fail: Fail, { code, message }: Thrown, answer: string): DriverError {
  if (NO_SUCH_PLACE.has(String(code)) || (code === 'ResourceNotFound' && /under resource group/i.test(String(message))))
    return fail(
      'denied',
      `there is no such service, resource group or Azure subscription (${answer}): look at the configuration,`,
      404,
    );
  return code === 'ResourceNotFound' ? fail('gone', answer, 404) : fail('transient', answer, 404);
}

function isLimit({ message }: Thrown, status: number): boolean {
  return [400, 403, 409, 422].includes(status) && typeof message === 'string' && LIMIT.test(message);
}

export function kindOf(status: number): Failure {
  if (status === 429) return 'rate-limited';
  // A redirect leads to a login page or to another cloud: either way an operator has to look.
  if (status === 401 || status === 403 || (status >= 300 && status < 400)) return 'denied';
  // 409 and 412: somebody else changes the same thing now. 422 ManagementApiRequestFailed is the service's own trouble.
  return status < 300 || status >= 500 || [404, 408, 409, 412, 422, 425].includes(status) ? 'transient' : 'rejected';
}

/** RFC 9110 §10.2.3: seconds, or a date, which is measured by the service's own clock where it sends one. */
function retryAfterOf({ response }: Thrown): number | undefined {
  const header = (name: string) => response?.headers?.get(name)?.trim() ?? '';
  const ms = header('x-ms-retry-after-ms') || header('retry-after-ms');
  if (/^\d+$/.test(ms)) return Number(ms);
  const after = header('retry-after');
  if (/^\d+(\.\d+)?$/.test(after)) return Number(after) * 1000;
  const at = Date.parse(after);
  const sentAt = Date.parse(header('date'));
  return Number.isNaN(at) ? undefined : Math.max(0, at - (Number.isNaN(sentAt) ? Date.now() : sentAt));
}

function wordOf(code: unknown): string | undefined {
  return typeof code === 'string' && /^[A-Za-z_]{1,40}$/.test(code) ? code : undefined;
}
