import { z } from 'zod';
import type { ListedProjectKey } from '../../ledger/lists/project-keys.ts';
import { PROJECT_KEY_STATES, stateOf } from '../../managed/find.ts';
import { endless } from '../../managed/life.ts';
import { TOKEN_TYPES } from '../../reservation/rights.ts';
import { HoursView, LimitView, RuleView } from './lease-views.ts';
import { Duration, Shown, Time } from './words.ts';

export const ProjectKeyView = z
  .object({
    id: z.string(),
    project: z.string(),
    name: z.string(),
    byName: z.boolean().meta({ description: 'Somebody else decides on its name and value.' }),
    description: z.string().nullable(),
    owner: z.string(),
    contact: z.string().nullable(),
    environment: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()),
    state: z.enum(PROJECT_KEY_STATES),
    scopes: z.array(z.string()),
    methods: z.array(z.string()),
    endpoints: z.array(z.string()),
    rules: z.array(RuleView).optional(),
    quota: LimitView.nullable(),
    rateLimit: LimitView.nullable(),
    limits: z.array(LimitView),
    allowedIps: z.array(z.string()).nullable().meta({ description: 'Null for every address.' }),
    deniedIps: z.array(z.string()),
    hours: z.array(HoursView).nullable().meta({ description: 'Null for always.' }),
    tokenType: z.enum(TOKEN_TYPES),
    hint: z.string().meta({ description: 'What people may see of it: prefix and last four characters.' }),
    generation: z.int(),
    opensAt: Time,
    expiresAt: Time.nullable().meta({ description: 'Null for a key that does not end.' }),
    rotation: z.object({ every: Duration, overlap: Duration }).nullable(),
    rotateAt: Time.nullable().meta({ description: 'When our clock changes its value.' }),
    rotatedAt: Time.nullable(),
    valueWaits: z.boolean().meta({ description: 'A value that our clock made has not been fetched yet: see reveal.' }),
    lastUsedAt: Time.nullable(),
    lastIp: z.string().nullable(),
    suspendedAt: Time.nullable(),
    suspendReason: z.string().nullable(),
    revokedAt: Time.nullable(),
    revokeReason: z.string().nullable(),
    createdBy: z.string(),
    createdAt: Time,
    updatedAt: Time,
  })
  .meta({
    id: 'ProjectKey',
    description: 'A key that was asked for without a booking. Its value is shown once, where it is made.',
  });

export const MadeProjectKey = ProjectKeyView.extend({
  value: Shown.nullable().meta({ description: 'Shown once. Null in a repeated answer that came too late for it.' }),
}).meta({ id: 'MadeProjectKey' });

export function viewOfProjectKey(key: ListedProjectKey, now: Date): z.output<typeof ProjectKeyView> {
  const { rights, rotation, closesAt, ...own } = key;
  return {
    ...own,
    state: stateOf(key, now),
    scopes: rights.scopes,
    methods: rights.methods,
    endpoints: rights.endpoints,
    rules: rights.rules,
    quota: rights.quota ?? null,
    rateLimit: rights.rateLimit ?? null,
    limits: rights.limits ?? [],
    allowedIps: rights.allowedIps ?? null,
    deniedIps: rights.deniedIps ?? [],
    hours: rights.hours ?? null,
    expiresAt: endless(closesAt) ? null : closesAt,
    rotation: rotation && { every: rotation.everyMs, overlap: rotation.overlapMs },
  };
}
