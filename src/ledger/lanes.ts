/** Does what jobs woke for, a bounded number at once in each lane: a slow provider or endpoint, in a lane of its own, delays only itself. */
export interface Lanes {
  /** False when the lane is full: the row's own clock will bring it back. */
  add(lane: string, id: string): boolean;
  /** Begins nothing more and waits until nothing is running. Answers what still waits. */
  drain(): Promise<string[]>;
  readonly size: () => number;
  /** How many of one lane run and wait. */
  of(lane: string): { readonly running: number; readonly waiting: number };
}

interface Lane {
  readonly waiting: Set<string>;
  readonly running: Set<string>;
  /** Woken while running: once more afterwards. */
  readonly again: Set<string>;
}

export interface LanesOptions {
  readonly run: (id: string) => Promise<void>;
  /** Of each lane. */
  readonly concurrency: number;
  readonly longest: number;
  readonly onError: (id: string, error: unknown) => void;
}

export function createLanes({ run, concurrency, longest, onError }: LanesOptions): Lanes {
  const lanes = new Map<string, Lane>();
  const idle = new Set<() => void>();
  let draining = false;

  const running = () => [...lanes.values()].reduce((sum, lane) => sum + lane.running.size, 0);

  const pump = (name: string, lane: Lane): void => {
    for (const id of lane.waiting) {
      if (draining || lane.running.size >= concurrency) return;
      lane.waiting.delete(id);
      lane.running.add(id);
      run(id)
        .catch((error: unknown) => onError(id, error))
        .finally(() => {
          lane.running.delete(id);
          if (lane.again.delete(id)) lane.waiting.add(id);
          pump(name, lane);
          if (lane.running.size + lane.waiting.size === 0) lanes.delete(name);
          if (running() === 0) for (const wake of idle) wake();
        });
    }
  };

  return {
    add(name, id) {
      const lane = lanes.get(name) ?? { waiting: new Set(), running: new Set(), again: new Set() };
      lanes.set(name, lane);
      if (lane.running.has(id)) lane.again.add(id);
      else if (lane.waiting.size >= longest) return false;
      else lane.waiting.add(id);
      pump(name, lane);
      return true;
    },
    async drain() {
      draining = true;
      if (running() > 0) {
        const { promise, resolve } = Promise.withResolvers<void>();
        idle.add(resolve);
        await promise;
      }
      return [...lanes.values()].flatMap((lane) => [...lane.waiting]);
    },
    of: (name) => ({ running: lanes.get(name)?.running.size ?? 0, waiting: lanes.get(name)?.waiting.size ?? 0 }),
    size: () => running() + [...lanes.values()].reduce((sum, lane) => sum + lane.waiting.size, 0),
  };
}
