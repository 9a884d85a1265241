import { z } from 'zod';
import { listActiveKeys } from '../../ledger/lists/active-keys.ts';
import { sumUsage } from '../../ledger/usage.ts';
import { findCompatible } from '../../managed/compatible/keep.ts';
import { generationName } from '../../managed/generation.ts';
import { endless } from '../../managed/life.ts';
import { Fault } from '../../reservation/fault.ts';
import { route, type ApiRoute } from '../api/route.ts';
import { OWN, senderOf, type CompatibleDeps } from './keys.ts';
import { ListView, UsageView } from './views.ts';
import { ByKey } from './words.ts';

/** What there is, and what it was used for. */
export function compatibleReadings(deps: CompatibleDeps): ApiRoute[] {
  return [usageRoute(deps), listRoute(deps)];
}

const HIGH_USE = 0.8;
const MANY_HITS = 10;

function usageRoute({ ledger, managed }: CompatibleDeps): ApiRoute {
  return route({
    ...OWN,
    id: 'getCompatibleUsage',
    method: 'get',
    path: '/keys/{key}/usage',
    permission: 'read',
    summary: 'What a key was used for',
    description: '404 for a key that was revoked: it is no more.',
    params: ByKey,
    responses: { 200: UsageView },
    handle: async ({ params: { key: named } }, caller) => {
      const key = await findCompatible(managed, ledger.db, { ...senderOf(caller), named });
      if (key.revokedAt) throw new Fault('not_found', `key ${key.id} was revoked`);
      const usage = await managed.usage(generationName(key));
      const { RATE_LIMITED: hits = 0 } = await sumUsage(ledger.db, key.budget);
      const { used = 0, limit = 0 } = usage ?? {};
      const alerts = [
        ...(limit > 0 && used / limit > HIGH_USE ? ['Quota usage above 80%'] : []),
        ...(hits > MANY_HITS ? ['Multiple rate limit hits detected'] : []),
      ];
      const body = { quota_used: used, quota_limit: limit, rate_limit_hits: hits, alerts, healthy: alerts.length === 0 };
      return { status: 200, body };
    },
  });
}

const A_PAGE = 1000;

function listRoute({ ledger, now }: CompatibleDeps): ApiRoute {
  return route({
    ...OWN,
    id: 'listCompatibleKeys',
    method: 'get',
    path: '/keys',
    permission: 'read',
    summary: 'The keys that may work, in the order they were made',
    query: z.strictObject({ cursor: z.string().max(100).optional() }),
    responses: { 200: ListView },
    handle: async ({ query: { cursor = '' } }, caller) => {
      const { project } = senderOf(caller);
      const rows = await listActiveKeys(ledger.db, project, { after: cursor, limit: A_PAGE, now: now() });
      const keys = rows.map(({ id, name, scopes, createdAt, lastUsedAt, closesAt }) => ({
        id,
        name,
        permissions: scopes,
        created_at: createdAt,
        last_used: lastUsedAt,
        expires_at: endless(closesAt) ? null : closesAt,
      }));
      return { status: 200, body: { api_keys: keys, next: rows.length < A_PAGE ? null : rows.at(-1)!.id } };
    },
  });
}
