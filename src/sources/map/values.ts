import type { MappingProblem } from '../../reservation/source.ts';
import { Exhausted, spendOn, type Budget } from './budget.ts';
import type { Field, Table } from './compile.ts';
import type { Scope } from './run.ts';
import { shown } from './shown.ts';

/** What the expressions of a rule make of a document. */

export interface Evaluation {
  readonly scope: Scope;
  readonly budget: Budget;
}

export interface Place {
  /** Like `map[0].fields.startsAt`. */
  readonly at: string;
  readonly expression?: string;
}

/** A value that cannot be used, with what it should have been. */
export class Unfit extends Error {
  readonly place: Place;
  readonly value: unknown;

  constructor(place: Place, reason: string, value?: unknown) {
    super(reason);
    this.name = 'Unfit';
    this.place = place;
    this.value = value;
  }
}

export function problemOf({ place, value, message }: Unfit): MappingProblem {
  const { at, expression } = place;
  return { at, expression, value: value === undefined || value === null ? undefined : shown(value), reason: message };
}

/** Null, the empty text and nothing are all "not stated". Throws `Unfit`. */
export function evaluateField({ at, value }: Field, evaluation: Evaluation): unknown {
  return 'constant' in value ? value.constant : lookUp(value, at, evaluation);
}

/** What the table says of the expression's value; without a table that value. Throws `Unfit`. */
export function lookUp<T>({ expression, values, otherwise }: Table<T>, at: string, { scope, budget }: Evaluation): unknown {
  const place = { at, expression: expression.text };
  let value: unknown;
  try {
    value = expression.evaluate(scope, budget);
  } catch (error) {
    if (error instanceof Exhausted) throw error;
    throw new Unfit(place, (error as Error).message.slice(0, 200));
  }
  if (value === '') value = null;
  if (typeof value === 'object' || (typeof value === 'string' && value.length > SHORT)) spendOn(budget, value);
  if (!values) return value ?? otherwise ?? null;
  // oxlint-disable-next-line typescript/no-base-to-string -- JSON that is no object is a text, a number or a truth
  const name = typeof value === 'object' ? undefined : String(value);
  if (name !== undefined && Object.hasOwn(values, name)) return values[name];
  if (otherwise !== undefined || value === null) return otherwise ?? null;
  const known = Object.keys(values).join(', ').slice(0, 200);
  throw new Unfit(place, `is not in its table, which has ${known}`, value);
}

/** What is shorter costs nothing to read. */
const SHORT = 256;
