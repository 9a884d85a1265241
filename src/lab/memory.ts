import type { Ledger } from '../ledger/database.ts';
import { knownBookings, recordedOf } from '../ledger/known-bookings.ts';
import { reviveReservation } from '../reservation/fold.ts';
import { findPolledBookings } from '../ledger/polls.ts';
import type { Memory } from './lab.ts';

/** What the ledger has heard before. */
export function createMemory({ db }: Pick<Ledger, 'db'>): Memory {
  return {
    async bookings(source, externalIds) {
      const known = await knownBookings(db, source, externalIds);
      return new Map(
        [...known].map(([id, { reservation, leases }]) => [id, { state: reviveReservation(reservation.state), leases }]),
      );
    },
    polled: async (source) => await findPolledBookings(db, source),
    recorded: async (source, dedupes) => await recordedOf(db, source, dedupes),
  };
}
