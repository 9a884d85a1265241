import type { Kysely } from 'kysely';
import type { Window } from '../reservation/lease.ts';
import type { Plan } from '../reservation/plan.ts';
import { chunksOf } from './chunks.ts';
import { newId } from './ids.ts';
import { anyOf, insertRows } from './rows.ts';
import type { Database } from './schema.ts';

/** The leases that follow from reservations, for many reservations in one statement each: a busy tick moves hundreds. */

type Db = Kysely<Database>;

/** A job was enqueued with the change; should it get lost, the sweep looks again this much later. */
export const JOB_GRACE_MS = 2000;

export interface LeaseOpening {
  readonly reservationId: string;
  readonly plan: Plan;
  readonly holderIds: readonly string[];
  readonly resourceId: string;
  readonly now: Date;
  /** There is nothing to do until then. */
  readonly ahead?: { readonly wakeAt: Date; readonly window: Window };
}

/**
 * Makes sure that each holder has a lease: one, whatever plans come and go, so that nobody ever has two good keys for one booking. Returns the
 * ids of those that are new and to be settled soon.
 */
export async function openLeasesOf(db: Db, openings: readonly LeaseOpening[]): Promise<string[]> {
  const rows = openings.flatMap(({ reservationId, plan, holderIds, resourceId, now, ahead }) =>
    holderIds.map((holderId) => ({
      id: newId('lse'),
      reservationId,
      holderId,
      plan: plan.name,
      provider: plan.provider,
      resourceId,
      state: 'pending' as const,
      opensAt: ahead?.window.opensAt ?? null,
      closesAt: ahead?.window.closesAt ?? null,
      wakeAt: ahead?.wakeAt ?? soon(now),
      createdAt: now,
      updatedAt: now,
      soon: ahead === undefined,
    })),
  );
  const opened: string[] = [];
  for (const chunk of chunksOf(rows)) {
    const made = await insertRows(db, 'lease', { columns: INSERTED, rows: chunk })
      .onConflict((conflict) => conflict.columns(['reservationId', 'holderId', 'resourceId']).doNothing())
      .returning('id')
      .execute();
    const fresh = new Set(made.map(({ id }) => id));
    opened.push(...chunk.filter((row) => row.soon && fresh.has(row.id)).map(({ id }) => id));
  }
  return opened;
}

const INSERTED = [
  'id',
  'reservationId',
  'holderId',
  'plan',
  'provider',
  'resourceId',
  'state',
  'opensAt',
  'closesAt',
  'wakeAt',
  'createdAt',
  'updatedAt',
] as const;

/** Every lease of these reservations is to be settled soon; returns their ids for the job queue. Locked in the order of their ids, as by whoever settles many. */
export async function wakeLeasesOf(db: Db, reservationIds: readonly string[], now: Date): Promise<string[]> {
  if (reservationIds.length === 0) return [];
  const rows = await db
    .with('locked', (sub) =>
      sub.selectFrom('lease').select('id').where('reservationId', '=', anyOf(reservationIds)).orderBy('id').forNoKeyUpdate(),
    )
    .updateTable('lease')
    .from('locked')
    .set({ wakeAt: soon(now) })
    .whereRef('lease.id', '=', 'locked.id')
    .returning('lease.id')
    .execute();
  return rows.map((row) => row.id);
}

function soon(now: Date): Date {
  return new Date(now.getTime() + JOB_GRACE_MS);
}
