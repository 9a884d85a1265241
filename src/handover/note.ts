import type { Tx } from '../ledger/database.ts';
import { insertDeliveries } from '../ledger/deliveries.ts';
import { newId } from '../ledger/ids.ts';
import type { Jobs } from '../ledger/jobs.ts';

/** One sentence for one person; never a secret. */
export interface Note {
  /** Twice the same is one mail. */
  readonly id: string;
  readonly to: string;
  readonly reason: string;
}

/** Returns `note`: a mail in the caller's transaction, sent after the commit; nothing where there is no mail server. */
export function createNote(options: {
  now: () => Date;
  jobs: Pick<Jobs, 'enqueue'>;
  smtp: boolean;
}): (tx: Tx, note: Note) => Promise<void> {
  return async (tx, { id, to, reason }) => {
    if (!options.smtp) return;
    const at = options.now();
    const ids = await insertDeliveries(tx.db, [
      {
        id: newId('dlv'),
        dedupe: `${id}:email:${to}`,
        leaseId: null,
        claimId: null,
        channel: 'email',
        kind: 'alert',
        target: to,
        body: { part: 'news', reason, at: at.toISOString() },
        state: 'pending',
        nextAt: at,
        createdAt: at,
      },
    ]);
    if (ids.length > 0) await options.jobs.enqueue(tx, 'deliver', ids);
  };
}
