import type { ServerResponse } from 'node:http';
import type { Verdict, VerifyCode } from '../../keys/verdict.ts';
import { instantText } from './instant.ts';
import { addLimitHeaders } from './limit-headers.ts';
import { emptyLines, headerLines, send } from './reply.ts';

/** How a verdict is told to a gateway: by status, headers and an OAuth-style body (RFC 6750). */

const JSON_TYPE = 'application/json; charset=utf-8';

export interface Refusal {
  readonly status: 401 | 403 | 429;
  readonly error: 'invalid_token' | 'invalid_request' | 'insufficient_scope' | 'rate_limit_exceeded' | 'quota_exceeded';
  readonly description: string;
}

/** Where an answer goes. */
export interface Asker {
  readonly response: ServerResponse;
  readonly requestId: string;
  /** Whether somebody can find the request by its id when nothing went wrong: who sent one, or who reads our log. */
  readonly isTraced: boolean;
  /** It takes every refusal but 401 and 403 for a failure: told as 403, with the status that it stands for in X-Verify-Status. */
  readonly knowsOnly403: boolean;
  /** The bodies that it reads: others are left out. */
  readonly reads: 'all' | 'refusals' | 'nothing';
}

const REFUSALS = {
  NOT_FOUND: { status: 401, error: 'invalid_token', description: 'Invalid API Key' },
  NOT_YET_VALID: { status: 401, error: 'invalid_token', description: 'API key is not valid yet' },
  EXPIRED: { status: 401, error: 'invalid_token', description: 'API key has expired' },
  REVOKED: { status: 401, error: 'invalid_token', description: 'API key has been revoked' },
  SUSPENDED: { status: 401, error: 'invalid_token', description: 'API key is suspended' },
  OUTSIDE_HOURS: { status: 403, error: 'insufficient_scope', description: 'API key may not be used at this hour' },
  INSUFFICIENT_SCOPE: { status: 403, error: 'insufficient_scope', description: 'API key does not have required permissions' },
  ENDPOINT_FORBIDDEN: { status: 403, error: 'insufficient_scope', description: 'API key does not have access to this endpoint' },
  IP_FORBIDDEN: { status: 403, error: 'insufficient_scope', description: 'API key may not be used from this address' },
  RATE_LIMITED: { status: 429, error: 'rate_limit_exceeded', description: 'Rate limit exceeded' },
  QUOTA_EXCEEDED: { status: 429, error: 'quota_exceeded', description: 'Quota exceeded' },
} as const satisfies Record<Exclude<VerifyCode, 'VALID'>, Refusal>;

/** What is said of tokens in other words. */
const OF_TOKENS: Partial<Record<VerifyCode, Refusal>> = {
  NOT_FOUND: { ...REFUSALS.NOT_FOUND, description: 'Invalid token' },
  NOT_YET_VALID: { ...REFUSALS.NOT_YET_VALID, description: 'Token is not valid yet' },
  EXPIRED: { ...REFUSALS.EXPIRED, description: 'Token expired' },
};

const FROZEN: Refusal = { status: 429, error: 'quota_exceeded', description: 'Quota is frozen' };
const GUESSING: Refusal = { status: 429, error: 'rate_limit_exceeded', description: 'Too many invalid API keys' };

export function answerGateway(asker: Asker, verdict: Verdict): void {
  if (verdict.code === 'VALID') return allow(asker, verdict);
  const lines = headerLines(asker.requestId);
  addLimitHeaders(lines, verdict);
  const { retryAfterMs, code, tokenType, frozen } = verdict;
  if (retryAfterMs !== undefined) lines.push('retry-after', `${Math.max(1, Math.ceil(retryAfterMs / 1000))}`);
  const isGuess = code === 'NOT_FOUND' && retryAfterMs !== undefined;
  const refusal = (tokenType && OF_TOKENS[code]) ?? REFUSALS[code];
  refuse(asker, isGuess ? GUESSING : frozen ? FROZEN : refusal, lines);
}

export function refuse(asker: Asker, refusal: Refusal, lines = headerLines(asker.requestId)): void {
  const { response, knowsOnly403, reads } = asker;
  const { status, error, description } = refusal;
  if (status !== 429)
    lines.push('www-authenticate', `Bearer realm="latchkey", error="${error}", error_description="${description}"`);
  else if (knowsOnly403) lines.push('x-verify-status', '429');
  const body = reads === 'nothing' ? '' : `{"error":"${error}","error_description":"${description}"}`;
  send(response, { status: status === 429 && knowsOnly403 ? 403 : status, type: JSON_TYPE, body }, lines);
}

function allow({ response, requestId, isTraced, reads }: Asker, verdict: Verdict): void {
  const lines = reads === 'all' ? headerLines(requestId) : emptyLines();
  if (reads !== 'all' && isTraced) lines.push('x-request-id', requestId);
  const { keyId = '', holder = '', scopes = [], expiresAt } = verdict;
  lines.push('x-auth-key-id', keyId, 'x-auth-user', headerSafe(holder), 'x-auth-scopes', scopesText(scopes));
  addLimitHeaders(lines, verdict);
  const body =
    reads === 'all'
      ? `{"valid":true,"keyId":${JSON.stringify(keyId)},"expiresAt":${expiresAt ? `"${instantText(expiresAt)}"` : 'null'}}`
      : '';
  send(response, { status: 200, type: JSON_TYPE, body }, lines);
}

/** All keys of a grant share their list of scopes. */
const texts = new WeakMap<readonly string[], string>();

function scopesText(scopes: readonly string[]): string {
  let text = texts.get(scopes);
  if (text === undefined) texts.set(scopes, (text = scopes.map(headerSafe).join(' ')));
  return text;
}

/** Names come from booking systems; what a header cannot carry is percent-encoded. */
function headerSafe(text: string): string {
  return /^[\x21-\x24\x26-\x7e]*$/.test(text) ? text : encodeURIComponent(text.toWellFormed());
}
