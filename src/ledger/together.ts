import { setImmediate as othersFirst } from 'node:timers/promises';
import { refuseNested } from './transact.ts';

/** Answers a question about one id; undefined where there is no answer. */
export type Ask<Answer> = (id: string) => Promise<Answer | undefined>;

/**
 * Puts the questions that come in the same moment to the database as one. Many leases are settled at a time and walk in step, so
 * a busy node asks once where it would ask fifty times. What is answered is never older than the question.
 */
export function askTogether<Answer>(ask: (ids: readonly string[]) => Promise<ReadonlyMap<string, Answer>>): Ask<Answer> {
  let waiting = new Set<string>();
  let next: Promise<ReadonlyMap<string, Answer>> | undefined;

  async function askAll(): Promise<ReadonlyMap<string, Answer>> {
    await othersFirst();
    const ids = [...waiting];
    waiting = new Set();
    next = undefined;
    return await ask(ids);
  }

  return async (id) => {
    refuseNested();
    waiting.add(id);
    return (await (next ??= askAll())).get(id);
  };
}

/** For what one can have and not only know: of those who ask for the same id at once the first gets the answer, and the others none. */
export function onlyFirst<Answer>(ask: Ask<Answer>): Ask<Answer> {
  const asking = new Set<string>();
  return async (id) => {
    if (asking.has(id)) return undefined;
    asking.add(id);
    try {
      return await ask(id);
    } finally {
      asking.delete(id);
    }
  };
}
