import { z } from 'zod';
import { ALERT_TYPES } from '../../alerts/rule.ts';
import { countAlerts, listAlertPage } from '../../ledger/lists/alerts.ts';
import type { AlertRow } from '../../ledger/schema.ts';
import { projectNamed } from '../../reservation/project.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { InProject } from './scope-views.ts';
import { listOf, paging, Text, Time } from './words.ts';

const DAY_MS = 86_400_000;

export const AlertView = z
  .object({
    id: z.string(),
    ruleId: z.string(),
    type: z.string(),
    subject: z.string().meta({ description: 'A lease, a key of a project, or project:<name>.' }),
    reason: z.string(),
    severity: z.string(),
    value: z.number(),
    threshold: z.number(),
    suspension: z
      .object({
        state: z
          .enum(['owed', 'done', 'dead'])
          .meta({ description: 'owed: it is tried until it is done. dead: nothing is left that could be held back.' }),
        attempts: z.int(),
        retryAt: Time.nullable(),
        error: z.string().nullable(),
      })
      .nullable()
      .meta({ description: 'Whether it was held back; null where the rule does not ask for it.' }),
    at: Time,
  })
  .meta({ id: 'Alert', description: 'Something that a rule found.' });

/** What was told of a project. */
export function alertsApi({ ledger, policy, now }: Pick<ApiDeps, 'ledger' | 'policy' | 'now'>): ApiRoute[] {
  return [
    route({
      id: 'alertStats',
      method: 'get',
      path: '/projects/{project}/alerts/stats',
      permission: 'read',
      summary: 'How many alerts there were, by type',
      params: InProject,
      query: z.strictObject({ since: Time.optional().meta({ description: 'Of the last day when left out.' }) }),
      responses: { 200: z.object({ since: Time, total: z.int(), byType: z.record(z.string(), z.int()) }) },
      handle: async ({ params: { project }, query }) => {
        projectNamed(policy(), project);
        const since = query.since ?? new Date(now().getTime() - DAY_MS);
        const counts = await countAlerts(ledger.db, { project, since });
        const byType = Object.fromEntries(counts.map(({ type, count }) => [type, count]));
        return { status: 200, body: { since, total: Object.values(byType).reduce((sum, count) => sum + count, 0), byType } };
      },
    }),
    route({
      id: 'listAlerts',
      method: 'get',
      path: '/projects/{project}/alerts',
      permission: 'read',
      summary: 'Alerts, newest first',
      params: InProject,
      query: z.strictObject({
        ...paging,
        type: z.enum(ALERT_TYPES).optional(),
        subject: Text.optional().meta({ description: 'A lease or key.' }),
        since: Time.optional(),
      }),
      responses: { 200: listOf(AlertView) },
      handle: async ({ params: { project }, query: { limit, cursor, ...filter } }) => {
        const page = await listAlertPage(ledger.db, { project, ...filter }, { limit, cursor });
        projectNamed(policy(), project);
        return { status: 200, body: { ...page, items: page.items.map(viewOf) } };
      },
    }),
  ];
}

function viewOf({ id, ruleId, type, subject, at, detail, ...row }: AlertRow): z.output<typeof AlertView> {
  const { reason, severity, value, threshold } = detail as Pick<
    z.output<typeof AlertView>,
    'reason' | 'severity' | 'value' | 'threshold'
  >;
  return { id, ruleId, type, subject, reason, severity, value, threshold, suspension: suspensionOf(row), at };
}

function suspensionOf({
  suspend,
  suspendAttempts: attempts,
  suspendAt: retryAt,
  suspendError: error,
}: Pick<AlertRow, 'suspend' | 'suspendAttempts' | 'suspendAt' | 'suspendError'>) {
  return suspend === null ? null : { state: suspend, attempts, retryAt, error };
}
