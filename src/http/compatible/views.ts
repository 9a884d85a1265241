import { z } from 'zod';
import type { ProjectKeyRow } from '../../ledger/schema.ts';
import { fromKept, POLICIES } from '../../managed/compatible/policies.ts';
import { endless } from '../../managed/life.ts';
import { formatRate } from '../../reservation/limits.ts';
import { Shown, Time } from '../api/words.ts';

/** What the contract's callers are answered. */

const Warnings = z.array(z.string()).meta({ description: 'What it opens less than somebody may think.' });

export const KeyView = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    user_id: z.string(),
    username: z.string().nullable(),
    resource_name: z.string().nullable(),
    scopes: z.array(z.string()),
    quota: z.int().nullable(),
    rate_limit: z.string().nullable(),
    expires_at: Time.nullable(),
    allowed_endpoints: z.array(z.string()),
    metadata: z.record(z.string(), z.unknown()),
    created_at: Time,
    hint: z.string(),
    policies: z.array(z.discriminatedUnion('policy_type', POLICIES)),
    warnings: Warnings,
  })
  .meta({ id: 'CompatibleKey', description: 'A key whose value and policies its maker decides on; the value is never told.' });

export const PolicyView = z
  .object({ key_id: z.string(), policy_type: z.string(), configuration: z.record(z.string(), z.unknown()), warnings: Warnings })
  .meta({ id: 'CompatiblePolicy' });

export const UsageView = z
  .object({
    quota_used: z.int(),
    quota_limit: z.int().meta({ description: '0 where it has none.' }),
    rate_limit_hits: z.int(),
    alerts: z.array(z.string()),
    healthy: z.boolean(),
  })
  .meta({ id: 'CompatibleUsage' });

const Listed = z.object({
  id: z.string(),
  name: z.string(),
  permissions: z.array(z.string()),
  created_at: Time,
  last_used: Time.nullable(),
  expires_at: Time.nullable(),
});

export const ListView = z
  .object({
    api_keys: z.array(Listed),
    next: z.string().nullable().meta({ description: 'Give it as `cursor` for the page after it; null at the end.' }),
  })
  .meta({ id: 'CompatibleKeys' });

export const Rotated = z.object({ id: z.string(), api_key: Shown, message: z.string() }).meta({ id: 'CompatibleRotated' });

export function viewOf(key: ProjectKeyRow): z.output<typeof KeyView> {
  const { terms, policies = [] } = fromKept(key.policies) ?? {};
  const { rights } = key;
  return {
    id: key.id,
    name: key.name,
    description: key.description,
    user_id: key.owner,
    username: terms?.username ?? null,
    resource_name: terms?.resource_name ?? null,
    scopes: rights.scopes,
    quota: rights.quota?.limit ?? null,
    rate_limit: rights.rateLimit ? formatRate(rights.rateLimit) : null,
    expires_at: endless(key.closesAt) ? null : key.closesAt,
    allowed_endpoints: rights.endpoints,
    metadata: key.metadata,
    created_at: key.createdAt,
    hint: key.hint,
    policies: [...policies],
    warnings: warningsOf(key),
  };
}

/** A key that opens nothing is what nobody wants, and how it came to it should not have to be found out. */
export function warningsOf({ rights, project }: Pick<ProjectKeyRow, 'rights' | 'project'>): string[] {
  if (rights.endpoints.length > 0) return [];
  const why = `it names no paths, and project ${project} names none at its scopes, or its policies have none in common`;
  return [`This key opens nothing: ${why}. Give allowed_endpoints; for every path that is /**.`];
}
