import { z } from 'zod';
import { VerifyBody } from '../front/program.ts';
import type { Elsewhere } from './elsewhere-operation.ts';
import { OAuthError, Verdict } from './elsewhere-views.ts';
import { Empty, Text, Time } from './words.ts';

const OUT = { means: 'The database cannot be asked now: ask again after Retry-After seconds.' };

const FOR_GATEWAYS: Elsewhere['responses'] = {
  200: { means: 'Good.', schema: z.object({ valid: z.literal(true), keyId: z.string(), expiresAt: Time.nullable() }) },
  400: { means: 'The query cannot be read.' },
  401: { means: 'Not, not yet or no longer a key.', schema: OAuthError },
  403: { means: 'Not for this method, path or address.', schema: OAuthError, orProblem: 'Not asked from here.' },
  429: {
    means: 'Rate limit or quota used up; see Retry-After.',
    schema: OAuthError,
    orProblem: 'Too many wrong operator tokens from this address.',
  },
  503: OUT,
};

/** A dialect's answer is its status and headers: X-Auth-Key-Id, X-Auth-User, X-Auth-Scopes and the limit headers. */
const IN_DIALECT: Elsewhere['responses'] = { ...FOR_GATEWAYS, 200: { means: 'Good: the headers say whose.', schema: Empty } };

/** nginx reads no body of any answer. */
const FOR_NGINX: Elsewhere['responses'] = Object.fromEntries(
  Object.entries(FOR_GATEWAYS)
    .filter(([status]) => status !== '429')
    .map(([status, { means }]) => [status, { means, schema: Empty }]),
);

/** Is this key good? */
export const VERIFY: readonly Elsewhere[] = [
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
      413: { means: 'Larger than 16 kB.' },
      415: { means: 'In a charset or encoding that is not taken.' },
      429: { means: 'Too many wrong operator tokens from this address.' },
      503: OUT,
    },
  },
  {
    id: 'verifyForGateway',
    tag: 'verify',
    method: 'get',
    path: '/verify',
    summary: 'Is this key good? For gateways: the verdict as status',
    description:
      'The key comes as its client sent it, in X-API-Key or Authorization: Bearer. Open to the networks in VERIFY_ALLOW_FROM, or with an operator token in X-Latchkey-Token: Authorization is where a client may have its key.',
    query: z.object({ method: Text.optional(), path: Text.optional(), ip: Text.optional() }),
    headers: z.object({
      'X-API-Key': z.string().optional(),
      'X-Latchkey-Token': z
        .string()
        .optional()
        .meta({ description: 'The operator token of a gateway that asks from a network not in VERIFY_ALLOW_FROM.' }),
    }),
    responses: FOR_GATEWAYS,
  },
  ...(['nginx', 'caddy', 'traefik', 'apisix'] as const).map((gateway): Elsewhere => {
    const nginx = gateway === 'nginx';
    return {
      id: `verifyFor${gateway[0]!.toUpperCase()}${gateway.slice(1)}`,
      tag: 'verify',
      method: 'get',
      path: `/verify/${gateway}`,
      summary: `Is this key good? As ${gateway} asks`,
      description: nginx
        ? 'Reads only X-Original-Method, X-Original-URI and X-Original-IP, and answers 403 with X-Verify-Status: 429 instead of 429.'
        : 'Reads only X-Forwarded-Method, X-Forwarded-Uri and X-Forwarded-For.',
      responses: nginx ? FOR_NGINX : IN_DIALECT,
    };
  }),
  {
    id: 'verifyForEnvoy',
    tag: 'verify',
    method: 'get',
    path: '/verify/envoy/{path}',
    summary: 'Is this key good? As Envoy asks: with any method, and the original path behind ours',
    params: z.object({ path: z.string() }),
    responses: IN_DIALECT,
  },
];
