import { setImmediate as othersFirst } from 'node:timers/promises';
import { Fault } from '../reservation/fault.ts';

export interface Waiting<Work> {
  readonly work: Work;
  /** Somebody outside waits for it. */
  readonly ahead?: boolean;
  /** It touches nothing that another such work touches. */
  readonly apart?: boolean;
}

export interface Line<Work> {
  /**
   * In the order of coming; of those who are `ahead` and those who are not, each second time. Resolves when it is done, or rejects with
   * what its own work threw.
   */
  wait(waiting: Waiting<Work>): Promise<unknown>;
}

interface Place<Work> extends Waiting<Work> {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Works that are done one after the other: so few that whoever is ahead does not wait long for them. */
const TOGETHER = 8;
/** Works that go side by side cost little more than one. */
const TOGETHER_APART = 100;

/**
 * A line before the database, which lets works go together in one transaction: most of what a small one costs is its commit. Between any two
 * turns everybody else gets theirs, so that requests are read and answered however long the line is. `carryOut` does all of it or nothing; what
 * fails is done again one by one, except when the database is out of reach. `abreast`: how many transactions run at once.
 */
export function createLine<Work>(
  carryOut: (works: readonly Waiting<Work>[]) => Promise<readonly unknown[]>,
  { abreast = 1 } = {},
): Line<Work> {
  const lanes: Record<'ahead' | 'behind', Place<Work>[]> = { ahead: [], behind: [] };
  let walking = 0;
  let lane: keyof typeof lanes = 'ahead';

  async function walk(): Promise<void> {
    walking += 1;
    for (;;) {
      await othersFirst();
      const next = lanes[lane].length > 0 ? lane : other(lane);
      if (lanes[next].length === 0) break;
      lane = other(next);
      await serve(takeTogether(lanes[next]));
    }
    walking -= 1;
  }

  /** Never rejects: each of them is told their own fate. */
  async function serve(places: readonly Place<Work>[]): Promise<void> {
    try {
      const answers = await carryOut(places);
      for (const [index, { resolve }] of places.entries()) resolve(answers[index]);
    } catch (error) {
      const outOfReach = error instanceof Fault && error.code === 'unavailable';
      if (places.length === 1 || outOfReach) return places.forEach(({ reject }) => reject(error));
      // One of them spoilt it for all, and only trying tells which.
      for (const one of places) await serve([one]);
    }
  }

  return {
    wait: (waiting) =>
      new Promise((resolve, reject) => {
        lanes[waiting.ahead ? 'ahead' : 'behind'].push({ ...waiting, resolve, reject });
        if (walking < abreast) void walk();
      }),
  };
}

function takeTogether<Work>(lane: Place<Work>[]): Place<Work>[] {
  let inTurn = 0;
  let count = 0;
  while (count < lane.length && count < TOGETHER_APART) {
    if (!lane[count]!.apart && ++inTurn > TOGETHER) break;
    count += 1;
  }
  return lane.splice(0, count);
}

function other(lane: 'ahead' | 'behind'): 'ahead' | 'behind' {
  return lane === 'ahead' ? 'behind' : 'ahead';
}
