import { sql, type Kysely } from 'kysely';
import type { Database } from './schema.ts';

/**
 * Reserves the next moment at which a provider may be called, shared by all nodes: at most `perSecond` a second. Answers the
 * milliseconds to wait, or undefined when the next free moment is further ahead than `furthestMs`.
 */
export async function reservePace(
  db: Kysely<Database>,
  slot: { provider: string; operation: string; perSecond: number; now: Date; furthestMs: number },
): Promise<number | undefined> {
  const gapMs = 1000 / slot.perSecond;
  const reserved = await db
    .insertInto('pace')
    .values({ provider: slot.provider, action: slot.operation, nextAt: new Date(slot.now.getTime() + gapMs) })
    .onConflict((conflict) =>
      conflict
        .columns(['provider', 'action'])
        .doUpdateSet({ nextAt: sql<Date>`greatest(pace.next_at, ${slot.now}) + ${`${gapMs} milliseconds`}::interval` })
        .where('pace.nextAt', '<=', new Date(slot.now.getTime() + slot.furthestMs)),
    )
    .returning('nextAt')
    .executeTakeFirst();
  return reserved && Math.max(0, reserved.nextAt.getTime() - gapMs - slot.now.getTime());
}
