import { z } from 'zod';
import { ALERT_TYPES, COOLDOWN_MS, DEFAULT_RULES, OPERATORS, SEVERITIES } from '../../alerts/rule.ts';
import { addRule, changeRule, removeRule, ruleOf } from '../../alerts/rules.ts';
import { refuseMail } from '../../alerts/unheard.ts';
import { alertRules } from '../../ledger/alerts.ts';
import type { AlertRuleRow } from '../../ledger/schema.ts';
import { projectNamed } from '../../reservation/project.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { InProject } from './scope-views.ts';
import { Empty, listOf, Text, Time } from './words.ts';

const LONGEST_COOLDOWN_MINUTES = 7 * 24 * 60;

const Channel = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('webhook') }).meta({ description: 'Every hook that wants alerts.' }),
  z
    .strictObject({ kind: z.literal('email'), to: z.array(z.email().max(254)).min(1).max(20).readonly() })
    .meta({ description: 'These people; refused where no mail server is configured.' }),
]);

const RuleBody = z.strictObject({
  name: Text,
  type: z.enum(ALERT_TYPES).meta({
    description: [
      'RATE_LIMIT_THRESHOLD: percent of a quota or shared limit (50, 80 or 100). EXPIRY_WARNING: hours until a key without a booking ends.',
      'NEW_ADDRESS: 1 for an address that it was not used from before. The others: calls in an hour, over a limit (RATE_LIMIT_EXCEEDED),',
      'from a forbidden address (IP_VIOLATION), beyond its scopes (SCOPE_VIOLATION), let through (USAGE_ANOMALY), refused at all (SUSPICIOUS_ACTIVITY).',
    ].join(' '),
  }),
  operator: z.enum(OPERATORS),
  threshold: z.number().min(0).max(1e12),
  channels: z
    .array(Channel)
    .max(5)
    .readonly()
    .default([{ kind: 'webhook' }]),
  cooldownMinutes: z
    .int()
    .min(0)
    .max(LONGEST_COOLDOWN_MINUTES)
    .default(COOLDOWN_MS / 60_000)
    .meta({ description: 'So long nothing more is told of the same lease or key.' }),
  severity: z.enum(SEVERITIES).default('warning'),
  autoSuspend: z.boolean().default(false).meta({ description: 'Hold the lease or key back when it fires.' }),
  subjects: z.array(Text).min(1).max(200).readonly().optional().meta({ description: 'Only these leases and keys.' }),
  disabled: z
    .boolean()
    .default(false)
    .meta({ description: 'A disabled rule still takes the place of the default one of its type.' }),
});

export const AlertRuleView = z
  .object({
    ...RuleBody.shape,
    id: z.string(),
    isDefault: z.boolean().meta({ description: 'In force because the project has no rule of this type.' }),
    createdBy: z.string().nullable(),
    createdAt: Time.nullable(),
    updatedAt: Time.nullable(),
  })
  .meta({ id: 'AlertRule' });

const OneRule = InProject.extend({ id: Text });

export function alertRulesApi(deps: Pick<ApiDeps, 'ledger' | 'policy' | 'now' | 'sendsMail'>): ApiRoute[] {
  const { ledger, policy } = deps;
  return [
    route({
      id: 'listAlertRules',
      method: 'get',
      path: '/projects/{project}/alert-rules',
      permission: 'read',
      summary: 'What a project is alerted of',
      description: 'Its own rules, oldest first, then the default ones of the types that it says nothing about.',
      params: InProject,
      responses: { 200: listOf(AlertRuleView) },
      handle: async ({ params: { project } }) => {
        projectNamed(policy(), project);
        const own = await alertRules(ledger.db, project);
        const types = new Set(own.map(({ type }) => type));
        const defaults = DEFAULT_RULES.filter(({ type }) => !types.has(type));
        return { status: 200, body: { items: [...own.map(viewOf), ...defaults.map(viewOfDefault)], next: null } };
      },
    }),
    route({
      id: 'createAlertRule',
      method: 'post',
      path: '/projects/{project}/alert-rules',
      permission: 'config',
      summary: 'Be alerted of something',
      params: InProject,
      body: RuleBody,
      responses: { 201: AlertRuleView },
      faults: ['conflict'],
      handle: async ({ params: { project }, body }, caller) => {
        projectNamed(policy(), project);
        if (!deps.sendsMail) refuseMail(body);
        return { status: 201, body: viewOf(await addRule(deps, { project, asked: askedOf(body), actor: caller.name })) };
      },
    }),
    route({
      id: 'putAlertRule',
      method: 'put',
      path: '/projects/{project}/alert-rules/{id}',
      permission: 'config',
      summary: 'Change a rule',
      params: OneRule,
      body: RuleBody,
      responses: { 200: AlertRuleView },
      handle: async ({ params: { project, id }, body }, caller) => {
        if (!deps.sendsMail) refuseMail(body);
        const row = await changeRule(deps, { project, id, asked: askedOf(body), actor: caller.name });
        return { status: 200, body: viewOf(row) };
      },
    }),
    route({
      id: 'deleteAlertRule',
      method: 'delete',
      path: '/projects/{project}/alert-rules/{id}',
      permission: 'config',
      summary: 'Take a rule away',
      description: 'Without a rule of its type the default one is in force again. What it told stays.',
      params: OneRule,
      responses: { 204: Empty },
      handle: async ({ params: { project, id } }, caller) => {
        await removeRule(deps, { project, id, actor: caller.name });
        return { status: 204, body: undefined };
      },
    }),
  ];
}

function askedOf({ cooldownMinutes, ...body }: z.output<typeof RuleBody>) {
  return { ...body, cooldownMs: cooldownMinutes * 60_000 };
}

function viewOf(row: AlertRuleRow): z.output<typeof AlertRuleView> {
  const { cooldownMs, ...rule } = ruleOf(row);
  const { createdBy, createdAt, updatedAt } = row;
  return { ...rule, cooldownMinutes: cooldownMs / 60_000, isDefault: false, createdBy, createdAt, updatedAt };
}

function viewOfDefault({ cooldownMs, ...rule }: (typeof DEFAULT_RULES)[number]): z.output<typeof AlertRuleView> {
  return { ...rule, cooldownMinutes: cooldownMs / 60_000, isDefault: true, createdBy: null, createdAt: null, updatedAt: null };
}
