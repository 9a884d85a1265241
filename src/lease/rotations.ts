import type { Ledger } from '../ledger/database.ts';
import { newId } from '../ledger/ids.ts';
import type { Jobs } from '../ledger/jobs.ts';
import {
  endItem,
  endRotation,
  findRotation,
  insertRotation,
  listRotatable,
  runningRotations,
  waitingItems,
  type RotationFilter,
} from '../ledger/rotations.ts';
import { Fault } from '../reservation/fault.ts';
import type { Operations } from './operate.ts';

/** Rotation of many leases: listed first, then worked off item by item, over restarts, each with its result. */
export interface Rotations {
  /** What a rotation would reach; changes nothing. */
  preview(filter: RotationFilter): Promise<{ id: string; plan: string; provider: string; holderId: string }[]>;
  /** Records the rotation with its items and starts it. Returns its id. */
  start(wish: { filter: RotationFilter; overlapMs: number; reason: string; actor: string }): Promise<string>;
  /** Works off what waits. Safe to run twice at once: each item is done once. */
  run(rotationId: string): Promise<void>;
  /** At start: what a stop left behind goes on. */
  resume(): Promise<void>;
}

const PAGE = 16;

export function createRotations(deps: { ledger: Ledger; jobs: Jobs; operations: Operations; now: () => Date }): Rotations {
  const { ledger, jobs, operations, now } = deps;

  const rotateItem = async (
    rotationId: string,
    leaseId: string,
    by: { actor: string; overlapMs: number; reason: string },
  ): Promise<void> => {
    try {
      await operations.rotate(leaseId, {
        ...by,
        alongside: async (tx) => {
          if (!(await endItem(tx.db, { rotationId, leaseId, state: 'done' }))) throw new AlreadyDone();
        },
      });
    } catch (error) {
      if (error instanceof AlreadyDone) return;
      if (!(error instanceof Fault) || error.code === 'unavailable') throw error;
      await endItem(ledger.db, { rotationId, leaseId, state: 'failed', error: error.message });
    }
  };

  return {
    preview: (filter) => listRotatable(ledger.db, filter),

    async start({ filter, overlapMs, reason, actor }) {
      const id = newId('rot');
      await ledger.transact(async (tx) => {
        const leases = await listRotatable(tx.db, filter);
        await insertRotation(
          tx.db,
          { id, filter, overlapMs, reason, actor, state: 'running', createdAt: now() },
          leases.map((lease) => lease.id),
        );
        tx.audit({
          actor,
          action: 'rotation.start',
          subject: id,
          detail: { ...filter, overlapMs, reason, leases: leases.length },
        });
        await jobs.enqueue(tx, 'rotate', [id]);
      });
      return id;
    },

    async run(rotationId) {
      const rotation = await findRotation(ledger.db, rotationId);
      if (rotation?.state !== 'running') return;
      for (;;) {
        const page = await waitingItems(ledger.db, rotationId, PAGE);
        if (page.length === 0) break;
        await Promise.all(page.map((leaseId) => rotateItem(rotationId, leaseId, rotation)));
      }
      await endRotation(ledger.db, rotationId, now());
    },

    async resume() {
      const ids = await runningRotations(ledger.db);
      if (ids.length > 0) await ledger.transact((tx) => jobs.enqueue(tx, 'rotate', ids));
    },
  };
}

/** Another run took this item between our reading and our writing it. */
class AlreadyDone extends Error {}
