import { InvalidArgumentError } from 'commander';
import { duration } from '../../policy/words.ts';
import { FAULT_NAMES, FAULTS, type Fault } from './faults.ts';
import { MINUTE } from './world.ts';

/** How the options of `latchkey simulate` are written. Each throws `InvalidArgumentError`. */

const FASTEST = 3600;

export function whole(low: number, high: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= low && number <= high) return number;
    throw new InvalidArgumentError(`Write a whole number from ${low} to ${high}.`);
  };
}

export function positive(text: string): number {
  const number = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (number > 0) return number;
  throw new InvalidArgumentError('Write a number above 0, such as 5.');
}

export function speedOption(text: string): number {
  const number = Number(/^(\d{1,4}(\.\d)?)x?$/.exec(text)?.[1] ?? 0);
  if (number >= 1 && number <= FASTEST) return number;
  throw new InvalidArgumentError(`Write a factor from 1x to ${FASTEST}x, such as 60x.`);
}

export function lengthOption(leastMs: number): (text: string) => number {
  return (text) => {
    const read = duration.safeParse(text);
    if (read.success && read.data >= leastMs) return read.data;
    const least = leastMs > 0 ? ` from ${leastMs / MINUTE}m on` : '';
    throw new InvalidArgumentError(`Write a length of time${least}, such as 2h or 90s.`);
  };
}

export function listOption(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return names;
  throw new InvalidArgumentError('Write names with commas between them, such as lab-1,lab-2.');
}

export function faultsOption(text: string): readonly Fault[] {
  if (text === 'all') return FAULT_NAMES;
  const names = text === 'none' ? [] : listOption(text);
  const unknown = names.find((name) => !Object.hasOwn(FAULTS, name));
  if (unknown === undefined) return names as Fault[];
  throw new InvalidArgumentError(`There is no fault ${unknown}; there are ${FAULT_NAMES.join(', ')}.`);
}
