import { z } from 'zod';
import { sourcesSeen } from '../../access/reach.ts';
import type { EventFilter } from '../../ledger/events.ts';
import { findEvent, listEvents } from '../../ledger/events.ts';
import { byId, pageBy } from '../../ledger/listing.ts';
import { Fault } from '../../reservation/fault.ts';
import type { ApiDeps } from './deps.ts';
import { EventView, OUTCOMES, viewOfEvent } from './event-views.ts';
import { route, type ApiRoute } from './route.ts';
import { ById, listOf, paging, Text } from './words.ts';

export function eventsApi({ ledger, policy }: Pick<ApiDeps, 'ledger' | 'policy'>): ApiRoute[] {
  return [
    route({
      id: 'listEvents',
      method: 'get',
      path: '/events',
      permission: 'read',
      reach: 'own',
      summary: 'Events, newest first',
      query: z.strictObject({
        ...paging,
        source: Text.optional(),
        outcome: z.enum(OUTCOMES).optional(),
        type: Text.optional(),
        externalId: Text.optional().meta({ description: "The source's own id of the booking." }),
      }),
      responses: { 200: listOf(EventView) },
      handle: async ({ query: { limit, cursor, ...filter } }, caller) => {
        const sources = sourcesSeen(caller, policy());
        const read = (before: string | undefined, most: number) =>
          listEvents(ledger.db, { ...filter, sources, before, limit: most } satisfies EventFilter);
        const listed = await pageBy(byId<Awaited<ReturnType<typeof read>>[number]>('events'), { limit, cursor }, read);
        return { status: 200, body: { ...listed, items: listed.items.map(viewOfEvent) } };
      },
    }),
    route({
      id: 'getEvent',
      method: 'get',
      path: '/events/{id}',
      permission: 'read',
      reach: 'event',
      summary: 'One event',
      params: ById,
      responses: { 200: EventView },
      handle: async ({ params: { id } }) => {
        const event = await findEvent(ledger.db, id);
        if (!event) throw new Fault('not_found', `there is no event ${id}`);
        return { status: 200, body: viewOfEvent(event) };
      },
    }),
  ];
}
