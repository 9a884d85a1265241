import { compile, TreeInterpreter, type JSONValue } from '@jmespath-community/jmespath';
import type { Budget } from './budget.ts';
import { spendOn } from './budget.ts';
import { checkSyntax, type Node } from './syntax.ts';
import { functionTable } from './functions.ts';

/** JMESPath (jmespath.site) as far as it is safe with documents from outside: what a configuration may compute of them. */

export interface Expression {
  readonly text: string;
  /** Headers that it reads, in lower case. */
  readonly headers: readonly string[];
  /** The members that lead to it from the document, when it is nothing but a path such as `a.b`. */
  readonly path?: readonly string[];
  /** Throws an Error whose message says what is wrong, without a value of the document; `Exhausted` when the budget is. */
  evaluate(scope: Scope, budget: Budget): unknown;
}

/** What the names of an expression stand for. Objects have no prototype. */
export type Scope = Readonly<Record<string, unknown>>;

export interface Surroundings {
  /** Of times that name none. */
  readonly zone?: string;
}

const LONGEST = 2000;

/** Throws an Error for what is no expression, or one that is not allowed; its message is for who wrote the configuration. */
export function compileExpression(text: string, { zone }: Surroundings): Expression {
  if (text.length > LONGEST) throw new Error(`is longer than ${LONGEST} characters`);
  const ast = parse(text);
  const { headers, path } = checkSyntax(ast, { hasZone: zone !== undefined });
  return {
    text,
    headers,
    path,
    evaluate: (scope, budget) => interpret(ast, scope, { budget, zone }),
  };
}

function parse(text: string): Node {
  try {
    return compile(text) as Node;
  } catch (error) {
    // A tower of brackets overflows the parser's stack, which can be caught.
    const said = error instanceof RangeError ? 'nested too deeply' : (error as Error).message;
    throw new Error(`is no JMESPath expression: ${said}`, { cause: error });
  }
}

type Interpreter = typeof TreeInterpreter;
const Interpreter = TreeInterpreter.constructor as new () => Interpreter;

/** One at a time: nothing here waits. */
let spent: { readonly budget: Budget; readonly zone: string | undefined };
const interpreter = boundedInterpreter();

function interpret(ast: Node, scope: Scope, within: typeof spent): unknown {
  spent = within;
  return interpreter.search(ast as never, scope as unknown as JSONValue);
}

/** Every step costs; what looks at whole values costs by their size. */
function boundedInterpreter(): Interpreter {
  const bounded = new Interpreter();
  const visit = bounded.visit.bind(bounded);
  bounded.visit = (node, value) => {
    spent.budget.spend(1);
    if (node.type === 'Comparator' && (node.name === 'EQ' || node.name === 'NE')) {
      const [left, right] = [bounded.visit(node.left, value), bounded.visit(node.right, value)] as [JSONValue, JSONValue];
      spendOn(left, spent.budget);
      return visit({ ...node, left: { type: 'Literal', value: left }, right: { type: 'Literal', value: right } }, null);
    }
    const result = visit(node, value);
    if ((node.type === 'Flatten' || node.type === 'Slice') && Array.isArray(result)) spent.budget.spend(result.length);
    return result;
  };
  bounded.runtime._functionTable = functionTable(() => spent);
  return bounded;
}
