import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql, type Kysely } from 'kysely';
import type { Database } from './schema.ts';

/** After a crash the next one waits this long. */
const HOLD_MS = 15_000;
const ASK_MS = 250;

export type Lock = <T>(name: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/**
 * Runs one work under a name at a time, over all nodes: those of this process in the order of coming, other nodes between them. A lock is
 * a row that its holder renews; one that is not renewed is free a quarter of a minute later. Rejects with the signal's reason while it waits.
 */
export function createLock(db: Kysely<Database>, now: () => Date): Lock {
  const last = new Map<string, Promise<unknown>>();

  async function underRow<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const holder = randomUUID();
    while (!(await take(db, { name, holder, now: now() }))) await sleep(ASK_MS, undefined, { signal });
    const beat = setInterval(() => void take(db, { name, holder, now: now() }).catch(() => {}), HOLD_MS / 3).unref();
    try {
      return await work();
    } finally {
      clearInterval(beat);
      await db.deleteFrom('lock').where('name', '=', name).where('holder', '=', holder).execute();
    }
  }

  return async (name, signal, work) => {
    const before = last.get(name);
    const turn = Promise.withResolvers<void>();
    last.set(name, turn.promise);
    try {
      await before;
      signal.throwIfAborted();
      return await underRow(name, signal, work);
    } finally {
      if (last.get(name) === turn.promise) last.delete(name);
      turn.resolve();
    }
  };
}

/** Also renews it. */
async function take(db: Kysely<Database>, { name, holder, now }: { name: string; holder: string; now: Date }): Promise<boolean> {
  const until = new Date(now.getTime() + HOLD_MS);
  const taken = await db
    .insertInto('lock')
    .values({ name, holder, until })
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet({ holder, until })
        .where((at) => at.or([at('lock.until', '<=', now), at('lock.holder', '=', holder)])),
    )
    .returning(sql<number>`1`.as('one'))
    .executeTakeFirst();
  return taken !== undefined;
}
