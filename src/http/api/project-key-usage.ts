import { z } from 'zod';
import { projectKeyToShow } from '../../ledger/lists/project-keys.ts';
import { projectKeyUsage } from '../../ledger/project-key-usage.ts';
import { generationName } from '../../managed/generation.ts';
import { Fault } from '../../reservation/fault.ts';
import { LimitView } from './lease-views.ts';
import { ProjectKeyPath } from './project-key-words.ts';
import type { ProjectKeyDeps } from './project-keys.ts';
import { route, type ApiRoute } from './route.ts';
import { Duration, Time } from './words.ts';

const Counts = z.record(z.string(), z.int());

export const ProjectKeyUsageView = z
  .object({
    id: z.string(),
    total: z.int().meta({ description: 'Requests that came with it.' }),
    passed: z.int(),
    refused: z.int(),
    byCode: Counts.meta({ description: 'By the code of our verify.' }),
    days: z.array(z.object({ day: z.string().meta({ description: 'UTC.', examples: ['2026-03-01'] }), byCode: Counts })),
    quota: LimitView.nullable(),
    lastUsedAt: Time.nullable(),
    lastIp: z.string().nullable(),
  })
  .meta({ id: 'ProjectKeyUsage', description: 'Counted by our verify, over all its values.' });

export function projectKeyUsageApi({ ledger, managed, now }: ProjectKeyDeps): ApiRoute[] {
  return [
    route({
      id: 'getProjectKeyUsage',
      method: 'get',
      path: '/projects/{project}/keys/{id}/usage',
      permission: 'read',
      summary: 'What a key was used for',
      params: ProjectKeyPath,
      query: z.strictObject({ since: Duration.default(30 * 86_400_000).meta({ description: 'How far back; 30d.' }) }),
      responses: { 200: ProjectKeyUsageView },
      handle: async ({ params, query: { since } }) => {
        const key = await projectKeyToShow(ledger.db, params);
        if (!key) throw new Fault('not_found', `there is no key ${params.id} in project ${params.project}`);
        // What is counted and not yet written is written first.
        await managed.usage(generationName(key));
        const { byCode, days } = await projectKeyUsage(ledger.db, key.budget, new Date(now().getTime() - since));
        const total = Object.values(byCode).reduce((sum, count) => sum + count, 0);
        const passed = byCode.VALID ?? 0;
        const { id, lastUsedAt, lastIp } = key;
        const body = {
          id,
          total,
          passed,
          refused: total - passed,
          byCode,
          days: [...days],
          quota: key.rights.quota ?? null,
          lastUsedAt,
          lastIp,
        };
        return { status: 200, body };
      },
    }),
  ];
}
