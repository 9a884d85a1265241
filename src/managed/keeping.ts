import type { Ledger } from '../ledger/database.ts';
import { forgetCreations } from '../ledger/creations.ts';
import { lockDead, projectsWithKeys, removeProjectKeys } from '../ledger/project-keys.ts';
import { secondsOf } from '../reservation/limits.ts';
import { DEFAULT_PROJECT, type KeyRules } from '../reservation/project.ts';
import type { House } from './house.ts';
import { CREATION_KEPT_MS, VALUE_KEPT_MS } from './once.ts';

const A_TRANSACTION = 200;

/** Takes out keys that have been dead for as long as their project keeps them; their audit stays. Answers how many. */
export async function forgetDead(house: House, ledger: Pick<Ledger, 'transact' | 'db'>): Promise<number> {
  let forgotten = 0;
  for (const project of await projectsWithKeys(ledger.db)) {
    const { projects } = house.policy();
    const { keys } = projects[project] ?? projects[DEFAULT_PROJECT]!;
    const before = new Date(house.now().getTime() - keptMs(keys));
    for (let count = A_TRANSACTION; count === A_TRANSACTION; forgotten += count)
      count = await ledger.transact(async (tx) => {
        const ids = await lockDead(tx.db, { project, before, now: house.now(), limit: A_TRANSACTION });
        await removeProjectKeys(tx.db, ids);
        if (ids.length > 0) tx.audit({ actor: 'retention', action: 'project-key.forgotten', subject: project, detail: { ids } });
        return ids.length;
      });
  }
  return forgotten;
}

/** Not before they count no more for how many may be made. */
function keptMs({ keptMs: kept, created }: KeyRules): number {
  return Math.max(kept, created.per === 'reservation' ? kept : secondsOf(created.per) * 1000);
}

/** Values that were kept for a repeated request, and the requests themselves, for as long as that is said. */
export async function forgetRepeats(house: House, { db }: Pick<Ledger, 'db'>): Promise<void> {
  const ago = (ms: number) => new Date(house.now().getTime() - ms);
  await forgetCreations(db, { valuesBefore: ago(VALUE_KEPT_MS), before: ago(CREATION_KEPT_MS) });
}
