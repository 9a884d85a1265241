import type { Outgoing } from '../handover/outgoing.ts';
import type { Ledger, Tx } from '../ledger/database.ts';
import type { Jobs } from '../ledger/jobs.ts';
import { finishPoll, type Claim, type PollChange } from '../ledger/polls.ts';
import type { PollRow } from '../ledger/tables/sources.ts';
import { Fault } from '../reservation/fault.ts';
import type { ProviderAlert } from '../reservation/notice.ts';
import type { Policy } from '../reservation/policy.ts';
import type { PolledSource } from '../reservation/source.ts';
import type { Sealer } from '../secret/seal.ts';
import { understand, type Understood } from './document.ts';
import { fetchList, type Validators } from './fetch.ts';
import { alarming, retryAt } from './schedule.ts';
import { take } from './take.ts';

export interface PollParts {
  readonly ledger: Ledger;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly sealer: Sealer;
  readonly policy: () => Policy;
  readonly now: () => Date;
  readonly outgoing: Pick<Outgoing, 'get'>;
  readonly alert: (tx: Tx, alert: ProviderAlert) => Promise<void>;
  readonly random: () => number;
  readonly failed?: (source: string, error: unknown) => void;
}

/** What became of one reading. */
export interface Polled {
  readonly outcome: 'read' | 'unchanged' | 'failed';
  readonly bookings: number;
  /** Bookings of which something was recorded, those included that were cancelled. */
  readonly recorded: number;
  /** Bookings that it does not have any more, and that are not over. */
  readonly missing: number;
  /** Of these, cancelled now. */
  readonly cancelled: number;
  /** Of these, left alone, as they are too many at once. */
  readonly held: number;
  /** What is wrong: that it could not be read, or with something in it. */
  readonly error: string | null;
}

/** A reading that was claimed. */
export interface Polling {
  readonly source: PolledSource;
  readonly claim: Claim;
  /** As it stood then. */
  readonly row: PollRow;
  /** The operator who says that what is missing is gone. */
  readonly insists?: string;
}

/**
 * Reads a source, records what is new, and gives the reading back. What is wrong with the source is part of the answer; throws only for our
 * own database, and then the claim ends by itself.
 */
export async function pollSource(polling: Polling, parts: PollParts): Promise<Polled> {
  const { source } = polling;
  const list = await readList(polling, parts);
  switch (list.is) {
    case 'unchanged':
      return await finishUnchanged(polling, parts);
    case 'failed':
      return await finishFailed(list.fault, polling, parts);
    case 'read':
      return await take(list.understood, { ...polling, validators: list.validators }, parts).catch(async (error: unknown) => {
        if (error instanceof Fault) throw error;
        // As for a webhook: what cannot be recorded for a reason of its own must be seen, and is tried again.
        parts.failed?.(source.name, error);
        return await finishFailed(new Fault('unavailable', 'recording it failed; see the log'), polling, parts);
      });
    default:
      return list satisfies never;
  }
}

type List =
  | { readonly is: 'unchanged' }
  | { readonly is: 'read'; readonly understood: Understood; readonly validators: Validators }
  | { readonly is: 'failed'; readonly fault: Fault };

async function readList({ source, claim: { now }, row, insists }: Polling, { outgoing }: PollParts): Promise<List> {
  try {
    const validators = insists === undefined ? row.validators : {};
    const fetched = await fetchList(source.poll, { outgoing, now, validators });
    if (fetched.is === 'unchanged') return fetched;
    return { is: 'read', understood: await understand(fetched.body, source, now), validators: fetched.validators };
  } catch (error) {
    if (error instanceof Fault) return { is: 'failed', fault: error };
    throw error;
  }
}

/** What was read before is true still. It says nothing of what was missing then: such a list is asked for in full. */
async function finishUnchanged({ source, claim, row }: Polling, { ledger, now }: PollParts): Promise<Polled> {
  const at = now();
  // After a failure what stands there is that failure.
  const error = row.failures > 0 ? null : row.error;
  const nextAt = new Date(at.getTime() + source.poll.everyMs);
  await finishPoll(ledger.db, claim, { nextAt, readAt: at, failures: 0, failingSince: null, error });
  return { outcome: 'unchanged', bookings: row.bookings, ...NOTHING, error };
}

async function finishFailed(fault: Fault, { source, claim, row }: Polling, parts: PollParts): Promise<Polled> {
  const at = parts.now();
  const failures = row.failures + 1;
  const failingSince = row.failingSince ?? at;
  const { everyMs } = source.poll;
  const nextAt = retryAt(at, { everyMs, failures, retryAfterMs: fault.retryAfterMs }, parts.random);
  const change: PollChange = { nextAt, failures, failingSince, error: fault.message };
  const since = alarming({ failures, failingSince }, at);
  await parts.ledger.transact(async (tx) => {
    await finishPoll(tx.db, claim, change);
    if (!since) return;
    const reason = `source ${source.name} could not be read since ${since.toISOString()}: ${fault.message}`;
    await parts.alert(tx, { provider: `source ${source.name}`, reason, id: `unread:${source.name}:${since.toISOString()}` });
  });
  return { outcome: 'failed', bookings: row.bookings, ...NOTHING, error: fault.message };
}

const NOTHING = { recorded: 0, missing: 0, cancelled: 0, held: 0 };
