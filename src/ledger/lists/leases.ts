import type { Kysely } from 'kysely';
import type { LeaseState } from '../../reservation/lease.ts';
import { byId, pageBy, type Listed, type Page } from '../listing.ts';
import { anyOf } from '../rows.ts';
import type { Database, LeaseRow, ReservationRow } from '../schema.ts';

/** A lease with the booking it belongs to; the fence of settling stays behind. */
export type ListedLease = Omit<LeaseRow, 'turn' | 'heldUntil'> & Pick<ReservationRow, 'source' | 'externalId'>;

export interface LeaseFilter {
  readonly state?: LeaseState;
  readonly plan?: string;
  readonly provider?: string;
  readonly holderId?: string;
  readonly source?: string;
  /** Only what came from these; undefined for all. */
  readonly sources?: readonly string[];
}

/** Newest first. */
export async function listLeases(db: Kysely<Database>, filter: LeaseFilter, page: Page): Promise<Listed<ListedLease>> {
  return await pageBy(byId<ListedLease>('leases'), page, async (after, limit) => {
    let query = selectLeases(db).orderBy('lease.id', 'desc').limit(limit);
    if (after !== undefined) query = query.where('lease.id', '<', after);
    for (const column of ['state', 'plan', 'provider', 'holderId'] as const) {
      if (filter[column] !== undefined) query = query.where(`lease.${column}`, '=', filter[column]);
    }
    if (filter.sources) query = query.where('reservation.source', '=', anyOf(filter.sources));
    if (filter.source !== undefined) query = query.where('reservation.source', '=', filter.source);
    return await query.execute();
  });
}

export async function leaseWithBooking(db: Kysely<Database>, id: string): Promise<ListedLease | undefined> {
  return await selectLeases(db).where('lease.id', '=', id).executeTakeFirst();
}

/** In the order in which they were opened. */
export async function leasesOf(db: Kysely<Database>, reservationId: string): Promise<ListedLease[]> {
  return await selectLeases(db).where('lease.reservationId', '=', reservationId).orderBy('lease.id').execute();
}

function selectLeases(db: Kysely<Database>) {
  return db.selectFrom('lease').innerJoin('reservation', 'reservation.id', 'lease.reservationId').select(LEASE);
}

const LEASE = [
  'lease.id',
  'lease.reservationId',
  'reservation.source',
  'reservation.externalId',
  'lease.holderId',
  'lease.plan',
  'lease.provider',
  'lease.resourceId',
  'lease.state',
  'lease.reason',
  'lease.grant',
  'lease.opensAt',
  'lease.closesAt',
  'lease.generation',
  'lease.overlapUntil',
  'lease.suspendedAt',
  'lease.revokedBy',
  'lease.wakeAt',
  'lease.attempts',
  'lease.lastError',
  'lease.createdAt',
  'lease.updatedAt',
] as const;
