import { z } from 'zod';
import { canBeUsed, usageAt } from '../../lease/usage.ts';
import { readStory } from '../../ledger/leases.ts';
import { sumUsage } from '../../ledger/usage.ts';
import { Fault } from '../../reservation/fault.ts';
import { KEY_STATES } from '../../reservation/lease.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { ById } from './words.ts';

const KeyUsage = z
  .object({
    keyId: z.string(),
    generation: z.int(),
    hint: z.string(),
    state: z.enum(KEY_STATES),
    provider: z.string(),
    used: z.number().optional().meta({ description: 'Requests that the provider let through.' }),
    limit: z.number().optional().meta({ description: 'Of its quota, as the provider has it.' }),
    refused: z.number().optional().meta({ description: 'Requests that it refused.' }),
    unknown: z.string().optional().meta({ description: 'Why nothing is known: its provider does not tell, or not now.' }),
  })
  .meta({ id: 'KeyUsage' });

export const LeaseUsage = z
  .object({
    leaseId: z.string(),
    verified: z.record(z.string(), z.int()).meta({ description: 'Requests put to our own verify, by its code; over all keys.' }),
    keys: z.array(KeyUsage).meta({ description: 'Of each key that may work: what its provider says now.' }),
  })
  .meta({ id: 'LeaseUsage' });

export function usageApi(deps: Pick<ApiDeps, 'ledger' | 'sealer' | 'providers' | 'call' | 'now'>): ApiRoute[] {
  return [
    route({
      id: 'getLeaseUsage',
      method: 'get',
      path: '/leases/{id}/usage',
      permission: 'read',
      reach: 'lease',
      summary: "What a lease's keys were used for",
      description: 'Asks the providers at once; one that is out or does not count leaves `unknown`.',
      params: ById,
      responses: { 200: LeaseUsage },
      handle: async ({ params: { id } }) => {
        const story = await readStory(deps.ledger.db, id);
        if (!story) throw new Fault('not_found', `there is no lease ${id}`);
        const keys = story.keys.filter(canBeUsed).map(async (key) => {
          const { id: keyId, generation, hint, state, provider } = key;
          return { keyId, generation, hint, state, provider, ...(await usageAt(deps, key)) };
        });
        const verified = await sumUsage(deps.ledger.db, id);
        return { status: 200, body: { leaseId: id, verified, keys: await Promise.all(keys) } };
      },
    }),
  ];
}
