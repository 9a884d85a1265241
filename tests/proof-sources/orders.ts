import { createRandom, type Random } from './random.ts';

const ALL_UP_TO = 5;
const SAMPLE = 120;

/** Every order of a few things; of more than five a sample of 120, with the order given and its reverse among them. */
export function ordersOf<T>(things: readonly T[]): T[][] {
  if (things.length <= ALL_UP_TO) return permutations(things);
  const random = createRandom(1);
  return [[...things], things.toReversed(), ...Array.from({ length: SAMPLE - 2 }, () => shuffled(things, random))];
}

function permutations<T>(things: readonly T[]): T[][] {
  if (things.length <= 1) return [[...things]];
  return things.flatMap((first, index) => permutations(things.toSpliced(index, 1)).map((rest) => [first, ...rest]));
}

function shuffled<T>(things: readonly T[], random: Random): T[] {
  const left = [...things];
  return Array.from(things, () => left.splice(random.below(left.length), 1)[0]!);
}

/** The things in their order, with each of the others somewhere between them. */
export function mixed<T>(things: readonly T[], others: readonly T[], random: Random): T[] {
  const all = [...things];
  for (const other of others) all.splice(random.below(all.length + 1), 0, other);
  return all;
}
