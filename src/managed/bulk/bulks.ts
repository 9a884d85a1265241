import { setImmediate as turn } from 'node:timers/promises';
import {
  endBulk,
  endItems,
  findBulk,
  insertBulk,
  lockWaiting,
  runningBulks,
  takeValues,
  waitingCreations,
  wipeValues,
  type ItemEnd,
} from '../../ledger/bulks.ts';
import type { Ledger, Tx } from '../../ledger/database.ts';
import { newId } from '../../ledger/ids.ts';
import type { Jobs } from '../../ledger/jobs.ts';
import { lockCreation } from '../../ledger/project-keys.ts';
import type { BulkItemRow, BulkRow } from '../../ledger/schema.ts';
import { Fault } from '../../reservation/fault.ts';
import type { Secret } from '../../secret/secret.ts';
import { admit, roomFor } from '../admit.ts';
import { boundsOf, type House } from '../house.ts';
import { judgeWorks, type Problem } from './judge.ts';
import { carryOut, sealedFor, type Work } from './work.ts';

export interface BulkAsked {
  readonly project: string;
  readonly verb: Work['verb'];
  readonly reason?: string;
  readonly actor: string;
  /** What is asked of each key, or why that could not be read. */
  readonly items: readonly BulkAskedItem[];
}

export interface BulkAskedItem {
  /** From 1. */
  readonly place: number;
  /** Of the file it came in. */
  readonly line?: number;
  readonly work?: Work;
  readonly problem?: Problem;
}

export interface CreatedValue {
  readonly place: number;
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly value: Secret;
}

/** Work on many keys: judged as a whole, then done some at a time, over restarts, each with its result. */
export interface Bulks {
  /** What would become of each item; changes nothing. Throws Fault('too_many') where a project may not make so many keys now. */
  judge(asked: BulkAsked): Promise<readonly BulkAskedItem[]>;
  /** Records it and starts it. What is wrong with an item already now is its result; the others are done. Returns its id. Throws as `judge`. */
  start(asked: BulkAsked): Promise<string>;
  /** Does what nobody has done yet. Safe to run twice at once: each item is done once. */
  run(id: string): Promise<void>;
  /** What a stop, or a limit that was reached, left behind goes on. */
  resume(): Promise<void>;
  /** The values of the keys that were made, once. Throws a Fault: `conflict` before its end, `gone` where they were fetched or a day has passed. */
  fetchValues(bulk: BulkRow, actor: string): Promise<readonly CreatedValue[]>;
  /** Wipes the values that nobody fetched in time. */
  wipe(): Promise<void>;
}

/** Keys in one transaction: enough that its commit costs little, few enough that others wait little. */
const A_TRANSACTION = 50;
const VALUES_KEPT_MS = 24 * 3_600_000;

export interface BulksParts {
  readonly house: House;
  readonly ledger: Pick<Ledger, 'db' | 'transact'>;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  /** Only tests stop the process there. */
  readonly crashPoint?: (name: string) => void;
}

export function createBulks({ house, ledger, jobs, crashPoint }: BulksParts): Bulks {
  const { now, sealer } = house;

  async function judge(asked: BulkAsked): Promise<readonly BulkAskedItem[]> {
    const { project, actor, verb, items } = asked;
    boundsOf(house, project);
    if (verb === 'create') await ledger.transact((tx) => mustHaveRoom(tx, asked));
    const works = items.flatMap(({ work }) => (work ? [work] : []));
    const problems = await judgeWorks(house, ledger.db, { project, actor, works });
    const byWork = new Map(works.map((work, place) => [work, problems[place]]));
    return items.map((item) => ({ ...item, problem: item.problem ?? (item.work && byWork.get(item.work)) }));
  }

  /** All of them, or none: half a class with keys is worse than a reason. */
  async function mustHaveRoom(tx: Tx, { project, items }: BulkAsked): Promise<void> {
    await lockCreation(tx.db, project);
    const { created } = boundsOf(house, project).rules;
    const room = await roomFor(tx, project, { created, now: now() });
    const waiting = await waitingCreations(tx.db, project);
    if (items.length > room - waiting)
      throw new Fault(
        'too_many',
        `project ${project} may make ${created.limit} keys per ${created.per}: ${Math.max(0, room - waiting)} more now, not ${items.length}`,
      );
  }

  /** One transaction of them; true when there may be more. */
  async function runSome(bulk: BulkRow): Promise<boolean> {
    const tried: BulkItemRow[] = [];
    try {
      const count = await ledger.transact(async (tx) => {
        const done = await doNext(tx, bulk, { count: A_TRANSACTION, tried });
        crashPoint?.('bulk:before-commit');
        return done;
      });
      crashPoint?.('bulk:after-commit');
      return count > 0;
    } catch (error) {
      if (!(error instanceof Fault) || error.code === 'unavailable') throw error;
      return await runOneByOne(bulk, tried.length);
    }
  }

  /** One of them cannot be done: which, and why, is found out one by one. */
  async function runOneByOne(bulk: BulkRow, count: number): Promise<boolean> {
    for (let turns = 0; turns < count; turns++) {
      const tried: BulkItemRow[] = [];
      const refusal = await ledger.transact((tx) => doNext(tx, bulk, { count: 1, tried })).then(() => undefined, refusalOf);
      if (refusal?.code === 'too_many') return false;
      if (refusal && tried[0]) await fail(bulk, tried[0], refusal);
    }
    return true;
  }

  /** As many of those that wait, all or none. `tried` is told which, also when they fail. */
  async function doNext(tx: Tx, bulk: BulkRow, { count, tried = [] }: { count: number; tried?: BulkItemRow[] }): Promise<number> {
    const items = await lockWaiting(tx.db, bulk.id, count);
    tried.splice(0, tried.length, ...items);
    if (bulk.verb === 'create' && items.length > 0) {
      const { created } = boundsOf(house, bulk.project).rules;
      await admit(tx, bulk.project, { created, now: now(), count: items.length });
    }
    const ends: ItemEnd[] = [];
    for (const item of items) ends.push(await carryOut(house, tx, { bulk, item }));
    await endItems(tx.db, bulk.id, ends);
    return items.length;
  }

  async function fail(bulk: BulkRow, { place, result }: BulkItemRow, { message }: Fault): Promise<void> {
    const end = { place, result, state: 'failed', sealedValue: null, error: message } as const;
    await ledger.transact((tx) => endItems(tx.db, bulk.id, [end]));
  }

  return {
    judge,

    async start(asked) {
      const { project, verb, reason, actor } = asked;
      const items = await judge(asked);
      const id = newId('blk');
      const at = now();
      const state = 'running' as const;
      const bulk = { id, project, verb, state, total: items.length, reason: reason ?? null, actor, createdAt: at, doneAt: null };
      await ledger.transact(async (tx) => {
        // Judged before, and somebody else may have been faster.
        if (verb === 'create') await mustHaveRoom(tx, asked);
        await insertBulk(tx.db, bulk, items.map(rowOf));
        tx.audit({ actor, action: 'bulk.started', subject: id, detail: { project, verb, items: items.length, reason } });
        await jobs.enqueue(tx, 'bulk', [id]);
      });
      return id;
    },

    async run(id) {
      const bulk = await findBulk(ledger.db, id);
      if (bulk?.state !== 'running') return;
      // Others have their turn between two transactions.
      while (await runSome(bulk)) await turn();
      await ledger.transact(async (tx) => {
        if (await endBulk(tx.db, id, now()))
          tx.audit({ actor: bulk.actor, action: 'bulk.done', subject: id, detail: { project: bulk.project, verb: bulk.verb } });
      });
    },

    async resume() {
      const ids = await runningBulks(ledger.db);
      if (ids.length > 0) await ledger.transact((tx) => jobs.enqueue(tx, 'bulk', ids));
    },

    async fetchValues(bulk, actor) {
      if (!bulk.doneAt) throw new Fault('conflict', `bulk ${bulk.id} is not done; its values can be fetched once, at its end`);
      const isLate = now().getTime() - bulk.doneAt.getTime() >= VALUES_KEPT_MS;
      const rows = isLate
        ? []
        : await ledger.transact(async (tx) => {
            const taken = await takeValues(tx.db, bulk.id);
            if (taken.length > 0)
              tx.audit({
                actor,
                action: 'bulk.revealed',
                subject: bulk.id,
                detail: { project: bulk.project, values: taken.length },
              });
            return taken;
          });
      if (rows.length === 0)
        throw new Fault(
          'gone',
          `no values of bulk ${bulk.id} wait: they were fetched, or nobody did within a day; rotate the keys`,
        );
      return rows.map(({ place, result, sealedValue }) => ({
        ...(result as Pick<CreatedValue, 'id' | 'name' | 'owner'>),
        place,
        value: sealer.open(sealedValue!, sealedFor(bulk.id, place)),
      }));
    },

    wipe: () => wipeValues(ledger.db, new Date(now().getTime() - VALUES_KEPT_MS)),
  };
}

function rowOf({ place, line, work, problem }: BulkAskedItem) {
  return {
    place,
    state: problem ? ('failed' as const) : ('waiting' as const),
    asked: { line, ...work },
    result: work && work.verb !== 'create' ? { id: work.id } : null,
    sealedValue: null,
    error: problem?.error ?? null,
  };
}

function refusalOf(error: unknown): Fault {
  if (error instanceof Fault && error.code !== 'unavailable') return error;
  throw error;
}
