import { spend, spendOnText } from './budget.ts';
import type { Run, Step } from './run.ts';

/** Numbers by size, texts by their code points, and never one with the other. */

interface Keyed {
  readonly element: unknown;
  readonly key: number | string;
}

/** By the key that `by` makes of each element, or by the elements. Elements with the same key stay as they stand. */
export function ordered(list: readonly unknown[], by: Step | undefined, run: Run): unknown[] {
  const keyed = keysOf(list, by, run);
  const comparisons = keyed.length * Math.ceil(Math.log2(keyed.length + 1));
  spend(run.budget, comparisons * (1 + longestKey(keyed) / 32));
  return keyed.toSorted((a, b) => compareKeys(a.key, b.key)).map(({ element }) => element);
}

/** The first of those with the greatest key; null of none. */
export function greatest(list: readonly unknown[], by: Step | undefined, run: Run): unknown {
  return extreme(keysOf(list, by, run), (order) => order > 0);
}

/** The first of those with the least key; null of none. */
export function least(list: readonly unknown[], by: Step | undefined, run: Run): unknown {
  return extreme(keysOf(list, by, run), (order) => order < 0);
}

function extreme(keyed: readonly Keyed[], beats: (order: number) => boolean): unknown {
  let best: Keyed | undefined;
  for (const one of keyed) if (!best || beats(compareKeys(one.key, best.key))) best = one;
  return best ? best.element : null;
}

function keysOf(list: readonly unknown[], by: Step | undefined, run: Run): Keyed[] {
  const keyed = list.map((element): Keyed => {
    const key = by ? by(element, run) : element;
    if (typeof key === 'string') spendOnText(run.budget, key.length);
    if (typeof key === 'string' || typeof key === 'number') return { element, key };
    throw new Error('sorts by what is neither a text nor a number');
  });
  if (new Set(keyed.map(({ key }) => typeof key)).size > 1) throw new Error('sorts texts and numbers together');
  return keyed;
}

function longestKey(keyed: readonly Keyed[]): number {
  return keyed.reduce((longest, { key }) => (typeof key === 'string' ? Math.max(longest, key.length) : longest), 0);
}

function compareKeys(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [String(a), String(b)];
  if (left === right) return 0;
  return comparePoints(left, right);
}

/** UTF-16 puts what is written in two units before the end of what is written in one; code points do not. */
function comparePoints(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let index = 0; index < shorter; index += 1) {
    if (a.charCodeAt(index) === b.charCodeAt(index)) continue;
    return a.codePointAt(index)! - b.codePointAt(index)!;
  }
  return a.length - b.length;
}
