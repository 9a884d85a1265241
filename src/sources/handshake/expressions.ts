import type { Condition, Lookup } from '../../reservation/reception.ts';
import { createBudget } from '../map/budget.ts';
import { compileExpression } from '../map/expression.ts';
import type { MatchEntry } from '../map/schema.ts';
import { isTrue } from '../map/values.ts';

/** Expressions of a body, apart from its mapping. Each throws an Error for what is no expression. */

export function compileLookup(text: string): Lookup {
  const expression = compileExpression(text, {});
  if (expression.headers.length > 0) throw new Error('reads a header: only the body can be asked here');
  return {
    text,
    of(document) {
      try {
        return expression.evaluate(scopeOf(document), createBudget()) ?? null;
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

/** The members of the body by their names, the whole as `body`. */
function scopeOf(document: unknown): Record<string, unknown> {
  const named = typeof document === 'object' && document !== null && !Array.isArray(document) ? document : {};
  return Object.assign(Object.create(null) as Record<string, unknown>, named, { body: document });
}
