import { z } from 'zod';
import { listStrays } from '../../ledger/lists/strays.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { listOf, paging, Text, Time } from './words.ts';

export const StrayView = z
  .object({
    provider: z.string(),
    name: z.string().meta({ description: 'As the provider has it.' }),
    firstSeenAt: Time,
    lastSeenAt: Time,
    revokedAt: Time.nullable(),
  })
  .meta({
    id: 'Stray',
    description: 'A key under one of our names that our books do not know: of a restored backup, or of another installation.',
  });

export function straysApi({ ledger }: Pick<ApiDeps, 'ledger'>): ApiRoute[] {
  return [
    route({
      id: 'listStrays',
      method: 'get',
      path: '/strays',
      permission: 'read',
      summary: 'Keys under our names that our books do not know, as the last inventories saw them',
      query: z.strictObject({ ...paging, provider: Text.optional() }),
      responses: { 200: listOf(StrayView) },
      handle: async ({ query: { limit, cursor, ...filter } }) => ({
        status: 200,
        body: await listStrays(ledger.db, filter, { limit, cursor }),
      }),
    }),
  ];
}
