import { z } from 'zod';
import { canBeUsed, usageAt } from '../../lease/usage.ts';
import { readStory } from '../../ledger/leases.ts';
import { usesOfLease } from '../../ledger/key-uses.ts';
import { sumUsage, usageByDay } from '../../ledger/usage.ts';
import { Fault } from '../../reservation/fault.ts';
import { KEY_STATES } from '../../reservation/lease.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { ById, Time } from './words.ts';

const SHOWN_MS = 30 * 86_400_000;

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
    lastUsedAt: Time.nullable().meta({ description: 'When our own verify let it through last; half a minute late at most.' }),
    lastIp: z.string().nullable().meta({ description: 'From where, if whoever asked said so.' }),
    unknown: z.string().optional().meta({ description: 'Why nothing is known: its provider does not tell, or not now.' }),
  })
  .meta({ id: 'KeyUsage' });

export const LeaseUsage = z
  .object({
    leaseId: z.string(),
    verified: z.record(z.string(), z.int()).meta({ description: 'Requests put to our own verify, by its code; over all keys.' }),
    days: z
      .array(z.object({ day: z.iso.date(), counts: z.record(z.string(), z.int()) }))
      .meta({ description: 'The same by UTC day, oldest first; days without any are left out.' }),
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
      query: z.strictObject({
        from: Time.optional().meta({ description: 'Of `days`; 30 days before `to` where nothing is said.' }),
        to: Time.optional().meta({ description: 'Of `days`, exclusive; now where nothing is said.' }),
      }),
      responses: { 200: LeaseUsage },
      handle: async ({ params: { id }, query: { to = deps.now(), from = new Date(to.getTime() - SHOWN_MS) } }) => {
        const story = await readStory(deps.ledger.db, id);
        if (!story) throw new Fault('not_found', `there is no lease ${id}`);
        const { db } = deps.ledger;
        const uses = new Map((await usesOfLease(db, id)).map((use) => [use.id, use]));
        const keys = story.keys.filter(canBeUsed).map(async (key) => {
          const { id: keyId, generation, hint, state, provider } = key;
          const { lastUsedAt = null, lastIp = null } = uses.get(keyId) ?? {};
          return { keyId, generation, hint, state, provider, lastUsedAt, lastIp, ...(await usageAt(deps, key)) };
        });
        const days = countsByDay(await usageByDay(db, { leaseId: id, from, to }));
        return { status: 200, body: { leaseId: id, verified: await sumUsage(db, id), days, keys: await Promise.all(keys) } };
      },
    }),
  ];
}

function countsByDay(rows: readonly { day: string; code: string; count: number }[]) {
  const days = Map.groupBy(rows, ({ day }) => day);
  return [...days].map(([day, of]) => ({ day, counts: Object.fromEntries(of.map(({ code, count }) => [code, count])) }));
}
