import { z } from 'zod';
import { sourcesSeen } from '../../access/reach.ts';
import { discardEvent } from '../../intake/discard.ts';
import { createMemory } from '../../lab/memory.ts';
import { lookIntoQuarantine } from '../../lab/quarantine.ts';
import { bookingReport, observationReport } from '../../lab/report.ts';
import { findEvent } from '../../ledger/events.ts';
import { findQuarantined, listQuarantined, type QuarantinedEvent } from '../../ledger/lists/quarantined.ts';
import { Fault } from '../../reservation/fault.ts';
import type { ApiDeps } from './deps.ts';
import { EventView, viewOfEvent } from './event-views.ts';
import { BookingFindingView, ObservationView } from './lab-views.ts';
import { route, type ApiRoute } from './route.ts';
import { ById, listOf, paging, Reason, Text, Time } from './words.ts';

type Deps = Pick<ApiDeps, 'ledger' | 'policy' | 'providers' | 'now' | 'sendsMail' | 'sealer' | 'quarantineKeptMs'>;

export const QuarantinedView = EventView.omit({ said: true, reservationId: true })
  .extend({ keptUntil: Time.meta({ description: 'Then what was kept of it is wiped, and it cannot be replayed.' }) })
  .meta({ id: 'Quarantined', description: 'An event that was authentic but could not be understood.' });

export const QuarantinedDetail = QuarantinedView.extend({
  document: z.unknown().meta({ description: 'The smallest document that holds it, without its secrets.' }),
  headers: z.record(z.string(), z.string()).meta({ description: 'Those that its mapping reads.' }),
  path: z.string().meta({ description: 'What stood behind /webhooks/{source}/.' }),
  maps: z.boolean().meta({ description: 'Under the configuration of now it would be understood: replay it.' }),
  observations: z.array(ObservationView.omit({ recorded: true })).meta({ description: 'Under the configuration of now.' }),
  bookings: z.array(BookingFindingView).meta({ description: 'What a replay would come to.' }),
}).meta({ id: 'QuarantinedDetail' });

export function quarantineApi(deps: Deps): ApiRoute[] {
  const viewOf = (row: QuarantinedEvent): z.output<typeof QuarantinedView> => ({
    ...row,
    keptUntil: new Date(row.receivedAt.getTime() + deps.quarantineKeptMs),
  });
  return [
    route({
      id: 'listQuarantine',
      method: 'get',
      path: '/quarantine',
      permission: 'read',
      reach: 'own',
      summary: 'Quarantined events whose documents are still kept, the oldest first',
      query: z.strictObject({ ...paging, source: Text.optional() }),
      responses: { 200: listOf(QuarantinedView) },
      handle: async ({ query: { limit, cursor, source } }, caller) => {
        const filter = { source, sources: sourcesSeen(caller, deps.policy()) };
        const listed = await listQuarantined(deps.ledger.db, filter, { limit, cursor });
        return { status: 200, body: { ...listed, items: listed.items.map(viewOf) } };
      },
    }),
    route({
      id: 'getQuarantined',
      method: 'get',
      path: '/quarantine/{id}',
      // The document holds what its sender wrote about people.
      permission: 'act',
      reach: 'event',
      summary: 'One quarantined event: its document without secrets, and what the configuration of now makes of it',
      params: ById,
      responses: { 200: QuarantinedDetail },
      faults: ['not_found'],
      handle: async ({ params: { id } }) => {
        const row = await findQuarantined(deps.ledger.db, id);
        if (!row) throw new Fault('not_found', `there is no quarantined event ${id} whose document is still kept`);
        const policy = deps.policy();
        const lens = { policy: () => policy, providers: deps.providers, now: deps.now, smtp: deps.sendsMail };
        const source = Object.hasOwn(policy.sources, row.source) ? policy.sources[row.source] : undefined;
        const parts = { lens, memory: createMemory(deps.ledger), sealer: deps.sealer };
        const { items, bookings, ...found } = await lookIntoQuarantine(row, source, parts);
        const made = { observations: items.map(observationReport), bookings: bookings.map(bookingReport) };
        return { status: 200, body: { ...viewOf(row), ...found, ...made } };
      },
    }),
    route({
      id: 'discardQuarantined',
      method: 'post',
      path: '/quarantine/{id}/discard',
      permission: 'act',
      reach: 'event',
      summary: 'Give a quarantined event up: it counts as ignored and what was kept of it is wiped; stays in the audit',
      params: ById,
      body: z.strictObject({ reason: Reason }),
      responses: { 200: EventView },
      faults: ['not_found', 'conflict'],
      handle: async ({ params: { id }, body: { reason } }, caller) => {
        await deps.ledger.transact(async (tx) => await discardEvent(tx, { eventId: id, reason, actor: caller.name }));
        return { status: 200, body: viewOfEvent((await findEvent(deps.ledger.db, id))!) };
      },
    }),
  ];
}
