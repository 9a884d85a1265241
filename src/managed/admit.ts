import type { Tx } from '../ledger/database.ts';
import { lockCreation, madeBefore, madeSince } from '../ledger/project-keys.ts';
import { Fault } from '../reservation/fault.ts';
import { formatRate, secondsOf } from '../reservation/limits.ts';
import type { Limit } from '../reservation/plan.ts';

/**
 * Lets one more key be made in a project, or so many, or throws Fault('too_many') with when to come again. Counted in the database, one creation after the
 * other, so that neither a restart nor another node is a way around it.
 */
export async function admit(
  tx: Tx,
  project: string,
  { created, now, count = 1 }: { created: Limit; now: Date; count?: number },
): Promise<void> {
  await lockCreation(tx.db, project);
  const oldest = await madeBefore(tx.db, project, Math.max(0, created.limit - count));
  if (!oldest) return;
  const frees = created.per === 'reservation' ? Infinity : oldest.getTime() + secondsOf(created.per) * 1000;
  if (frees <= now.getTime()) return;
  throw new Fault('too_many', `project ${project} may make ${formatRate(created)} keys`, {
    retryAfterMs: Number.isFinite(frees) ? frees - now.getTime() : undefined,
  });
}

/** How many more may be made now; nobody else makes one until the transaction ends. */
export async function roomFor(tx: Tx, project: string, { created, now }: { created: Limit; now: Date }): Promise<number> {
  await lockCreation(tx.db, project);
  const since = created.per === 'reservation' ? new Date(0) : new Date(now.getTime() - secondsOf(created.per) * 1000);
  return Math.max(0, created.limit - (await madeSince(tx.db, project, since)));
}
