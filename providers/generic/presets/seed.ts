import { z } from 'zod';
import type { Secret } from '../../../src/secret/secret.ts';
import type { IssueRequest, LimitReport, RateLimit } from '../../driver.ts';
import { onceFor, path, type Preset, type Step } from '../preset.ts';

/*
 * The key-management API that the reservation webhook's own guide describes: keys are addressed by their value,
 * and each limit is a policy of its own.
 */

const CREATED = [200, 201];
const AS_ENFORCED = 'As the manager enforces its policies.';

const limits = {
  scopes: { by: 'gateway', note: AS_ENFORCED },
  endpoints: { by: 'gateway', note: AS_ENFORCED },
  methods: { by: 'gateway', note: AS_ENFORCED },
  quota: {
    by: 'approximate',
    note: 'Counted for each key and calendar period; a quota per reservation is sent as a quota per month. The turn of a month and a rotation start it anew.',
  },
  rate: { by: 'gateway', note: `${AS_ENFORCED} While two keys overlap in a rotation, each has the whole rate.` },
  allowedIps: { by: 'none', note: 'The manager knows no address lists.' },
  notBefore: { by: 'none', note: 'A key works as soon as it exists, so it is made when its window opens.' },
  expiry: { by: 'gateway', note: 'And revoked by Latchkey at the end of the window.' },
} as const satisfies LimitReport;

export const seed: Preset = {
  limits,
  create: (request) => {
    const body = keyBody(request);
    return {
      what: 'create the key',
      method: 'POST',
      path: '/api/keys',
      body,
      // A window that moved or a name that became known is another request, not a repetition. The value goes into no header, not even hashed.
      once: onceFor(request.name, 'key', JSON.stringify({ ...body, api_key: undefined })),
      ok: CREATED,
      exists: [409],
    };
  },
  retime: (request, requestId) => ({
    ...seed.create(request),
    what: 'move the window',
    once: onceFor(request.name, 'move', requestId),
  }),
  policies: (request) => [
    ...(request.rateLimit ? [policy(request, 'rate_limit', { limit: rate(request.rateLimit), scope: 'api_key' })] : []),
    ...(request.quota ? [policy(request, 'quota', quota(request.quota))] : []),
    ...request.scopes.map((scope) => policy(request, 'scope_access', scopeAccess(request, scope))),
    ...request.endpoints.map((endpoint) => policy(request, 'path_access', pathAccess(request, endpoint))),
  ],
  revoke: (apiKey) => ({
    what: 'delete the key',
    method: 'DELETE',
    path: path`/api/keys/${apiKey.reveal()}`,
    ok: [200, 204],
    gone: [404],
  }),
  usage,
  usageAnswer: z
    .object({ quota_used: z.number(), quota_limit: z.number().nullish(), rate_limit_hits: z.number().nullish() })
    .transform((answer) => ({
      used: answer.quota_used,
      limit: answer.quota_limit ?? undefined,
      refused: answer.rate_limit_hits ?? undefined,
    })),
};

function keyBody({ resource, holder, ...request }: IssueRequest) {
  const username = holder.name || holder.id;
  return {
    api_key: request.secret.reveal(),
    name: `${resource.name}-${username}`,
    description: `Temporary API key for ${username} on ${resource.name}`,
    user_id: holder.id,
    username,
    resource_name: resource.name,
    scopes: request.scopes,
    quota: request.quota?.limit,
    rate_limit: request.rateLimit && rate(request.rateLimit),
    expires_at: request.window.closesAt.toISOString(),
    allowed_endpoints: request.endpoints,
    metadata: { created_by: 'webhook', resource_type: 'temporary_access', reservation_id: request.reservation.id },
  };
}

function policy(request: IssueRequest, type: string, configuration: object): Step {
  return {
    what: `attach the ${type} policy`,
    method: 'POST',
    path: '/api/policies',
    body: { api_key: request.secret.reveal(), policy_type: type, configuration },
    once: onceFor(request.name, type, JSON.stringify(configuration)),
    ok: CREATED,
    exists: [409],
  };
}

// The manager has no period for a whole booking: a month is the longest it knows, and `limits.quota` says what that means.
const quota = ({ limit, per }: RateLimit) => ({ limit, period: per === 'reservation' ? 'month' : per, scope: 'api_key' });

// An empty list, where there is one, grants nothing; null would grant everything.
const scopeAccess = (request: IssueRequest, scope: string) => ({
  scope,
  allowed_methods: request.methodsByScope[scope] ?? [],
  allowed_endpoints: request.endpoints,
});

const pathAccess = (request: IssueRequest, endpoint: string) => ({
  path_pattern: endpoint,
  allowed_methods: [...new Set(request.scopes.flatMap((scope) => request.methodsByScope[scope] ?? []))],
  deny_by_default: true,
});

const rate = ({ limit, per }: RateLimit) => `${limit}/${per}`;

function usage(apiKey: Secret): Step {
  return { what: 'read the usage', method: 'GET', path: path`/api/keys/${apiKey.reveal()}/usage`, ok: [200], gone: [404] };
}
