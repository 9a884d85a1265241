import type { MappingProblem } from '../../reservation/source.ts';
import type { Budget } from './budget.ts';
import type { Field, Table } from './compile.ts';
import type { Scope } from './expression.ts';

/** What the expressions of a rule make of a document. */

/** A value that cannot be used, with what it should have been. */
export class Unfit extends Error {
  readonly problem: MappingProblem;

  constructor(problem: MappingProblem) {
    super(problem.reason);
    this.name = 'Unfit';
    this.problem = problem;
  }
}

export interface Evaluation {
  readonly scope: Scope;
  readonly budget: Budget;
}

/** Null, the empty text and nothing are all "not stated". Throws `Unfit`. */
export function evaluateField({ at, value }: Field, evaluation: Evaluation): unknown {
  if ('constant' in value) return value.constant;
  return lookUp(value, { at, ...evaluation });
}

/** What the table says of the expression's value; without a table that value. Throws `Unfit`. */
export function lookUp<T>(
  { expression, values, otherwise }: Table<T>,
  { at, scope, budget }: Evaluation & { readonly at: string },
): unknown {
  const expressed = attempt(() => expression.evaluate(scope, budget), { at, expression: expression.text });
  const value = expressed === '' || expressed === undefined ? null : expressed;
  if (!values) return value ?? otherwise ?? null;
  const name = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
  if (name !== undefined && Object.hasOwn(values, name)) return values[name];
  if (otherwise !== undefined || value === null) return otherwise ?? null;
  const known = Object.keys(values).join(', ').slice(0, 200);
  throw new Unfit({ at, expression: expression.text, value: shown(value), reason: `is not in its table, which has ${known}` });
}

/** Passes on what went wrong as a problem of this place. */
function attempt<T>(work: () => T, place: { readonly at: string; readonly expression: string }): T {
  try {
    return work();
  } catch (error) {
    throw new Unfit({ ...place, reason: (error as Error).message.slice(0, 200) });
  }
}

const LONGEST_SHOWN = 80;

/** Enough of a value to recognise it. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN - 1)}…`;
}

/** False for null, false and what is empty, as JMESPath counts truth. */
export function isTrue(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
