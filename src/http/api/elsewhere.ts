import { z } from 'zod';
import { VerifyBody } from '../verify.ts';
import { ByToken, ClaimedKey, Confirmation, Event, Healthy, OAuthError, Outcome, Page, Verdict } from './elsewhere-views.ts';
import { Text, Time } from './words.ts';

/** An operation that is served elsewhere than under /api/v1, described by hand. */
export interface Elsewhere {
  readonly id: string;
  readonly tag: string;
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** Operators' tokens are taken, next to other ways in. */
  readonly token?: true;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly headers?: z.ZodType;
  readonly body?: { readonly type: string; readonly schema: z.ZodType };
  /** By status: JSON unless a type says otherwise; a problem document unless a schema is given. */
  readonly responses: Readonly<Record<number, { readonly means: string; readonly type?: string; readonly schema?: z.ZodType }>>;
}

const received = {
  202: { means: 'Recorded. Send it again as often as you like: once recorded it is a duplicate.', schema: Outcome },
  400: { means: 'Not JSON, or nested too deeply.' },
  401: { means: 'No signature fits, or it is too old. Nothing was parsed.' },
  413: { means: 'Larger than 256 kB.' },
  503: { means: 'Not recorded: send it again after Retry-After seconds.' },
};

export const ELSEWHERE: readonly Elsewhere[] = [
  {
    id: 'receiveEvent',
    tag: 'webhooks',
    method: 'post',
    path: '/webhooks/{source}',
    summary: 'Where a reservation system posts its signed events',
    params: z.object({ source: z.string() }),
    body: { type: 'application/json', schema: Event },
    responses: { ...received, 404: { means: 'There is no such source.' } },
  },
  {
    id: 'receiveDefaultEvent',
    tag: 'webhooks',
    method: 'post',
    path: '/webhook',
    summary: 'The same for the source named default',
    body: { type: 'application/json', schema: Event },
    responses: received,
  },
  {
    id: 'lookAtClaim',
    tag: 'claim',
    method: 'get',
    path: '/claim/{token}',
    summary: 'What a claim link is for; never consumes it',
    params: ByToken,
    responses: {
      200: { means: 'Waiting to be claimed.', type: 'text/html', schema: Page },
      404: { means: 'There is no such link, or a newer one replaced it.' },
      410: { means: 'Claimed, expired or revoked.', type: 'text/html', schema: Page },
    },
  },
  {
    id: 'claim',
    tag: 'claim',
    method: 'post',
    path: '/claim/{token}',
    summary: 'Reveal the key, once',
    description: 'The same browser may see it again for 60 seconds.',
    params: ByToken,
    body: { type: 'application/json', schema: Confirmation },
    responses: {
      200: {
        means: 'The key, how to send it, and what it may do.',
        schema: ClaimedKey,
      },
      403: { means: 'The confirmation is wrong, or too many were.' },
      404: { means: 'There is no such link, or a newer one replaced it.' },
      410: { means: 'Claimed already, expired or revoked.' },
      429: { means: 'Too many requests from this address.' },
    },
  },
  {
    id: 'verifyKey',
    tag: 'verify',
    method: 'post',
    path: '/v1/verify',
    summary: 'Is this key good? For programs',
    description: 'Open to the networks in VERIFY_ALLOW_FROM, or with an operator token. A refused call burns no quota.',
    token: true,
    body: { type: 'application/json', schema: VerifyBody },
    responses: {
      200: { means: 'The verdict, good or bad.', schema: Verdict },
      400: { means: 'The body cannot be read.' },
      403: { means: 'Not from here.' },
    },
  },
  {
    id: 'verifyForGateway',
    tag: 'verify',
    method: 'get',
    path: '/verify',
    summary: 'Is this key good? For gateways: the verdict as status',
    description: 'The key comes as its client sent it, in X-API-Key or Authorization: Bearer.',
    query: z.object({ method: Text.optional(), path: Text.optional(), ip: Text.optional() }),
    headers: z.object({ 'X-API-Key': z.string().optional() }),
    responses: {
      200: { means: 'Good.', schema: z.object({ valid: z.literal(true), keyId: z.string(), expiresAt: Time }) },
      401: { means: 'Not, not yet or no longer a key.', schema: OAuthError },
      403: { means: 'Not for this method, path or address; or not asked from here.', schema: OAuthError },
      429: { means: 'Rate limit or quota used up; see Retry-After.', schema: OAuthError },
    },
  },
  ...(['/health', '/health/live', '/healthz'] as const).map((path): Elsewhere => ({
    id: { '/health': 'health', '/health/live': 'healthLive', '/healthz': 'healthz' }[path],
    tag: 'health',
    method: 'get',
    path,
    summary: 'Does the process answer?',
    responses: { 200: { means: 'Yes.', schema: Healthy } },
  })),
  {
    id: 'healthReady',
    tag: 'health',
    method: 'get',
    path: '/health/ready',
    summary: 'Can requests be served? Asks the database',
    responses: { 200: { means: 'Yes.', schema: Healthy }, 503: { means: 'Not now.' } },
  },
  {
    id: 'metrics',
    tag: 'health',
    method: 'get',
    path: '/metrics',
    summary: 'Metrics in the Prometheus text format',
    token: true,
    responses: { 200: { means: 'The metrics.', type: 'text/plain', schema: z.string() }, 403: { means: 'Not from here.' } },
  },
];
