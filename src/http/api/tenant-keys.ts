import { z } from 'zod';
import { mustSee } from '../../access/reach.ts';
import { listProjectKeys, type ListedProjectKey } from '../../ledger/lists/project-keys.ts';
import { createKey } from '../../managed/create.ts';
import { endless } from '../../managed/life.ts';
import { revokeKey } from '../../managed/revoke.ts';
import { projectNamed } from '../../reservation/project.ts';
import type { ProjectKeyDeps } from './project-keys.ts';
import { route, type ApiRoute } from './route.ts';
import { Shown, Text } from './words.ts';

const DAY_MS = 86_400_000;
/** More than a person's tenant has; who has more pages through `/projects/{project}/keys`. */
const MOST = 1000;

const Tenant = z.strictObject({ tenant: Text.meta({ description: 'The name of a project.' }) });
const Seconds = z.int().meta({ description: 'Unix time, in seconds.' });

const TenantKey = z
  .object({
    id: z.string().meta({ examples: ['key-0199c7a2-5d3e-7c41-9a52-3f6f0b7a1d2e'] }),
    name: z.string(),
    scopes: z.array(z.string()),
    created_at: Seconds,
    expires_at: Seconds.nullable().meta({ description: 'Null for a key that does not end.' }),
    last_used: Seconds.nullable(),
    revoked: z.boolean(),
  })
  .meta({ id: 'TenantKey' });

const NewTenantKey = z
  .object({
    name: Text,
    scopes: z.array(Text).min(1).max(200),
    expires_in_days: z.int().min(0).max(36_500).optional().meta({
      description: 'From now. 0 for a key without an end, where its project has such; without it what the project says.',
    }),
  })
  .meta({ id: 'NewTenantKey' });

/** Keys of a project in the words of a tenant: unix seconds, snake case, and one call for each verb. */
export function tenantKeysApi({ ledger, managed, policy, now }: ProjectKeyDeps): ApiRoute[] {
  return [
    route({
      id: 'createTenantKey',
      method: 'post',
      path: '/tenant/{tenant}/api-keys/create',
      permission: 'act',
      reach: 'own',
      summary: 'Make a key of a tenant',
      params: Tenant,
      body: NewTenantKey,
      responses: { 200: TenantKey.extend({ api_key: Shown.meta({ description: 'Shown once.' }) }).meta({ id: 'MadeTenantKey' }) },
      handle: async ({ params: { tenant: project }, body: { name, scopes, expires_in_days: days } }, caller) => {
        mustSee(caller, project);
        const ends = days === undefined ? undefined : days === 0 ? ('never' as const) : { inMs: days * DAY_MS };
        const making = { project, asked: { name, scopes, ends }, actor: caller.name };
        const { key, value } = await ledger.transact((tx) => createKey(managed, tx, making));
        return { status: 200, body: { ...viewOf({ ...key, lastUsedAt: null }), api_key: value } };
      },
    }),
    route({
      id: 'listTenantKeys',
      method: 'get',
      path: '/tenant/{tenant}/api-keys/list',
      permission: 'read',
      reach: 'own',
      summary: 'Keys of a tenant, newest first',
      description: `At most ${MOST}; who has more reads them by /projects/{project}/keys.`,
      params: Tenant,
      responses: { 200: z.array(TenantKey) },
      handle: async ({ params: { tenant: project } }, caller) => {
        mustSee(caller, project);
        projectNamed(policy(), project);
        const { items } = await listProjectKeys(ledger.db, { project, now: now() }, { limit: MOST });
        return { status: 200, body: items.map(viewOf) };
      },
    }),
    route({
      id: 'revokeTenantKey',
      method: 'post',
      path: '/tenant/{tenant}/api-keys/{id}/revoke',
      permission: 'act',
      reach: 'own',
      summary: 'Take a key of a tenant away, for good',
      params: Tenant.extend({ id: Text }),
      responses: { 200: z.object({ success: z.literal(true), message: z.string() }).meta({ id: 'TenantKeyRevoked' }) },
      handle: async ({ params: { tenant: project, id } }, caller) => {
        mustSee(caller, project);
        const act = { project, id: ourId(id), actor: caller.name, reason: 'revoked by its tenant' };
        await ledger.transact((tx) => revokeKey(managed, tx, act));
        return { status: 200, body: { success: true as const, message: 'API key revoked successfully' } };
      },
    }),
  ];
}

function viewOf(key: Pick<ListedProjectKey, 'id' | 'name' | 'rights' | 'createdAt' | 'closesAt' | 'lastUsedAt' | 'revokedAt'>) {
  return {
    id: theirId(key.id),
    name: key.name,
    scopes: key.rights.scopes,
    created_at: seconds(key.createdAt),
    expires_at: endless(key.closesAt) ? null : seconds(key.closesAt),
    last_used: key.lastUsedAt && seconds(key.lastUsedAt),
    revoked: key.revokedAt !== null,
  };
}

const seconds = (at: Date): number => Math.floor(at.getTime() / 1000);

/** `pky_0199c7a25d3e…` is `key-0199c7a2-5d3e-…` to a tenant, and the other way round. */
function theirId(id: string): string {
  return id.replace(/^pky_(.{8})(.{4})(.{4})(.{4})(.{12})$/, 'key-$1-$2-$3-$4-$5');
}

function ourId(id: string): string {
  return id.startsWith('key-') ? `pky_${id.slice('key-'.length).replaceAll('-', '')}` : id;
}
