import { readStory } from '../ledger/leases.ts';
import { leaveTurn, takeTurns } from '../ledger/turns.ts';
import { HOLD_MS, holdOn, look } from './settle.ts';
import { TurnLost, type Turn, type Workshop } from './turn.ts';

/**
 * Does something to a lease's keys that does not follow from `decide`, under the lease's turn, and has the lease settled afterwards.
 * False when somebody else acts on the lease now: nothing was done.
 */
export async function borrowTurn(shop: Workshop, leaseId: string, work: (turn: Turn) => Promise<void>): Promise<boolean> {
  const { db } = shop.ledger;
  const number = (await takeTurns(db, [leaseId], { now: shop.now(), holdMs: HOLD_MS })).get(leaseId);
  if (number === undefined) return false;
  const held = holdOn(shop, leaseId, number);
  try {
    await work(look(shop, (await readStory(db, leaseId))!, number));
    return true;
  } catch (error) {
    if (error instanceof TurnLost) return false;
    throw error;
  } finally {
    clearInterval(held);
    await leaveTurn(db, { id: leaseId, turn: number, now: shop.now() });
  }
}
