import type { SuspendOptions } from './alerts/suspend.ts';
import type { KeysWithin } from './keys/within.ts';
import type { Operations } from './lease/operate.ts';
import type { Ledger } from './ledger/database.ts';
import { findLease } from './ledger/leases.ts';
import { projectKeysUnder } from './ledger/suspensions.ts';
import { suspendKey } from './managed/revoke.ts';

/** How an alert suspends what it found: a lease, or the keys of a project that count under one budget. Doing it twice is fine. */
export function createHoldBack({
  ledger,
  operations,
  within,
  now,
}: {
  readonly ledger: Ledger;
  readonly operations: Pick<Operations, 'suspend'>;
  readonly within: KeysWithin;
  readonly now: () => Date;
}): SuspendOptions['suspend'] {
  return async (subject, { project, actor, reason }) => {
    if (subject.startsWith('lse_')) {
      if (!(await findLease(ledger.db, subject))) return 'dead';
      await operations.suspend(subject, { actor, reason });
      return 'done';
    }
    const ids = await projectKeysUnder(ledger.db, { project, budget: subject, now: now() });
    await ledger.transact(async (tx) => {
      for (const id of ids) await suspendKey({ within, now }, tx, { id, project, actor, reason });
    });
    return ids.length > 0 ? 'done' : 'dead';
  };
}
