import { TURN_MS } from './handover/schedule.ts';
import type { Ledger } from './ledger/database.ts';
import { releaseDeliveries } from './ledger/deliveries.ts';
import { wakeTaken } from './ledger/leases.ts';
import { releaseTurns } from './ledger/turns.ts';

/** What the last process left in the middle goes on: at once where nobody else works, on an embedded database. */
export async function takeOver({ db, engine }: Ledger, now: Date): Promise<void> {
  if (engine === 'embedded') {
    await releaseTurns(db, now);
    await releaseDeliveries(db, { now, until: new Date(now.getTime() + TURN_MS) });
  }
  await wakeTaken(db, now);
}
