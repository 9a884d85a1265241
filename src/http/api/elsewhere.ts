import { z } from 'zod';
import type { Elsewhere } from './elsewhere-operation.ts';
import { TOKENS } from './elsewhere-tokens.ts';
import { VERIFY } from './elsewhere-verify.ts';
import { ByToken, ClaimedKey, Confirmation, Event, Healthy, Outcome, Page } from './elsewhere-views.ts';

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
  ...VERIFY,
  ...TOKENS,
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
    responses: {
      200: { means: 'The metrics.', type: 'text/plain', schema: z.string() },
      403: { means: 'Not from here.' },
      429: { means: 'Too many wrong operator tokens from this address.' },
    },
  },
];
