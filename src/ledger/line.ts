import { setImmediate as othersFirst } from 'node:timers/promises';

export interface Line<Work> {
  /**
   * In the order of coming; of those who are `ahead` and those who are not, each second time. Resolves when it is done, or rejects with
   * what its own work threw.
   */
  wait(work: Work, options: { readonly ahead: boolean }): Promise<unknown>;
}

interface Waiting<Work> {
  readonly work: Work;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** So few that whoever is ahead does not wait long for them. */
const TOGETHER = 8;

/**
 * A line before the embedded database, which has one connection and answers without ever letting go of the event loop. Between any two
 * turns everybody else gets theirs, so that requests are read and answered however long the line is. Those who wait anyway go together, in one
 * transaction: most of what a small one costs is its commit. `carryOut` does all of it or nothing; what fails is done again one by one.
 */
export function createLine<Work>(carryOut: (works: readonly Work[]) => Promise<readonly unknown[]>): Line<Work> {
  const lanes: Record<'ahead' | 'behind', Waiting<Work>[]> = { ahead: [], behind: [] };
  let walking = false;
  let lane: keyof typeof lanes = 'ahead';

  async function walk(): Promise<void> {
    walking = true;
    for (;;) {
      await othersFirst();
      const next = lanes[lane].length > 0 ? lane : other(lane);
      if (lanes[next].length === 0) break;
      lane = other(next);
      await serve(lanes[next].splice(0, TOGETHER));
    }
    walking = false;
  }

  /** Never rejects: each of them is told their own fate. */
  async function serve(waiting: readonly Waiting<Work>[]): Promise<void> {
    try {
      const answers = await carryOut(waiting.map(({ work }) => work));
      for (const [place, { resolve }] of waiting.entries()) resolve(answers[place]);
    } catch (error) {
      if (waiting.length === 1) return waiting[0]!.reject(error);
      // One of them spoilt it for all, and only trying tells which.
      for (const one of waiting) await serve([one]);
    }
  }

  return {
    wait: (work, { ahead }) =>
      new Promise((resolve, reject) => {
        lanes[ahead ? 'ahead' : 'behind'].push({ work, resolve, reject });
        if (!walking) void walk();
      }),
  };
}

function other(lane: 'ahead' | 'behind'): 'ahead' | 'behind' {
  return lane === 'ahead' ? 'behind' : 'ahead';
}
