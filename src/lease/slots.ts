import { Postponed } from './gate.ts';

/** How many calls a provider has at once. Whoever waits for one has its facts ready, so no slot stands idle while the ledger is asked. */
export interface Slots {
  /** Resolves when a slot is free, in the order of coming, with what gives it back. Throws `Postponed` when the service stops meanwhile. */
  enter(provider: string, most: number): Promise<() => void>;
  /** How many calls run at a provider, and how many wait for one of them to end. */
  of(provider: string): { readonly running: number; readonly waiting: number };
}

interface Lane {
  inside: number;
  readonly waiting: { readonly come: () => void; readonly go: (error: Postponed) => void }[];
}

const AGAIN_MS = 1000;

export function createSlots(stopping: AbortSignal): Slots {
  const lanes = new Map<string, Lane>();
  stopping.addEventListener('abort', () => {
    const stopped = new Postponed('the service is stopping', AGAIN_MS);
    for (const { waiting } of lanes.values()) for (const { go } of waiting.splice(0)) go(stopped);
  });

  const leaving = (lane: Lane) => () => {
    const next = lane.waiting.shift();
    // Whoever is next takes the slot over.
    if (next) next.come();
    else lane.inside -= 1;
  };

  return {
    async enter(provider, most) {
      const lane = lanes.get(provider) ?? { inside: 0, waiting: [] };
      lanes.set(provider, lane);
      if (lane.inside < most) lane.inside += 1;
      else if (stopping.aborted) throw new Postponed('the service is stopping', AGAIN_MS);
      else await new Promise<void>((come, go) => lane.waiting.push({ come, go }));
      return leaving(lane);
    },
    of(provider) {
      const lane = lanes.get(provider);
      return { running: lane?.inside ?? 0, waiting: lane?.waiting.length ?? 0 };
    },
  };
}
