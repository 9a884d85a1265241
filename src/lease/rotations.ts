import type { Ledger } from '../ledger/database.ts';
import { newId } from '../ledger/ids.ts';
import type { Jobs } from '../ledger/jobs.ts';
import { readStories } from '../ledger/leases.ts';
import { beginItem, begunItems, hasWaitingItems, itemsToBegin, judgeItem } from '../ledger/rotation-items.ts';
import {
  endRotation,
  findRotation,
  insertRotation,
  listRotatable,
  runningRotations,
  type RotationFilter,
} from '../ledger/rotations.ts';
import { Fault } from '../reservation/fault.ts';
import type { Operations } from './operate.ts';
import { rotatedTo } from './rotated.ts';

/** Rotation of many leases: listed first, then worked off item by item, over restarts, each with its result. */
export interface Rotations {
  /** What a rotation would reach; changes nothing. */
  preview(filter: RotationFilter): Promise<{ id: string; plan: string; provider: string; holderId: string }[]>;
  /** Records the rotation with its items and starts it. Returns its id. */
  start(wish: { filter: RotationFilter; overlapMs: number; reason: string; actor: string }): Promise<string>;
  /** Asks for the new keys that nobody asked for yet. Safe to run twice at once: each is asked for once. */
  run(rotationId: string): Promise<void>;
  /** What became of the keys that were asked for, of every rotation that is not over. */
  look(): Promise<void>;
  /** At start: what a stop left behind goes on. */
  resume(): Promise<void>;
}

const ABREAST = 16;
const PAGE = 500;

export function createRotations(deps: { ledger: Ledger; jobs: Jobs; operations: Operations; now: () => Date }): Rotations {
  const { ledger, jobs, operations, now } = deps;

  const rotateItem = async (
    rotationId: string,
    leaseId: string,
    by: { actor: string; overlapMs: number; reason: string },
  ): Promise<void> => {
    let begun = 0;
    try {
      const story = await operations.rotate(leaseId, {
        ...by,
        alongside: async (tx, generation) => {
          if (!(await beginItem(tx.db, { rotationId, leaseId, generation }))) throw new AlreadyBegun();
          begun = generation;
        },
      });
      await judgeItem(ledger.db, { rotationId, leaseId, generation: begun }, rotatedTo(story, begun));
    } catch (error) {
      if (error instanceof AlreadyBegun) return;
      if (!(error instanceof Fault) || error.code === 'unavailable') throw error;
      await judgeItem(ledger.db, { rotationId, leaseId, generation: null }, { state: 'failed', error: error.message });
    }
  };

  const lookAt = async (rotationId: string): Promise<void> => {
    for (let after = ''; ;) {
      const items = await begunItems(ledger.db, rotationId, { after, limit: PAGE });
      if (items.length === 0) break;
      const stories = await readStories(
        ledger.db,
        items.map((item) => item.leaseId),
      );
      for (const item of items) {
        const verdict = rotatedTo(stories.get(item.leaseId)!, item.generation);
        if (verdict.state !== 'waiting' || verdict.error !== item.error) await judgeItem(ledger.db, item, verdict);
      }
      after = items.at(-1)!.leaseId;
    }
    if (!(await hasWaitingItems(ledger.db, rotationId))) await endRotation(ledger.db, rotationId, now());
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
        const page = await itemsToBegin(ledger.db, rotationId, ABREAST);
        if (page.length === 0) break;
        await Promise.all(page.map((leaseId) => rotateItem(rotationId, leaseId, rotation)));
      }
      await lookAt(rotationId);
    },

    async look() {
      for (const id of await runningRotations(ledger.db)) await lookAt(id);
    },

    async resume() {
      const ids = await runningRotations(ledger.db);
      if (ids.length > 0) await ledger.transact((tx) => jobs.enqueue(tx, 'rotate', ids));
    },
  };
}

/** Another run took this item between our reading and our writing it. */
class AlreadyBegun extends Error {}
