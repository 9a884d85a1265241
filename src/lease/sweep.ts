import type { Jobs } from '../ledger/jobs.ts';
import type { Ledger } from '../ledger/database.ts';
import { takeDue } from '../ledger/leases.ts';

const PAGE = 500;

/**
 * Turns every lease whose time has come into a job, page by page. Whatever lost its job, to a crash or to a full queue, is
 * found here. Answers how many there were.
 */
export async function sweepLeases(ledger: Ledger, jobs: Pick<Jobs, 'enqueue'>, now: () => Date): Promise<number> {
  let found = 0;
  for (;;) {
    const page = await ledger.transact(async (tx) => {
      const due = await takeDue(tx.db, now(), PAGE);
      if (due.length > 0) await jobs.enqueue(tx, 'settle', due);
      return due.length;
    });
    found += page;
    if (page < PAGE) return found;
  }
}
