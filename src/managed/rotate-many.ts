import type { Ledger } from '../ledger/database.ts';
import { alterMany, askRotation, livingKeys, type ManyFilter } from '../ledger/project-keys-many.ts';
import { projectNamed } from '../reservation/project.ts';
import type { House } from './house.ts';

const A_TRANSACTION = 500;

export interface RotatingMany {
  readonly project: string;
  readonly filter: ManyFilter;
  readonly overlapMs: number;
  readonly reason: string;
  readonly actor: string;
}

/**
 * New values for all keys of a project that the filter finds. Without an overlap every old value is refused when this resolves; the new ones
 * are made by the clock, paced, and wait to be fetched. Stopped in the middle it may be asked for again. Answers how many keys it found.
 */
export async function rotateMany(house: House, ledger: Pick<Ledger, 'transact'>, asked: RotatingMany): Promise<number> {
  projectNamed(house.policy(), asked.project);
  const { project, filter, overlapMs, reason, actor } = asked;
  let found = 0;
  for (let after = ''; ;) {
    const ids = await ledger.transact(async (tx) => {
      const now = house.now();
      const page = await livingKeys(tx.db, { project, filter, now, after, limit: A_TRANSACTION });
      if (page.length === 0) return page;
      await askRotation(tx.db, page, { asked: { overlapMs, reason, actor }, now });
      // What leaked is refused before anything else is done.
      if (overlapMs === 0) await house.within.changed(tx, await alterMany(tx.db, page, now));
      tx.audit({
        actor,
        action: 'project-key.rotation-asked',
        subject: project,
        detail: { overlapMs, reason, keys: page.length, from: page[0], to: page.at(-1) },
      });
      return page;
    });
    found += ids.length;
    if (ids.length < A_TRANSACTION) return found;
    after = ids.at(-1)!;
  }
}
