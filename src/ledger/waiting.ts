import type { Kysely, Transaction } from 'kysely';
import { chunksOf } from './chunks.ts';
import type { Database } from './schema.ts';

/** What waits because its provider did not answer. A key that waits for the second look at its revocation is not meant. */

type Db = Kysely<Database> | Transaction<Database>;

/** A provider that failed answers again: what waited for it need not wait any longer. */
export async function wakeWaiting(db: Db, provider: string, now: Date): Promise<void> {
  const waiting = await waitingFor(db, provider, now).execute();
  await wake(db, waiting, now);
}

/** A provider that failed should be tried: the one that would otherwise wait longest goes first, revocations before all. */
export async function wakeOneWaiting(db: Db, provider: string, now: Date): Promise<void> {
  const one = await waitingFor(db, provider, now)
    .orderBy((by) => by('state', '=', 'revoking'), 'desc')
    .orderBy('retryAt', 'desc')
    .limit(1)
    .execute();
  await wake(db, one, now);
}

function waitingFor(db: Db, provider: string, now: Date) {
  return db
    .selectFrom('key')
    .select(['id', 'leaseId'])
    .where('provider', '=', provider)
    .where('retryAt', '>', now)
    .where('lastErrorKind', '=', 'transient')
    .where('proof', 'is', null);
}

async function wake(db: Db, waiting: readonly { id: string; leaseId: string }[], now: Date): Promise<void> {
  for (const chunk of chunksOf(waiting)) {
    await db
      .updateTable('key')
      .set({ retryAt: now })
      .where(
        'id',
        'in',
        chunk.map(({ id }) => id),
      )
      .execute();
    await db
      .updateTable('lease')
      .set({ wakeAt: now })
      .where(
        'id',
        'in',
        chunk.map(({ leaseId }) => leaseId),
      )
      .where('heldUntil', 'is', null)
      .execute();
  }
}
