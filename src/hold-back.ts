import type { AlertOptions } from './alerts/evaluate.ts';
import type { KeysWithin } from './keys/within.ts';
import type { Operations } from './lease/operate.ts';
import { projectKeysUnder } from './ledger/alerts.ts';
import type { Ledger } from './ledger/database.ts';
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
}): AlertOptions['suspend'] {
  return async (subject, { project, actor, reason }) => {
    if (subject.startsWith('lse_')) {
      await operations.suspend(subject, { actor, reason });
      return;
    }
    const ids = await projectKeysUnder(ledger.db, { project, budget: subject, now: now() });
    await ledger.transact(async (tx) => {
      for (const id of ids) await suspendKey({ within, now }, tx, { id, project, actor, reason });
    });
  };
}
