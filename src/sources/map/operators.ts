import { spend, spendOnText, type Budget } from './budget.ts';
import type { Run, Step } from './run.ts';

/** `==` and its like, and arithmetic. */

export function compare(name: string, left: Step, right: Step): Step {
  if (name === 'EQ') return (value, run) => equal(left(value, run), right(value, run), run.budget);
  if (name === 'NE') return (value, run) => !equal(left(value, run), right(value, run), run.budget);
  const holds = ORDER[name]!;
  return (value, run) => {
    const [first, second] = [left(value, run), right(value, run)];
    // Texts have no order in JMESPath.
    return typeof first === 'number' && typeof second === 'number' ? holds(first, second) : null;
  };
}

const ORDER: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  GT: (a, b) => a > b,
  GTE: (a, b) => a >= b,
  LT: (a, b) => a < b,
  LTE: (a, b) => a <= b,
};

/** By content. Pays for each part that it looks at. */
export function equal(a: unknown, b: unknown, budget: Budget): boolean {
  if (typeof a === 'string' && typeof b === 'string') {
    if (a.length !== b.length) return false;
    spendOnText(budget, a.length);
    return a === b;
  }
  spend(budget, 1);
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((element, index) => equal(element, b[index], budget));
  }
  return equalMembers(a as Record<string, unknown>, b as Record<string, unknown>, budget);
}

function equalMembers(a: Record<string, unknown>, b: Record<string, unknown>, budget: Budget): boolean {
  const names = Object.keys(a);
  spend(budget, names.length);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && equal(a[name], b[name], budget));
}

const OPERATORS: Readonly<Record<string, (a: number, b: number) => number>> = {
  Plus: (a, b) => a + b,
  Minus: (a, b) => a - b,
  Multiply: (a, b) => a * b,
  Star: (a, b) => a * b,
  Divide: (a, b) => a / b,
  Div: (a, b) => Math.floor(a / b),
  Modulo: (a, b) => a % b,
};

/** Null where a number is missing: what is not there is not stated. Throws an Error for what is no number, before and after. */
export function arithmetic(operator: string, left: Step, right: Step): Step {
  const calculate = OPERATORS[operator]!;
  return (value: unknown, run: Run) => {
    const [a, b] = [left(value, run), right(value, run)];
    if (a === null || b === null) return null;
    if (typeof a !== 'number' || typeof b !== 'number') throw new Error('calculates with what is no number');
    return finite(calculate(a, b));
  };
}

/** Throws an Error for what JSON cannot say. */
export function finite(result: number): number {
  if (!Number.isFinite(result)) throw new Error('calculates what is no number, as by dividing by 0');
  return result;
}
