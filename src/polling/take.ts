import { observe } from '../intake/observe.ts';
import { chunksOf } from '../ledger/chunks.ts';
import type { Tx } from '../ledger/database.ts';
import { findPolledBookings, finishPoll, forgetPolledBookings, holdsPoll, savePolledBookings } from '../ledger/polls.ts';
import { Fault } from '../reservation/fault.ts';
import type { MappedItem } from '../reservation/source.ts';
import { compare, type Change, type Comparison } from './compare.ts';
import type { Understood } from './document.ts';
import type { Validators } from './fetch.ts';
import { HELD_MS } from './missing.ts';
import type { Polled, Polling, PollParts } from './poll.ts';

/** Bookings in one transaction. */
const AT_ONCE = 500;

type Taking = Polling & { readonly validators: Validators };

/**
 * Records what a reading changes. Each piece is one transaction with what is remembered of its bookings, so that a crash in the middle costs
 * nothing: the next reading finds the rest. Throws Fault('conflict') when another node took the reading over.
 */
export async function take(understood: Understood, taking: Taking, parts: PollParts): Promise<Polled> {
  const { source, claim } = taking;
  const before = await findPolledBookings(parts.ledger.db, source.name);
  const comparison = compare(understood, before, { insists: taking.insists !== undefined });
  for (const changes of chunksOf(comparison.changes, AT_ONCE))
    await parts.ledger.transact(async (tx) => {
      await mustHold(tx, taking);
      await observeAll(tx, changes.flatMap(itemsOf(claim.now)), { taking, parts });
      await savePolledBookings(
        tx.db,
        changes.map(({ row }) => row),
      );
    });
  return await finish(understood, comparison, { taking, parts });
}

interface About {
  readonly taking: Taking;
  readonly parts: PollParts;
}

async function finish(understood: Understood, { changes, missing }: Comparison, { taking, parts }: About): Promise<Polled> {
  const { source, claim, insists } = taking;
  const waiting = missing.count - missing.cancelled;
  const polled: Polled = {
    outcome: 'read',
    bookings: understood.bookings.length,
    recorded: changes.filter(({ events }) => events.length > 0).length,
    missing: missing.count,
    cancelled: missing.cancelled,
    held: missing.held?.count ?? 0,
    error: [understood.problem, heldReason(missing)].filter((one) => one !== null).join('; ') || null,
  };
  await parts.ledger.transact(async (tx) => {
    await mustHold(tx, taking);
    await observeAll(tx, understood.quarantined, { taking, parts });
    await forgetPolledBookings(tx.db, source.name, claim.now);
    const at = parts.now();
    const nextAt = new Date(at.getTime() + source.poll.everyMs);
    // A list that is the same the next time must be seen to be without them the next time.
    const validators = waiting > 0 ? {} : taking.validators;
    const { bookings, error } = polled;
    await finishPoll(tx.db, claim, { nextAt, readAt: at, failures: 0, failingSince: null, error, bookings, validators });
    if (missing.held) await tellHeld(tx, missing.held, { taking, parts });
    if (insists !== undefined)
      tx.audit({ actor: insists, action: 'source.polled', subject: source.name, detail: { cancelled: missing.cancelled } });
  });
  return polled;
}

async function mustHold(tx: Tx, { source, claim }: Taking): Promise<void> {
  if (!(await holdsPoll(tx.db, claim))) throw new Fault('conflict', `source ${source.name} is read by another node meanwhile`);
}

async function observeAll(tx: Tx, items: readonly MappedItem[], { taking: { source, claim }, parts }: About): Promise<void> {
  const { jobs, sealer, policy } = parts;
  const seen = { source: source.name, askedBy: `poll ${claim.now.toISOString()}`, items };
  await observe(tx, seen, { jobs, sealer, policy: policy(), now: claim.now });
}

/** Whatever was read is news of that reading: what says the same as before did not come so far. */
function itemsOf(at: Date): (change: Change) => MappedItem[] {
  return ({ events }) =>
    events.map((event, index) => ({
      outcome: 'accepted',
      dedupe: `poll:${at.toISOString()}:${event.type}:${event.reservationId}${index > 0 ? `:${index}` : ''}`,
      event,
    }));
}

async function tellHeld(
  tx: Tx,
  { since }: NonNullable<Comparison['missing']['held']>,
  { taking: { source }, parts }: About & { taking: Taking },
): Promise<void> {
  const id = `held:${source.name}:${since.toISOString()}`;
  await parts.alert(tx, {
    provider: `source ${source.name}`,
    reason: `source ${source.name}: bookings are missing in numbers`,
    id,
  });
}

function heldReason({ held }: Comparison['missing']): string | null {
  if (!held) return null;
  const until = new Date(held.since.getTime() + HELD_MS).toISOString();
  return `${held.count} of ${held.of} bookings are missing at once: none of them is cancelled before ${until}, unless somebody insists`;
}
