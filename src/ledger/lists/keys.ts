import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { KeyState } from '../../reservation/lease.ts';
import { debtsAt } from '../debts.ts';
import { byId, pageBy, type Listed, type Order, type Page } from '../listing.ts';
import { leasesFrom } from '../origins.ts';
import { anyOf } from '../rows.ts';
import type { Database, KeyRow, LeaseRow, ReservationRow } from '../schema.ts';

/** What may be seen of a key: neither its sealed secret nor what its driver keeps to find it again. */
export type ListedKey = Omit<KeyRow, 'sealedSecret' | 'handle' | 'tokenFrom' | 'tokenUntil'>;

export interface KeyFilter {
  readonly state?: KeyState;
  readonly provider?: string;
  readonly leaseId?: string;
  /** Only what came from these; undefined for all. */
  readonly sources?: readonly string[];
}

/** Newest first. */
export async function listKeys(db: Kysely<Database>, filter: KeyFilter, page: Page): Promise<Listed<ListedKey>> {
  return await pageBy(byId<ListedKey>('keys'), page, async (after, limit) => {
    let query = db.selectFrom('key').select(KEY).orderBy('key.id', 'desc').limit(limit);
    if (after !== undefined) query = query.where('key.id', '<', after);
    for (const column of ['state', 'provider', 'leaseId'] as const) {
      if (filter[column] !== undefined) query = query.where(`key.${column}`, '=', filter[column]);
    }
    if (filter.sources) query = query.where('key.leaseId', 'in', leasesFrom(db, filter.sources));
    return await query.execute();
  });
}

export async function keyToShow(db: Kysely<Database>, id: string): Promise<ListedKey | undefined> {
  return await db.selectFrom('key').select(KEY).where('key.id', '=', id).executeTakeFirst();
}

/** By generation. */
export async function keysOf(db: Kysely<Database>, leaseIds: readonly string[]): Promise<ListedKey[]> {
  if (leaseIds.length === 0) return [];
  return await db
    .selectFrom('key')
    .select(KEY)
    .where('key.leaseId', 'in', [...leaseIds])
    .orderBy('key.leaseId')
    .orderBy('key.generation')
    .execute();
}

/** A key that should be dead and is not known to be, with whose it is (law 5). */
export type Debt = ListedKey & Pick<LeaseRow, 'plan' | 'holderId'> & Pick<ReservationRow, 'source' | 'externalId'>;

/** The longest owed first. */
export async function listDebts(
  db: Kysely<Database>,
  filter: { readonly now: Date; readonly provider?: string; readonly sources?: readonly string[] },
  page: Page,
): Promise<Listed<Debt>> {
  return await pageBy(byAge, page, async (after, limit) => {
    let query = db
      .selectFrom('key')
      .innerJoin('lease', 'lease.id', 'key.leaseId')
      .innerJoin('reservation', 'reservation.id', 'lease.reservationId')
      .select(KEY)
      .select(['lease.plan', 'lease.holderId', 'reservation.source', 'reservation.externalId'])
      .where(debtsAt(filter.now))
      .orderBy('key.revokingAt')
      .orderBy('key.id')
      .limit(limit);
    if (filter.provider !== undefined) query = query.where('key.provider', '=', filter.provider);
    if (filter.sources) query = query.where('reservation.source', '=', anyOf(filter.sources));
    if (after) {
      const [iso, id] = after;
      const at = new Date(iso);
      query = query.where((on) =>
        on.or([on('key.revokingAt', '>', at), on.and([on('key.revokingAt', '=', at), on('key.id', '>', id)])]),
      );
    }
    return await query.execute();
  });
}

const byAge: Order<Debt, [string, string]> = {
  list: 'debts',
  place: z.tuple([z.iso.datetime(), z.string().regex(/^\w{1,64}$/)]),
  placeOf: (debt) => [debt.revokingAt!.toISOString(), debt.id],
};

const KEY = [
  'key.id',
  'key.leaseId',
  'key.generation',
  'key.name',
  'key.provider',
  'key.state',
  'key.opensAt',
  'key.closesAt',
  'key.hint',
  'key.confirmedAt',
  'key.activeAt',
  'key.revokeReason',
  'key.revokingAt',
  'key.revokedAt',
  'key.suspendedAt',
  'key.proof',
  'key.attempts',
  'key.retryAt',
  'key.lastError',
  'key.lastErrorKind',
  'key.createdAt',
  'key.revealedAt',
  'key.missingAt',
  'key.drift',
] as const;
