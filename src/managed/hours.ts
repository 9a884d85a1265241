import type { Hours } from '../reservation/rights.ts';

const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];

/**
 * Whether one part of the week lies within another, of the same zone. Where the answer is hard it is false: parts of different zones move
 * against each other with the seasons, so the rules refuse rather than widen.
 */
export function hoursWithin(inner: Hours, outer: Hours): boolean {
  if (inner.zone !== outer.zone) return false;
  const days = outer.days ?? EVERY_DAY;
  if (!(inner.days ?? EVERY_DAY).every((day) => days.includes(day))) return false;
  const [from, to] = span(inner);
  const [earliest, latest] = span(outer);
  return from >= earliest && to <= latest;
}

/** Minutes from the midnight of the day on which it begins. */
function span({ from, to }: Hours): [number, number] {
  const [start, end] = [minutes(from), minutes(to)];
  return [start, end > start ? end : end + 24 * 60];
}

function minutes(clock: string): number {
  const [hours, rest] = clock.split(':').map(Number);
  return hours! * 60 + rest!;
}
