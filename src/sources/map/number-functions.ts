import { finite } from './operators.ts';
import { spendOnText } from './budget.ts';
import { takes, type Callable } from './signature.ts';

/** Lists are paid for when they are given. */
export const NUMBER_FUNCTIONS: Readonly<Record<string, Callable>> = {
  abs: { takes: takes('number'), call: ([number]: readonly [number]) => Math.abs(number) },
  ceil: { takes: takes('number'), call: ([number]: readonly [number]) => Math.ceil(number) },
  floor: { takes: takes('number'), call: ([number]: readonly [number]) => Math.floor(number) },
  sum: { takes: takes('numbers'), call: ([numbers]: readonly [readonly number[]]) => sum(numbers) },
  avg: {
    takes: takes('numbers'),
    call: ([numbers]: readonly [readonly number[]]) => (numbers.length === 0 ? null : finite(sum(numbers) / numbers.length)),
  },
  to_number: {
    takes: takes('any'),
    call: ([value]: readonly [unknown], { budget }) => {
      if (typeof value !== 'string') return typeof value === 'number' ? value : null;
      spendOnText(budget, value.length);
      return value.length <= LONGEST && NUMBER.test(value) && Number.isFinite(Number(value)) ? Number(value) : null;
    },
  },
};

const LONGEST = 100;
/** As JSON writes one (RFC 8259), with zeros before it as forms do. */
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;

function sum(numbers: readonly number[]): number {
  return finite(numbers.reduce((total, number) => total + number, 0));
}
