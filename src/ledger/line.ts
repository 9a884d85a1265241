import { setImmediate as othersFirst } from 'node:timers/promises';

export interface Line {
  /** One at a time, in the order of coming; of those who are `ahead` and those who are not, each second one. */
  wait<T>(work: () => Promise<T>, options: { readonly ahead: boolean }): Promise<T>;
}

/**
 * A line before the embedded database, which has one connection and answers without ever letting go of the event loop. Between any two
 * transactions everybody else gets a turn, so that requests are read and answered however long the line is.
 */
export function createLine(): Line {
  const lanes: Record<'ahead' | 'behind', (() => Promise<unknown>)[]> = { ahead: [], behind: [] };
  let walking = false;
  let lane: keyof typeof lanes = 'ahead';

  async function walk(): Promise<void> {
    walking = true;
    for (;;) {
      await othersFirst();
      const next = lanes[lane].shift() ?? lanes[other(lane)].shift();
      if (!next) break;
      lane = other(lane);
      await next();
    }
    walking = false;
  }

  return {
    wait: (work, { ahead }) =>
      new Promise((resolve, reject) => {
        lanes[ahead ? 'ahead' : 'behind'].push(() => work().then(resolve, reject));
        if (!walking) void walk();
      }),
  };
}

function other(lane: 'ahead' | 'behind'): 'ahead' | 'behind' {
  return lane === 'ahead' ? 'behind' : 'ahead';
}
