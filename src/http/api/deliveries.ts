import { z } from 'zod';
import { sourcesSeen } from '../../access/reach.ts';
import { deliveryToShow, listDeliveries, type ListedDelivery } from '../../ledger/lists/deliveries.ts';
import type { Ledger } from '../../ledger/database.ts';
import { Fault } from '../../reservation/fault.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { ById, listOf, paging, Text, Time } from './words.ts';

const STATES = ['pending', 'delivered', 'failed'] as const;
const CHANNELS = ['callback', 'log', 'email', 'webhook'] as const;

export const DeliveryView = z
  .object({
    id: z.string(),
    leaseId: z.string().nullable(),
    channel: z.enum(CHANNELS),
    kind: z.string().meta({ description: 'What it tells: issued, refused, failed, ending, extended, rotated, revoked, alert.' }),
    target: z.string().meta({ description: "The source's name, an email address or `hook:<id>`." }),
    part: z.string().nullable().meta({ description: 'What it carries of a claim: the link, the code, or only the news.' }),
    state: z.enum(STATES),
    attempts: z.int(),
    nextAt: Time.nullable(),
    lastStatus: z.int().nullable(),
    lastError: z.string().nullable(),
    createdAt: Time,
    deliveredAt: Time.nullable(),
  })
  .meta({ id: 'Delivery', description: 'One outgoing notification and its attempts.' });

export function deliveriesApi({ ledger, handover, policy }: Pick<ApiDeps, 'ledger' | 'handover' | 'policy'>): ApiRoute[] {
  return [
    route({
      id: 'listDeliveries',
      method: 'get',
      path: '/deliveries',
      permission: 'read',
      reach: 'own',
      summary: 'Deliveries, newest first',
      query: z.strictObject({
        ...paging,
        state: z.enum(STATES).optional(),
        channel: z.enum(CHANNELS).optional(),
        lease: Text.optional().meta({ description: "The lease's id." }),
      }),
      responses: { 200: listOf(DeliveryView) },
      handle: async ({ query: { limit, cursor, lease, ...filter } }, caller) => {
        const sources = sourcesSeen(caller, policy());
        const listed = await listDeliveries(ledger.db, { ...filter, sources, leaseId: lease }, { limit, cursor });
        return { status: 200, body: { ...listed, items: listed.items.map(viewOfDelivery) } };
      },
    }),
    route({
      id: 'getDelivery',
      method: 'get',
      path: '/deliveries/{id}',
      permission: 'read',
      reach: 'delivery',
      summary: 'One delivery',
      params: ById,
      responses: { 200: DeliveryView },
      handle: async ({ params: { id } }) => ({ status: 200, body: await readDelivery(ledger, id) }),
    }),
    route({
      id: 'resendDelivery',
      method: 'post',
      path: '/deliveries/{id}/resend',
      permission: 'act',
      reach: 'delivery',
      summary: 'Send it again from the beginning of the schedule, whatever became of it',
      params: ById,
      responses: { 202: z.object({ delivery: DeliveryView }) },
      faults: ['gone'],
      handle: async ({ params: { id } }, caller) => {
        await handover.resend(id, caller.name);
        return { status: 202, body: { delivery: await readDelivery(ledger, id) } };
      },
    }),
  ];
}

export function viewOfDelivery({ body, ...row }: ListedDelivery): z.output<typeof DeliveryView> {
  return { ...row, part: typeof body['part'] === 'string' ? body['part'] : null };
}

async function readDelivery({ db }: Pick<Ledger, 'db'>, id: string): Promise<z.output<typeof DeliveryView>> {
  const delivery = await deliveryToShow(db, id);
  if (!delivery) throw new Fault('not_found', `there is no delivery ${id}`);
  return viewOfDelivery(delivery);
}
