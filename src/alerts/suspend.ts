import type { Ledger } from '../ledger/database.ts';
import { endSuspension, noteSuspensionError, takeOwedSuspensions, type OwedSuspension } from '../ledger/suspensions.ts';
import { Fault } from '../reservation/fault.ts';

export interface SuspendOptions {
  readonly ledger: Pick<Ledger, 'db'>;
  /** Holds a lease or the keys of a project back; `dead` where nothing is left that works. Throws where it cannot now. */
  readonly suspend: (
    subject: string,
    by: { readonly project: string; readonly actor: string; readonly reason: string },
  ) => Promise<'done' | 'dead'>;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
}

const AT_ONCE = 10;
const MOST_ROUNDS = 50;

/** Holds back what alerts found. What fails is tried again after a growing pause, by whichever node comes, until it is done or nothing is left. */
export async function suspendOwed(options: SuspendOptions, now: Date): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const owed = await takeOwedSuspensions(options.ledger.db, { now, limit: AT_ONCE });
    await Promise.all(owed.map((one) => suspendOne(options, one)));
    if (owed.length < AT_ONCE) return;
  }
}

async function suspendOne({ ledger: { db }, suspend, log }: SuspendOptions, owed: OwedSuspension): Promise<void> {
  const { id, project, subject, reason, suspendAttempts: attempts, suspendAt: againAt } = owed;
  try {
    await endSuspension(db, id, await suspend(subject, { project, actor: 'latchkey', reason }));
  } catch (error) {
    log('an alert could not suspend yet', {
      alert: id,
      subject,
      attempts,
      againAt,
      error: error instanceof Error ? error.message : 'unknown',
    });
    await noteSuspensionError(db, id, error instanceof Fault ? error.message : 'it failed; the log says why');
  }
}
