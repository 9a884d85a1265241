/**
 * What a long window tells other nodes, and what it knows of them: counts by grain of time, some 60 to 100 of them in a window. A restart is
 * another node too: its own past comes back the same way. Theirs leave with the end of their grain, so late rather than early.
 */
export interface Elsewhere {
  readonly grainMs: number;
  /** Counted here and not written yet: in the grain that began at `grain`, and in those before it. */
  grain: number;
  unsent: number;
  earlier: Grain[];
  /** Oldest first, the beginning of each grain. */
  theirs: Grain[];
  theirSum: number;
  /** Since when all of theirs are known; undefined when they never were asked for. */
  askedAt: number | undefined;
}

export interface Grain {
  readonly at: number;
  readonly count: number;
}

const GRAINS: Readonly<Record<string, number>> = { hour: 60_000, day: 15 * 60_000, month: 8 * 3_600_000, reservation: Infinity };

/** Undefined for windows that are too short to be worth telling: those of a second and of a minute are each node's own. */
export function createElsewhere(per: string): Elsewhere | undefined {
  const grainMs = GRAINS[per];
  if (grainMs === undefined) return undefined;
  return { grainMs, grain: 0, unsent: 0, earlier: [], theirs: [], theirSum: 0, askedAt: undefined };
}

export function tell(own: Elsewhere, at: number, count: number): void {
  // What never leaves has one grain, at 0.
  const grain = at - (at % own.grainMs);
  if (grain !== own.grain) {
    if (own.unsent > 0) own.earlier.push({ at: own.grain, count: own.unsent });
    own.grain = grain;
    own.unsent = 0;
  }
  own.unsent += count;
}

/** Hands over what is to be written, once. */
export function collect(own: Elsewhere): Grain[] {
  const grains = own.earlier;
  if (own.unsent > 0) grains.push({ at: own.grain, count: own.unsent });
  own.earlier = [];
  own.unsent = 0;
  return grains;
}

/** It could not be written. */
export function putBack(own: Elsewhere, grains: readonly Grain[]): void {
  own.earlier.push(...grains);
}

/** The counts of others as the ledger had them: they only grow, so the larger is the newer. */
export function learn(own: Elsewhere, grains: readonly Grain[]): void {
  const known = new Map(own.theirs.map(({ at, count }) => [at, count]));
  for (const { at, count } of grains) known.set(at, Math.max(known.get(at) ?? 0, count));
  own.theirs = [...known].map(([at, count]) => ({ at, count })).sort((a, b) => a.at - b.at);
  own.theirSum = own.theirs.reduce((sum, { count }) => sum + count, 0);
}

/** Forgets the grains that have left a window of that length. */
export function slideTheirs(own: Elsewhere, ms: number, at: number): void {
  let gone = 0;
  for (; gone < own.theirs.length; gone += 1) {
    const grain = own.theirs[gone]!;
    if (grain.at + own.grainMs + ms > at) break;
    own.theirSum -= grain.count;
  }
  if (gone > 0) own.theirs.splice(0, gone);
}
