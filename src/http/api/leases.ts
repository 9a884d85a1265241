import { z } from 'zod';
import { sourcesSeen } from '../../access/reach.ts';
import { listLeases } from '../../ledger/lists/leases.ts';
import { LEASE_STATES } from '../../reservation/lease.ts';
import type { ApiDeps } from './deps.ts';
import { LeaseDetail, LeaseView, readLease, viewOfLease } from './lease-views.ts';
import { route, type ApiRoute } from './route.ts';
import { ById, listOf, paging, Text } from './words.ts';

export function leasesApi({ ledger, policy }: Pick<ApiDeps, 'ledger' | 'policy'>): ApiRoute[] {
  return [
    route({
      id: 'listLeases',
      method: 'get',
      path: '/leases',
      permission: 'read',
      reach: 'own',
      summary: 'Leases, newest first',
      query: z.strictObject({
        ...paging,
        state: z.enum(LEASE_STATES).optional(),
        plan: Text.optional(),
        provider: Text.optional(),
        holder: Text.optional().meta({ description: "The holder's id at the source." }),
        source: Text.optional(),
      }),
      responses: { 200: listOf(LeaseView) },
      handle: async ({ query: { limit, cursor, holder, ...filter } }, caller) => {
        const sources = sourcesSeen(caller, policy());
        const listed = await listLeases(ledger.db, { ...filter, sources, holderId: holder }, { limit, cursor });
        return { status: 200, body: { ...listed, items: listed.items.map(viewOfLease) } };
      },
    }),
    route({
      id: 'getLease',
      method: 'get',
      path: '/leases/{id}',
      permission: 'read',
      reach: 'lease',
      summary: 'One lease with its keys',
      params: ById,
      responses: { 200: LeaseDetail },
      handle: async ({ params: { id } }) => ({ status: 200, body: await readLease(ledger, id) }),
    }),
  ];
}
