import type { Ledger } from '../ledger/database.ts';
import { openBookings } from '../ledger/reservations.ts';
import { placeAgain, type Mover } from './move.ts';

const PAGE = 200;

/**
 * After a change of the configuration: every booking that is not over is matched with the plans again, page by page, so that one that no
 * plan matched until now gets its lease. Answers how many there were.
 */
export async function reconsiderBookings(ledger: Ledger, mover: () => Mover): Promise<number> {
  let seen = 0;
  for (let after = ''; ;) {
    const page = await openBookings(ledger.db, { after, limit: PAGE, now: mover().now });
    if (page.length > 0) await ledger.transact((tx) => placeAgain(tx, page, mover()));
    seen += page.length;
    if (page.length < PAGE) return seen;
    after = page.at(-1)!.id;
  }
}
