import { setImmediate as othersFirst } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';

/**
 * A statement for many that is asked for by one at a time: works that share a transaction walk in step, and what they ask for in the same
 * moment is asked once. `run` answers in the order of the asks.
 */
export function inOne<Item, Answer>(
  run: (db: Kysely<Database>, items: readonly Item[]) => Promise<readonly Answer[]>,
): (db: Kysely<Database>, item: Item) => Promise<Answer> {
  const gathering = new WeakMap<Kysely<Database>, { readonly items: Item[]; readonly answers: Promise<readonly Answer[]> }>();

  function gather(db: Kysely<Database>) {
    const items: Item[] = [];
    const answers = othersFirst().then(async () => {
      gathering.delete(db);
      return await run(db, items);
    });
    const batch = { items, answers };
    gathering.set(db, batch);
    return batch;
  }

  return async (db, item) => {
    const { items, answers } = gathering.get(db) ?? gather(db);
    const place = items.push(item) - 1;
    return (await answers)[place]!;
  };
}
