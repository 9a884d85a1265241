import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, NextFunction, Request, Response } from 'express';
import type { Log } from '../observe/log.ts';
import { redactText } from '../observe/redact.ts';
import { Fault, type FaultCode } from '../reservation/fault.ts';
import { requestIdOf } from './request-id.ts';

export const STATUS_OF = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  gone: 410,
  too_large: 413,
  too_many: 429,
  unavailable: 503,
} as const satisfies Record<FaultCode, number>;

/** An RFC 9457 problem. `code` is stable; `at` names the field or line. */
export interface ProblemDocument {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly requestId: string;
  readonly at?: string;
}

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly at?: string;
  readonly retryAfterMs?: number;
}

const UNEXPECTED: Answer = {
  status: 500,
  code: 'internal',
  detail: 'Something went wrong on our side. Try again; if it stays, tell the operator the request id.',
};
const UNAVAILABLE_RETRY_MS = 5000;

/** Last of all handlers: every error becomes a problem document. What we did not foresee is logged and told to nobody. */
export function problems(log: Log): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const problem = problemOf(error, requestIdOf(response));
    if (problem.isUnexpected) log.error('request failed', { requestId: requestIdOf(response), method: request.method, error });
    // Half an answer is out: the only honest thing left is to break it off.
    if (response.headersSent) response.destroy();
    else send(response, problem);
  };
}

/** After all routes. */
export function notFound(_request: Request, response: Response): void {
  send(response, written({ status: 404, code: 'not_found', detail: 'There is nothing here.' }, requestIdOf(response)));
}

/** When to come again, also where nobody knows how long an outage lasts. */
export function retryAfterOf({ code, retryAfterMs }: Fault): number | undefined {
  return retryAfterMs ?? (code === 'unavailable' ? UNAVAILABLE_RETRY_MS : undefined);
}

export function setRetryAfter(response: Response, retryAfterMs: number | undefined): void {
  if (retryAfterMs !== undefined) response.set('Retry-After', secondsText(retryAfterMs));
}

/** A problem document, ready to be sent. */
export interface Problem {
  readonly status: number;
  readonly body: string;
  /** In seconds. */
  readonly retryAfter: string | undefined;
  /** A fault of ours: to be logged, and told to nobody. */
  readonly isUnexpected: boolean;
}

export function problemOf(error: unknown, requestId: string): Problem {
  return written(answerTo(error), requestId);
}

function written(answer: Answer, requestId: string): Problem {
  const { status, code, detail, at, retryAfterMs } = answer;
  const title = STATUS_CODES[status] ?? 'Error';
  const document: ProblemDocument = { type: 'about:blank', title, status, detail, code, requestId, at };
  return {
    status,
    body: JSON.stringify(document),
    retryAfter: retryAfterMs === undefined ? undefined : secondsText(retryAfterMs),
    isUnexpected: answer === UNEXPECTED,
  };
}

function secondsText(ms: number): string {
  return String(Math.max(1, Math.ceil(ms / 1000)));
}

function send(response: Response, { status, body, retryAfter }: Problem): void {
  if (retryAfter !== undefined) response.set('Retry-After', retryAfter);
  if (status === 401 && !response.get('WWW-Authenticate')) response.set('WWW-Authenticate', 'Bearer');
  response.status(status).set('Cache-Control', 'no-store').type('application/problem+json').send(body);
}

function answerTo(error: unknown): Answer {
  if (error instanceof Fault) {
    const retryAfterMs = error.retryAfterMs ?? (error.code === 'unavailable' ? UNAVAILABLE_RETRY_MS : undefined);
    // A message may quote what the caller wrote, and callers have pasted keys where ids belong.
    return { status: STATUS_OF[error.code], code: error.code, detail: redactText(error.message), at: error.at, retryAfterMs };
  }
  return answerToBody(error) ?? UNEXPECTED;
}

/** What Express and its body parsers throw. Their messages may quote the body, so ours are used. */
function answerToBody(error: unknown): Answer | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  const { status } = error;
  if (status === 405)
    return { status, code: 'not_allowed', detail: 'This path does not take this method. The Allow header names those it takes.' };
  if (status === 413) return { status, code: 'too_large', detail: 'The body is larger than this path takes.' };
  if (status === 415)
    return { status, code: 'unsupported', detail: 'The body has a content type, charset or encoding this path does not take.' };
  if (status >= 400 && status < 500)
    return { status: 400, code: 'invalid', detail: 'The request cannot be read: its path, headers or body are malformed.' };
  return undefined;
}
