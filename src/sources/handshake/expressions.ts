import type { Condition, Lookup } from '../../reservation/reception.ts';
import { createBudget } from '../map/budget.ts';
import { compileExpression } from '../map/expression.ts';
import { isTrue, scopeOf } from '../map/run.ts';
import type { MatchEntry } from '../map/schema.ts';

/** A handshake is looked for in every message: an eighth of what mapping may take. */
const UNITS = 50_000;

/** Expressions of a body, apart from its mapping. Each throws an Error for what is no expression. */

export function compileLookup(text: string): Lookup {
  const expression = compileExpression(text, {});
  if (expression.headers.length > 0) throw new Error('reads a header: only the body can be asked here');
  return {
    text,
    of(document) {
      try {
        return expression.evaluate(scopeOf(document), createBudget(UNITS)) ?? null;
      } catch {
        // Then it is no handshake, and the mapping tells what is wrong.
        return null;
      }
    },
  };
}

export function compileCondition({ expr, in: values }: MatchEntry): Condition {
  const lookup = compileLookup(expr);
  const among = values && new Set<unknown>(values);
  return {
    text: values ? `${expr} in [${values.join(', ')}]` : expr,
    holds(document) {
      const value = lookup.of(document);
      return among ? among.has(value) : isTrue(value);
    },
  };
}
