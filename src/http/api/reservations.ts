import { z } from 'zod';
import { sourcesSeen } from '../../access/reach.ts';
import { byId, pageBy } from '../../ledger/listing.ts';
import { findReservation, listReservations } from '../../ledger/reservations.ts';
import type { ReservationRow } from '../../ledger/schema.ts';
import { Fault } from '../../reservation/fault.ts';
import type { ApiDeps } from './deps.ts';
import { ReservationView, viewOfReservation } from './reservation-views.ts';
import { route, type ApiRoute } from './route.ts';
import { ById, Flag, listOf, paging, Text } from './words.ts';

export function reservationsApi({ ledger, policy }: Pick<ApiDeps, 'ledger' | 'policy'>): ApiRoute[] {
  return [
    route({
      id: 'listReservations',
      method: 'get',
      path: '/reservations',
      permission: 'read',
      reach: 'own',
      summary: 'Bookings, newest first',
      query: z.strictObject({
        ...paging,
        source: Text.optional(),
        externalId: Text.optional().meta({ description: "The source's own id of the booking." }),
        resourceId: Text.optional(),
        closed: Flag.optional(),
        troubled: Flag.optional().meta({ description: 'Only those of which no lease came.' }),
      }),
      responses: { 200: listOf(ReservationView) },
      handle: async ({ query: { limit, cursor, ...filter } }, caller) => {
        const sources = sourcesSeen(caller, policy());
        const listed = await pageBy(byId<ReservationRow>('reservations'), { limit, cursor }, (before, most) =>
          listReservations(ledger.db, { ...filter, sources, before, limit: most }),
        );
        return { status: 200, body: { ...listed, items: listed.items.map(viewOfReservation) } };
      },
    }),
    route({
      id: 'getReservation',
      method: 'get',
      path: '/reservations/{id}',
      permission: 'read',
      reach: 'reservation',
      summary: 'One booking',
      params: ById,
      responses: { 200: ReservationView },
      handle: async ({ params: { id } }) => {
        const row = await findReservation(ledger.db, id);
        if (!row) throw new Fault('not_found', `there is no reservation ${id}`);
        return { status: 200, body: viewOfReservation(row) };
      },
    }),
  ];
}
