import { z } from 'zod';
import { IntrospectBody, Introspection } from '../introspect.ts';
import type { Elsewhere } from './elsewhere-operation.ts';
import { OAuthError } from './elsewhere-views.ts';

const OUT = { means: 'The database cannot be asked now: ask again after Retry-After seconds.' };

/** For APIs that check tokens themselves, and for those that ask. */
export const TOKENS: readonly Elsewhere[] = [
  {
    id: 'introspectToken',
    tag: 'tokens',
    method: 'post',
    path: '/oauth/introspect',
    summary: 'What a key is good for, token or not (RFC 7662)',
    description:
      'Open to the networks in VERIFY_ALLOW_FROM, or with an operator token. Burns no quota and asks for no right: whether a request is let through only verify says.',
    token: true,
    body: { type: 'application/x-www-form-urlencoded', schema: IntrospectBody },
    responses: {
      200: { means: 'What it is, or that it is good for nothing.', schema: Introspection },
      400: { means: 'No token, or more than one.', schema: OAuthError },
      403: { means: 'Not from here.' },
      413: { means: 'Larger than 16 kB.' },
      429: { means: 'Too many wrong operator tokens from this address.' },
      503: OUT,
    },
  },
  {
    id: 'getPublicKeys',
    tag: 'tokens',
    method: 'get',
    path: '/.well-known/jwks.json',
    summary: 'What tokens are checked with (RFC 7517); good for ten minutes',
    responses: {
      200: {
        means: 'Keys that sign, will sign, or have signed what may still be good.',
        type: 'application/jwk-set+json',
        schema: z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string(), alg: z.string() })) }),
      },
      503: OUT,
    },
  },
  {
    id: 'getRevokedKeys',
    tag: 'tokens',
    method: 'get',
    path: '/.well-known/revoked-keys',
    summary: 'Which tokens are good no more: a signed list, good for a minute',
    description:
      'A JWT of type `revoked-keys+jwt` with `iss`, `iat`, `exp` and, by `jti`: `revoked`, those that are good no more or not now; `until`, the second from which one is good no more; `from`, the second before which one is not good yet. Only tokens whose own `exp` is ahead are named. After its `exp` nobody may go by it.',
    responses: {
      200: { means: 'The list.', type: 'application/revoked-keys+jwt', schema: z.string() },
      503: OUT,
    },
  },
];
