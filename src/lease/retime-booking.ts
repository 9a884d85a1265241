import type { Ledger } from '../ledger/database.ts';
import { findLease, readStory, wakeLeases } from '../ledger/leases.ts';
import { saveReservations } from '../ledger/reservations.ts';
import { Fault } from '../reservation/fault.ts';
import { fold, reviveReservation } from '../reservation/fold.ts';
import type { Reservation } from '../reservation/reservation.ts';
import { CLOSED, termsOf } from '../reservation/terms.ts';
import type { Situation } from '../reservation/situation.ts';
import { situationOf, type Lens } from './look.ts';

export interface Retime {
  readonly actor: string;
  readonly startsAt?: Date;
  readonly endsAt?: Date;
}

/**
 * Moves the window of a lease's booking as an event newer than all before it would. Throws when that would not give the lease the window
 * that was asked for, and then changes nothing.
 */
export async function retimeBooking(
  deps: { readonly ledger: Ledger; readonly lens: Lens },
  leaseId: string,
  { actor, startsAt, endsAt }: Retime,
): Promise<void> {
  const { ledger, lens } = deps;
  const lease = await findLease(ledger.db, leaseId);
  if (!lease) throw new Fault('not_found', `there is no lease ${leaseId}`);
  await ledger.transact(async (tx) => {
    const now = lens.now();
    // The booking is locked before its leases, as intake does.
    const row = await tx.db
      .selectFrom('reservation')
      .selectAll()
      .where('id', '=', lease.reservationId)
      .forUpdate()
      .executeTakeFirstOrThrow();
    const before = reviveReservation(row.state);
    const version = Math.max(now.getTime(), 1 + latestOf(before));
    const moved = fold(before, { type: 'updated', reservationId: row.externalId, version, startsAt, endsAt });
    const story = (await readStory(tx.db, leaseId))!;
    assertMoves(leaseId, { situation: { ...situationOf(lens, story), reservation: moved }, endsAt, now });
    await saveReservations(tx.db, [{ id: row.id, state: moved, problem: row.problem, createdAt: row.createdAt }], now);
    await wakeLeases(tx.db, row.id, now);
    const detail = { startsAt: startsAt?.toISOString() ?? null, endsAt: endsAt?.toISOString() ?? null };
    tx.audit({ actor, action: 'reservation.retime', subject: row.id, detail });
  });
}

/** The newest statement that could hold the window where it is. */
function latestOf({ startsAt, endsAt, revised, ended }: Reservation): number {
  return Math.max(0, ...[startsAt, endsAt, revised, ended].map((stated) => stated?.version ?? 0));
}

function assertMoves(leaseId: string, move: { situation: Situation; endsAt: Date | undefined; now: Date }): void {
  const { situation, endsAt, now } = move;
  const terms = termsOf(situation, now);
  const { window } = terms;
  if (!terms.wanted && terms.state === 'refused') throw new Fault('invalid', terms.reason ?? 'the plan refuses it');
  if (!window || (!terms.wanted && terms.state === 'revoked' && terms.reason !== CLOSED))
    throw new Fault('conflict', `lease ${leaseId} has no window to move: ${terms.wanted ? '' : terms.reason}`);
  if (endsAt && window.closesAt < endsAt)
    throw new Fault(
      'conflict',
      `the key of lease ${leaseId} ends at ${window.closesAt.toISOString()} all the same: ${whyNot(situation)}`,
    );
}

function whyNot({ reservation, plan }: Situation): string {
  if (!plan) return 'its plan is no longer configured';
  return reservation.parameters?.value.expirationHours === undefined
    ? `plan ${plan.name} grants no more`
    : 'the booking asks for it with expirationHours';
}
