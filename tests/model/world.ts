import { takeDue } from '../../src/ledger/leases.ts';
import type { KeyRow, LeaseRow } from '../../src/ledger/schema.ts';
import { Fault } from '../../src/reservation/fault.ts';
import type { TestEngine } from '../engines.ts';
import { clockAt, openWorkshop, type TestWorkshop } from '../workshop.ts';
import { newModel, type Model } from './bookings.ts';
import { assertBooks } from './laws.ts';

export interface World {
  readonly shop: TestWorkshop;
  readonly model: Model;
  /** The value of every key that was ever intended, to its id. */
  readonly values: Map<string, string>;
  /** The provider refused something for good: whose key that was keeps what it has, or has none. */
  rejections: boolean;
  /** The process dies at the n-th crash point from now. */
  dieAt(points: number): void;
  /** Does something that the process may die of. True when it did, and was started again. */
  work(act: () => Promise<unknown>): Promise<boolean>;
  /** The jobs of an event: run until each has run to its end. */
  settle(leaseIds: readonly string[]): Promise<void>;
  /** What the service's own clock wakes now. */
  sweep(): Promise<void>;
  read(): Promise<{ leases: (LeaseRow & { booking: string })[]; keys: KeyRow[] }>;
  close(): Promise<void>;
}

class Died extends Error {}

export const STARTED_AT = '2026-01-01T10:00:00Z';

export async function openWorld(engine: TestEngine, repeats: 'conflict' | 'upsert'): Promise<World> {
  const process = { pointsLeft: Infinity, dead: false };
  const crashPoint = () => {
    process.pointsLeft -= 1;
    if (process.pointsLeft <= 0) process.dead = true;
    // Whatever catches it on the way gets no further than to its own next point.
    if (process.dead) throw new Died();
  };
  const shop = await openWorkshop(engine, { clock: clockAt(STARTED_AT), crashPoint, manager: { repeats } });
  const { ledger, clock } = shop;

  const world: World = {
    shop,
    model: newModel(clock.now()),
    values: new Map(),
    rejections: false,
    dieAt: (points) => (process.pointsLeft = points),
    async work(act) {
      try {
        await act();
      } catch (error) {
        // An operator is told that it cannot be done now; nothing else may come out.
        if (!process.dead && !(error instanceof Fault)) throw error;
      }
      if (!process.dead) return false;
      await assertBooks(world);
      Object.assign(process, { pointsLeft: Infinity, dead: false });
      await shop.restart();
      return true;
    },
    async settle(leaseIds) {
      for (const id of leaseIds) while (await world.work(() => shop.settle(id)));
    },
    async sweep() {
      for (let round = 0; round < 20; round += 1) {
        const due = await takeDue(ledger.db, clock.now(), 500);
        if (due.length === 0) return;
        await world.settle(due);
      }
      throw new Error('leases are due again and again at the same moment');
    },
    async read() {
      const leases = await ledger.db
        .selectFrom('lease')
        .innerJoin('reservation', 'reservation.id', 'lease.reservationId')
        .selectAll('lease')
        .select('reservation.externalId as booking')
        .execute();
      return { leases, keys: await shop.keys() };
    },
    close: shop.close,
  };
  return world;
}
