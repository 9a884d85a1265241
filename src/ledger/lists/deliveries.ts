import type { Kysely } from 'kysely';
import { byId, pageBy, type Listed, type Page } from '../listing.ts';
import { leasesFrom } from '../origins.ts';
import type { Database, DeliveryRow } from '../schema.ts';

export type ListedDelivery = Omit<DeliveryRow, 'dedupe'>;

export interface DeliveryFilter {
  readonly state?: DeliveryRow['state'];
  readonly channel?: DeliveryRow['channel'];
  readonly leaseId?: string;
  /** Only what is about bookings from these; undefined for all. */
  readonly sources?: readonly string[];
}

/** Newest first. */
export async function listDeliveries(db: Kysely<Database>, filter: DeliveryFilter, page: Page): Promise<Listed<ListedDelivery>> {
  return await pageBy(byId<ListedDelivery>('deliveries'), page, async (after, limit) => {
    let query = db.selectFrom('delivery').select(DELIVERY).orderBy('id', 'desc').limit(limit);
    if (after !== undefined) query = query.where('id', '<', after);
    for (const column of ['state', 'channel', 'leaseId'] as const) {
      if (filter[column] !== undefined) query = query.where(column, '=', filter[column]);
    }
    if (filter.sources) query = query.where('leaseId', 'in', leasesFrom(db, filter.sources));
    return await query.execute();
  });
}

export async function deliveryToShow(db: Kysely<Database>, id: string): Promise<ListedDelivery | undefined> {
  return await db.selectFrom('delivery').select(DELIVERY).where('id', '=', id).executeTakeFirst();
}

/** In the order in which they were announced. */
export async function deliveriesFor(db: Kysely<Database>, leaseIds: readonly string[]): Promise<ListedDelivery[]> {
  if (leaseIds.length === 0) return [];
  return await db
    .selectFrom('delivery')
    .select(DELIVERY)
    .where('leaseId', 'in', [...leaseIds])
    .orderBy('id')
    .execute();
}

const DELIVERY = [
  'id',
  'leaseId',
  'claimId',
  'channel',
  'kind',
  'target',
  'body',
  'state',
  'attempts',
  'nextAt',
  'lastStatus',
  'lastError',
  'createdAt',
  'deliveredAt',
] as const;
