import type { Tx } from '../ledger/database.ts';
import { lockCreation, madeBefore } from '../ledger/project-keys.ts';
import { Fault } from '../reservation/fault.ts';
import { formatRate, secondsOf } from '../reservation/limits.ts';
import type { Limit } from '../reservation/plan.ts';

/**
 * Lets one more key be made in a project, or throws Fault('too_many') with when to come again. Counted in the database, one creation after the
 * other, so that neither a restart nor another node is a way around it.
 */
export async function admit(tx: Tx, project: string, { created, now }: { created: Limit; now: Date }): Promise<void> {
  await lockCreation(tx.db, project);
  const oldest = await madeBefore(tx.db, project, created.limit - 1);
  if (!oldest) return;
  const frees = created.per === 'reservation' ? Infinity : oldest.getTime() + secondsOf(created.per) * 1000;
  if (frees <= now.getTime()) return;
  throw new Fault('too_many', `project ${project} may make ${formatRate(created)} keys`, {
    retryAfterMs: Number.isFinite(frees) ? frees - now.getTime() : undefined,
  });
}
