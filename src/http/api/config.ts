import { z } from 'zod';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';

const InForce = z
  .object({ plans: z.array(z.string()), sources: z.array(z.string()), providers: z.array(z.string()) })
  .meta({ id: 'ConfigInForce', description: 'The names of what is configured now.' });

const Refused = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.literal(422),
    detail: z.string(),
    code: z.literal('invalid'),
    problems: z
      .array(
        z.object({
          severity: z.enum(['error', 'warning']),
          file: z.string(),
          line: z.int().optional(),
          column: z.int().optional(),
          path: z.string(),
          message: z.string(),
          fix: z.string().meta({ description: 'What would be right.' }),
        }),
      )
      .readonly(),
  })
  .meta({ id: 'ConfigRefused', description: 'Every problem at once; the old configuration stays in force.' });

export function configApi({ ledger, policy, reload }: Pick<ApiDeps, 'ledger' | 'policy' | 'reload'>): ApiRoute[] {
  return [
    route({
      id: 'reloadConfig',
      method: 'post',
      path: '/config/reload',
      permission: 'config',
      summary: 'Read the configuration file again',
      responses: { 200: InForce, 422: Refused },
      handle: async (_input, caller) => {
        const problems = await reload();
        if (problems.length > 0) return { status: 422, body: refusal(problems) };
        const { plans, sources, providers } = policy();
        const inForce = {
          plans: plans.map((plan) => plan.name),
          sources: Object.keys(sources),
          providers: Object.keys(providers),
        };
        await ledger.transact(async (tx) =>
          tx.audit({ actor: caller.name, action: 'config.reloaded', subject: 'config', detail: inForce }),
        );
        return { status: 200, body: inForce };
      },
    }),
  ];
}

function refusal(problems: z.output<typeof Refused>['problems']): z.output<typeof Refused> {
  return {
    type: 'about:blank',
    title: 'Unprocessable Content',
    status: 422,
    detail: 'The configuration cannot be used; the old one stays in force.',
    code: 'invalid',
    problems,
  };
}
