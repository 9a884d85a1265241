import { z } from 'zod';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { Text } from './words.ts';

const ExchangeView = z.object({
  method: z.string(),
  url: z.string(),
  body: z.unknown().optional(),
  status: z.int().optional().meta({ description: 'Absent when there was no answer.' }),
  ms: z.int(),
});

const StepView = z.object({
  name: z.string().meta({ description: 'check, issue, reveal, probe, usage, suspend, resume or revoke.' }),
  ok: z.boolean(),
  says: z.string().meta({ description: 'What the provider answered, or why it failed.' }),
  ms: z.int(),
  exchanges: z
    .array(ExchangeView)
    .readonly()
    .meta({ description: 'Each request, with *** for what is secret; empty where the driver tells none.' }),
});

export const TrialView = z
  .object({
    provider: z.string(),
    plan: z.string(),
    key: z.string().meta({ description: 'Its name at the provider.' }),
    ok: z.boolean(),
    left: z.boolean().meta({ description: 'The key may still work, and nobody tries again to revoke it.' }),
    steps: z.array(StepView).readonly(),
  })
  .meta({ id: 'Trial', description: 'How a throw-away key fared at a provider.' });

export function providerTestApi({ tryOut }: Pick<ApiDeps, 'tryOut'>): ApiRoute[] {
  return [
    route({
      id: 'testProvider',
      method: 'post',
      path: '/providers/{name}/test',
      permission: 'act',
      summary: 'Try a provider with a throw-away key, which is revoked in the end',
      description: 'Nothing is kept of it but an audit entry. The answer is 200 also when a step failed: see `ok`.',
      params: z.strictObject({ name: Text }),
      body: z.strictObject({
        plan: Text.optional().meta({ description: 'What the key may do; else the first plan that makes keys there.' }),
      }),
      responses: { 200: TrialView },
      handle: async ({ params, body: { plan } }, caller) => ({
        status: 200,
        body: await tryOut(params.name, { plan, actor: caller.name }),
      }),
    }),
  ];
}
