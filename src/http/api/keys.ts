import { z } from 'zod';
import { sourcesSeen } from '../../access/reach.ts';
import { keyToShow, listKeys } from '../../ledger/lists/keys.ts';
import { Fault } from '../../reservation/fault.ts';
import { KEY_STATES } from '../../reservation/lease.ts';
import type { ApiDeps } from './deps.ts';
import { KeyView, viewOfKey } from './key-views.ts';
import { route, type ApiRoute } from './route.ts';
import { ById, listOf, paging, Text } from './words.ts';

export function keysApi({ ledger, policy }: Pick<ApiDeps, 'ledger' | 'policy'>): ApiRoute[] {
  return [
    route({
      id: 'listKeys',
      method: 'get',
      path: '/keys',
      permission: 'read',
      reach: 'own',
      summary: 'Keys, newest first',
      query: z.strictObject({
        ...paging,
        state: z.enum(KEY_STATES).optional(),
        provider: Text.optional(),
        lease: Text.optional().meta({ description: "The lease's id." }),
      }),
      responses: { 200: listOf(KeyView) },
      handle: async ({ query: { limit, cursor, lease, ...filter } }, caller) => {
        const sources = sourcesSeen(caller, policy());
        const listed = await listKeys(ledger.db, { ...filter, sources, leaseId: lease }, { limit, cursor });
        return { status: 200, body: { ...listed, items: listed.items.map(viewOfKey) } };
      },
    }),
    route({
      id: 'getKey',
      method: 'get',
      path: '/keys/{id}',
      permission: 'read',
      reach: 'key',
      summary: 'One key, without its value',
      params: ById,
      responses: { 200: KeyView },
      handle: async ({ params: { id } }) => {
        const key = await keyToShow(ledger.db, id);
        if (!key) throw new Fault('not_found', `there is no key ${id}`);
        return { status: 200, body: viewOfKey(key) };
      },
    }),
  ];
}
