import { compile } from '@jmespath-community/jmespath';
import type { Budget } from './budget.ts';
import type { Run, Scope } from './run.ts';
import { stepOf } from './steps.ts';
import { positionOf } from './syntax-error.ts';
import { checkSyntax, type Node } from './syntax.ts';

/** JMESPath (jmespath.site) as far as it is safe with documents from outside: what a configuration may compute of them. */

export interface Expression {
  readonly text: string;
  /** Headers that it reads, in lower case. */
  readonly headers: readonly string[];
  /** Whether it reads what the document was posted to below its source. */
  readonly readsPath: boolean;
  /** The members that lead to it from the document, when it is nothing but a path such as `a.b`. */
  readonly path?: readonly string[];
  /** Likewise to the list that it picks elements of, as `a.b`, `a.b[]` or `a.b[?c]`. */
  readonly listPath?: readonly string[];
  /**
   * JSON, or null: never a function, a prototype or a number that is none. Throws an Error whose message says what is wrong, without a value of
   * the document; `Exhausted` when the budget is.
   */
  evaluate(scope: Scope, budget: Budget): unknown;
}

export interface Surroundings {
  /** Of times that name none. */
  readonly zone?: string;
  /** Headers that no expression may read, in lower case. */
  readonly withheld?: readonly string[];
}

const LONGEST = 2000;

/** Throws an Error for what is no expression, or one that is not allowed; its message is for who wrote the configuration. */
export function compileExpression(text: string, { zone }: Surroundings): Expression {
  if (text.length > LONGEST) throw new Error(`is longer than ${LONGEST} characters`);
  const ast = parse(text);
  const { headers, readsPath, path, listPath } = checkSyntax(ast, { hasZone: zone !== undefined });
  const step = stepOf(ast);
  return {
    text,
    headers,
    readsPath,
    path,
    listPath,
    evaluate(scope, budget) {
      const run: Run = { scope, budget, zone };
      return step(scope, run);
    },
  };
}

function parse(text: string): Node {
  try {
    return compile(text) as Node;
  } catch (error) {
    // A tower of brackets overflows the parser's stack, which can be caught.
    if (error instanceof RangeError) throw new Error('is nested too deeply', { cause: error });
    throw new Error(`is no JMESPath expression: ${positionOf(text)}`, { cause: error });
  }
}
