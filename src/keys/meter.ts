import type { Limit, Period } from '../reservation/plan.ts';
import { createElsewhere, slideTheirs, tell, type Elsewhere } from './elsewhere.ts';
import { windowMs } from './periods.ts';
import { add, createWindow, frees, slide, type Window } from './window.ts';

/** What a budget used of one kind of limit: in this process exactly, and for long windows what others let through. */
export interface Meter {
  /** `hour`, or `hour-requests` where each call counts once. */
  readonly name: string;
  readonly window: Window;
  readonly elsewhere: Elsewhere | undefined;
}

export function createMeter(name: string, per: Period): Meter {
  return { name, window: createWindow(windowMs(per)), elsewhere: createElsewhere(per) };
}

export function nameOf({ per, unit }: Limit): string {
  return unit === undefined ? per : `${per}-${unit}`;
}

/** Brings it to that moment and answers what is used. */
export function usedAt({ window, elsewhere }: Meter, at: number): number {
  slide(window, at);
  if (elsewhere === undefined || elsewhere.theirs.length === 0) return window.size;
  slideTheirs(elsewhere, window.ms, at);
  return window.size + elsewhere.theirSum;
}

/** What is used, at the moment it was last brought to. */
export function used({ window, elsewhere }: Meter): number {
  return elsewhere === undefined ? window.size : window.size + elsewhere.theirSum;
}

/** After `usedAt` the same moment. */
export function use({ window, elsewhere }: Meter, at: number, count: number): void {
  add(window, at, count);
  if (elsewhere !== undefined) tell(elsewhere, at, count);
}

/** When `count` of what is used have left; Infinity when so many never do. */
export function freesAt({ window, elsewhere }: Meter, count: number): number {
  if (elsewhere === undefined || elsewhere.theirs.length === 0) return frees(window, count);
  // Both are in order: theirs are gone through, and ours for what is missing until then.
  let theirs = 0;
  let best = frees(window, count);
  for (const grain of elsewhere.theirs) {
    theirs += grain.count;
    const leaves = grain.at + elsewhere.grainMs + window.ms;
    if (leaves >= best) break;
    best = theirs >= count ? leaves : Math.min(best, Math.max(leaves, frees(window, count - theirs)));
    if (theirs >= count) break;
  }
  return best;
}

/** Whether nothing is in it and nothing is to be written. */
export function isIdle(meter: Meter, at: number): boolean {
  const { elsewhere } = meter;
  return usedAt(meter, at) === 0 && (elsewhere === undefined || (elsewhere.unsent === 0 && elsewhere.earlier.length === 0));
}
