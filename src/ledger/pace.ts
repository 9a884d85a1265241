import { sql, type Kysely } from 'kysely';
import type { Database } from './schema.ts';

/** Further ahead than this nobody queues: the caller comes back later. */
const FURTHEST_MS = 2000;

/**
 * Reserves the next moment at which a provider may be called, shared by all nodes: at most `perSecond` a second. Answers the
 * milliseconds to wait, or undefined when the next free moment is too far ahead to wait for.
 */
export async function reservePace(
  db: Kysely<Database>,
  slot: { provider: string; action: string; perSecond: number; now: Date },
): Promise<number | undefined> {
  const gapMs = 1000 / slot.perSecond;
  const reserved = await db
    .insertInto('pace')
    .values({ provider: slot.provider, action: slot.action, nextAt: new Date(slot.now.getTime() + gapMs) })
    .onConflict((conflict) =>
      conflict
        .columns(['provider', 'action'])
        .doUpdateSet({ nextAt: sql<Date>`greatest(pace.next_at, ${slot.now}) + ${`${gapMs} milliseconds`}::interval` })
        .where('pace.nextAt', '<=', new Date(slot.now.getTime() + FURTHEST_MS)),
    )
    .returning('nextAt')
    .executeTakeFirst();
  return reserved && Math.max(0, reserved.nextAt.getTime() - gapMs - slot.now.getTime());
}
