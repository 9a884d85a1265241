import { spend } from './budget.ts';
import { callOf } from './call.ts';
import { arithmetic, compare } from './operators.ts';
import { LIST_STEPS } from './projections.ts';
import { bare, isTrue, memberOf, step, whole, type Step } from './run.ts';
import type { Node } from './syntax.ts';

/** The tree of an expression as functions, one for each node. Every step spends, whatever it makes is paid for. */

export type Build = (node: Node, inner: (part: unknown) => Step) => Step;

/** What is made costs more than what is found. */
const MADE = 2;

const STEPS: Readonly<Record<string, Build>> = {
  Field: ({ name = '' }) => step((value, run) => memberOf(value, name, run)),
  Subexpression: ({ left, right }, inner) => {
    const [first, then] = [inner(left), inner(right)];
    return step((value, run) => {
      const result = first(value, run);
      return result === null ? null : then(result, run);
    });
  },
  Pipe: inTurn,
  IndexExpression: inTurn,
  Identity: () => step(whole),
  Current: () => step(whole),
  Root: () => step((_value, { scope }) => scope.document),
  Literal: ({ value }) => {
    const constant = bareCopy(value);
    return step(() => constant);
  },
  AndExpression: ({ left, right }, inner) => {
    const [first, then] = [inner(left), inner(right)];
    return step((value, run) => {
      const result = first(value, run);
      return isTrue(result) ? then(value, run) : result;
    });
  },
  OrExpression: ({ left, right }, inner) => {
    const [first, then] = [inner(left), inner(right)];
    return step((value, run) => {
      const result = first(value, run);
      return isTrue(result) ? result : then(value, run);
    });
  },
  NotExpression: ({ child }, inner) => {
    const negated = inner(child);
    return step((value, run) => !isTrue(negated(value, run)));
  },
  Ternary: ({ condition, trueExpr, falseExpr }, inner) => {
    const [asked, yes, no] = [inner(condition), inner(trueExpr), inner(falseExpr)];
    return step((value, run) => (isTrue(asked(value, run)) ? yes : no)(value, run));
  },
  MultiSelectList: ({ children }, inner) => {
    const parts = (children as readonly Node[]).map(inner);
    return step((value, run) => {
      spend(run.budget, MADE * parts.length);
      return parts.map((part) => part(value, run));
    });
  },
  MultiSelectHash: ({ children }, inner) => {
    const parts = (children as readonly Node[]).map(({ name = '', value }) => ({ name, part: inner(value) }));
    return step((value, run) => {
      spend(run.budget, MADE * parts.length);
      const made = bare();
      for (const { name, part } of parts) made[name] = part(value, run);
      return made;
    });
  },
  Comparator: ({ name = '', left, right }, inner) => step(compare(name, inner(left), inner(right))),
  Arithmetic: ({ operator, left, right }, inner) => step(arithmetic(operator as string, inner(left), inner(right))),
  Unary: ({ operator, operand }, inner) => step(arithmetic(operator as string, () => 0, inner(operand))),
  Function: (node, inner) => step(callOf(node, inner)),
  ...LIST_STEPS,
};

/** The kinds of node that there are. */
export const KINDS: ReadonlySet<string> = new Set(Object.keys(STEPS));

/** Of a tree that was checked. */
export function stepOf(ast: Node): Step {
  const inner = (part: unknown): Step => stepOf(part as Node);
  return STEPS[ast.type]!(ast, inner);
}

function inTurn({ left, right }: Node, inner: (part: unknown) => Step): Step {
  const [first, then] = [inner(left), inner(right)];
  return step((value, run) => then(first(value, run), run));
}

function bareCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bareCopy);
  if (typeof value !== 'object' || value === null) return value;
  return bare(Object.fromEntries(Object.entries(value).map(([name, member]) => [name, bareCopy(member)])));
}
