import { z } from 'zod';
import { sourcesSeen } from '../../access/reach.ts';
import { countQuarantined, listQuarantined } from '../../ledger/lists/quarantined.ts';
import { Fault } from '../../reservation/fault.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { ById, Text } from './words.ts';

const Replayed = z
  .object({
    eventId: z.string(),
    status: z.enum(['accepted', 'quarantined', 'duplicate', 'ignored']),
    reservations: z.array(z.string()).readonly().meta({ description: "The source's ids of the bookings it moved." }),
  })
  .meta({ id: 'Replayed' });

const ReplayedMany = z
  .object({
    replayed: z.int(),
    accepted: z.int(),
    ignored: z.int(),
    quarantined: z.int().meta({ description: 'Still not understood.' }),
    failures: z.array(z.object({ eventId: z.string(), error: z.string() })),
    left: z.int().meta({ description: 'Still to be tried after these.' }),
    next: z.string().nullable().meta({ description: 'Give it as `cursor` to go on; null when all were tried.' }),
  })
  .meta({ id: 'ReplayedMany' });

/** So many in one request, so that an answer comes before anybody gives up. */
const AT_ONCE = 200;

export function replaysApi({ ledger, receiver, policy }: Pick<ApiDeps, 'ledger' | 'receiver' | 'policy'>): ApiRoute[] {
  return [
    route({
      id: 'replayEvent',
      method: 'post',
      path: '/events/{id}/replay',
      permission: 'act',
      reach: 'event',
      summary: 'Map a quarantined event again, under the configuration of now',
      params: ById,
      responses: { 200: Replayed },
      faults: ['conflict'],
      handle: async ({ params: { id } }, caller) => ({ status: 200, body: await receiver.replay(id, caller.name) }),
    }),
    route({
      id: 'replayEvents',
      method: 'post',
      path: '/events/replay',
      permission: 'act',
      reach: 'own',
      summary: 'Map all quarantined events again, the oldest first',
      description: `At most ${AT_ONCE} in one request: repeat it with \`cursor\` until \`next\` is null.`,
      body: z.strictObject({ source: Text.optional(), cursor: z.string().min(1).max(1000).optional() }),
      responses: { 200: ReplayedMany },
      handle: async ({ body: { source, cursor } }, caller) => {
        const filter = { source, sources: sourcesSeen(caller, policy()) };
        const { items, next } = await listQuarantined(ledger.db, filter, { limit: AT_ONCE, cursor });
        const tally = { accepted: 0, ignored: 0, quarantined: 0, duplicate: 0 };
        const failures: { eventId: string; error: string }[] = [];
        for (const { id } of items) {
          const outcome = await receiver.replay(id, caller.name).catch((error: unknown) => {
            if (!(error instanceof Fault) || error.code === 'unavailable') throw error;
            failures.push({ eventId: id, error: error.message });
          });
          if (outcome) tally[outcome.status] += 1;
        }
        const { accepted, ignored, quarantined } = tally;
        const left = next === null ? 0 : await countQuarantined(ledger.db, filter, items.at(-1)!.id);
        return { status: 200, body: { replayed: items.length, accepted, ignored, quarantined, failures, left, next } };
      },
    }),
  ];
}
