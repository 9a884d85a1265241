import type { Kysely, Transaction, Updateable } from 'kysely';
import type { Database } from './schema.ts';
import type { RotationItemTable } from './tables/providers.ts';

type Reader = Kysely<Database> | Transaction<Database>;

/** One lease of a rotation. */
export interface RotationItem {
  readonly rotationId: string;
  readonly leaseId: string;
  readonly generation: number | null;
}

/** Items whose new key nobody has asked for yet. */
export async function itemsToBegin(db: Reader, rotationId: string, limit: number): Promise<string[]> {
  const rows = await waiting(db, rotationId).where('generation', 'is', null).limit(limit).execute();
  return rows.map((row) => row.leaseId);
}

/** Items whose new key was asked for and is not known to be there, in the order of their leases. */
export async function begunItems(
  db: Reader,
  rotationId: string,
  { after, limit }: { after: string; limit: number },
): Promise<(RotationItem & { readonly generation: number; readonly error: string | null })[]> {
  return await waiting(db, rotationId)
    .where('generation', 'is not', null)
    .$narrowType<{ generation: number }>()
    .where('leaseId', '>', after)
    .limit(limit)
    .execute();
}

export async function hasWaitingItems(db: Reader, rotationId: string): Promise<boolean> {
  return (await waiting(db, rotationId).limit(1).executeTakeFirst()) !== undefined;
}

function waiting(db: Reader, rotationId: string) {
  return db
    .selectFrom('rotationItem')
    .select(['rotationId', 'leaseId', 'generation', 'error'])
    .where('rotationId', '=', rotationId)
    .where('state', '=', 'waiting')
    .orderBy('leaseId');
}

/** Its new key is asked for; false when somebody else already did. */
export async function beginItem(
  db: Reader,
  { rotationId, leaseId, generation }: RotationItem & { generation: number },
): Promise<boolean> {
  return await changeItem(db, { rotationId, leaseId, generation: null }, { generation });
}

/** Ends a waiting item, or says what it waits for. Only as it was read: what somebody else did meanwhile stands. */
export async function judgeItem(
  db: Reader,
  item: RotationItem,
  { state, error }: { state: 'waiting' | 'done' | 'failed'; error: string | null },
): Promise<void> {
  await changeItem(db, item, { state, error });
}

async function changeItem(db: Reader, item: RotationItem, change: Updateable<RotationItemTable>): Promise<boolean> {
  const changed = await db
    .updateTable('rotationItem')
    .set(change)
    .where('rotationId', '=', item.rotationId)
    .where('leaseId', '=', item.leaseId)
    .where('state', '=', 'waiting')
    .where('generation', 'is not distinct from', item.generation)
    .returning('leaseId')
    .executeTakeFirst();
  return changed !== undefined;
}
