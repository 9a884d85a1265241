import type { Request, Response } from 'express';
import type { Verdict, VerifyCode } from '../keys/verdict.ts';
import { bearerOf } from './verify-access.ts';

/** How a verdict is told to a gateway: by status, headers and an OAuth-style body (RFC 6750). */

type Presented = { readonly key: string } | { readonly problem: string };

interface Refusal {
  readonly status: 401 | 403 | 429;
  readonly error: 'invalid_token' | 'insufficient_scope' | 'rate_limit_exceeded' | 'quota_exceeded';
  readonly description: string;
}

const REFUSALS = {
  NOT_FOUND: { status: 401, error: 'invalid_token', description: 'Invalid API Key' },
  NOT_YET_VALID: { status: 401, error: 'invalid_token', description: 'API key is not valid yet' },
  EXPIRED: { status: 401, error: 'invalid_token', description: 'API key has expired' },
  REVOKED: { status: 401, error: 'invalid_token', description: 'API key has been revoked' },
  SUSPENDED: { status: 401, error: 'invalid_token', description: 'API key is suspended' },
  INSUFFICIENT_SCOPE: { status: 403, error: 'insufficient_scope', description: 'API key does not have required permissions' },
  ENDPOINT_FORBIDDEN: { status: 403, error: 'insufficient_scope', description: 'API key does not have access to this endpoint' },
  OUTSIDE_HOURS: { status: 403, error: 'insufficient_scope', description: 'API key may not be used at this hour' },
  IP_FORBIDDEN: { status: 403, error: 'insufficient_scope', description: 'API key may not be used from this address' },
  RATE_LIMITED: { status: 429, error: 'rate_limit_exceeded', description: 'Rate limit exceeded' },
  QUOTA_EXCEEDED: { status: 429, error: 'quota_exceeded', description: 'Quota exceeded' },
} as const satisfies Record<Exclude<VerifyCode, 'VALID'>, Refusal>;

/** The key in X-API-Key or Authorization: Bearer. More than one of a kind, or two different keys, is a problem and never a choice of ours. */
export function keyOf(request: Request): Presented {
  let headers = 0;
  // Node drops a second Authorization in silence; the raw list still has it.
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const name = request.rawHeaders[at] ?? '';
    if (name.length === 9 && name.toLowerCase() === 'x-api-key') headers += 1;
    else if (name.length === 13 && name.toLowerCase() === 'authorization') headers += 16;
  }
  if (headers === 0) return { problem: 'Missing API Key' };
  if (headers % 16 > 1 || headers > 17) return { problem: 'More than one API key' };
  const own = request.headers['x-api-key'];
  const bearer = bearerOf(request.headers.authorization);
  if (typeof own === 'string' && bearer !== undefined && own !== bearer) return { problem: 'More than one API key' };
  const key = typeof own === 'string' ? own : bearer;
  return key === undefined ? { problem: 'Missing API Key' } : { key };
}

export function answerGateway(response: Response, outcome: Verdict | { readonly problem: string }): void {
  response.set('cache-control', 'no-store');
  if ('problem' in outcome) return refuse(response, { status: 401, error: 'invalid_token', description: outcome.problem });
  setLimitHeaders(response, outcome);
  if (outcome.code === 'VALID') return allow(response, outcome);
  const { retryAfterMs } = outcome;
  if (retryAfterMs !== undefined) response.set('retry-after', String(Math.ceil(retryAfterMs / 1000)));
  refuse(response, REFUSALS[outcome.code]);
}

function allow(response: Response, { keyId, holder, scopes = [], expiresAt }: Verdict): void {
  response.set('x-auth-key-id', keyId);
  response.set('x-auth-user', headerSafe(holder ?? ''));
  response.set('x-auth-scopes', scopes.map(headerSafe).join(' '));
  response.status(200).json({ valid: true, keyId, expiresAt });
}

function refuse(response: Response, { status, error, description }: Refusal): void {
  if (status !== 429)
    response.set('www-authenticate', `Bearer realm="latchkey", error="${error}", error_description="${description}"`);
  response.status(status).json({ error, error_description: description });
}

function setLimitHeaders(response: Response, { rateLimit }: Verdict): void {
  if (!rateLimit) return;
  response.set('x-ratelimit-limit', String(rateLimit.limit));
  response.set('x-ratelimit-remaining', String(rateLimit.remaining));
  // Seconds since 1970, as GitHub and most gateways have it.
  if (rateLimit.resetAt) response.set('x-ratelimit-reset', String(Math.ceil(rateLimit.resetAt.getTime() / 1000)));
}

/** Names come from booking systems; what a header cannot carry is percent-encoded. */
function headerSafe(text: string): string {
  return /^[\x21-\x24\x26-\x7e]*$/.test(text) ? text : encodeURIComponent(text.toWellFormed());
}
