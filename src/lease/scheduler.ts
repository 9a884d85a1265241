/** Runs settling for many leases at once, a bounded number for each provider, so that a slow one delays only itself. */
export interface Scheduler {
  /** False when the provider's queue is full: the lease's own clock will bring it back. */
  add(provider: string, leaseId: string): boolean;
  /** Begins nothing more and waits until nothing is running. Answers the leases that still wait. */
  drain(): Promise<string[]>;
  readonly size: () => number;
}

interface Lane {
  readonly waiting: Set<string>;
  readonly running: Set<string>;
  /** Woken while running: once more afterwards. */
  readonly again: Set<string>;
}

export interface SchedulerOptions {
  readonly settle: (leaseId: string) => Promise<void>;
  /** Of each provider. */
  readonly concurrency: number;
  readonly longest: number;
  readonly onError: (leaseId: string, error: unknown) => void;
}

export function createScheduler({ settle, concurrency, longest, onError }: SchedulerOptions): Scheduler {
  const lanes = new Map<string, Lane>();
  const idle = new Set<() => void>();
  let draining = false;

  const running = () => [...lanes.values()].reduce((sum, lane) => sum + lane.running.size, 0);

  const pump = (lane: Lane): void => {
    for (const leaseId of lane.waiting) {
      if (draining || lane.running.size >= concurrency) return;
      lane.waiting.delete(leaseId);
      lane.running.add(leaseId);
      settle(leaseId)
        .catch((error: unknown) => onError(leaseId, error))
        .finally(() => {
          lane.running.delete(leaseId);
          if (lane.again.delete(leaseId)) lane.waiting.add(leaseId);
          pump(lane);
          if (running() === 0) for (const wake of idle) wake();
        });
    }
  };

  return {
    add(provider, leaseId) {
      const lane = lanes.get(provider) ?? { waiting: new Set(), running: new Set(), again: new Set() };
      lanes.set(provider, lane);
      if (lane.running.has(leaseId)) lane.again.add(leaseId);
      else if (lane.waiting.size >= longest) return false;
      else lane.waiting.add(leaseId);
      pump(lane);
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
    size: () => running() + [...lanes.values()].reduce((sum, lane) => sum + lane.waiting.size, 0),
  };
}
