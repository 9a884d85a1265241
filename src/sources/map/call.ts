import { spend } from './budget.ts';
import { FUNCTIONS } from './functions.ts';
import type { Run, Step } from './run.ts';
import type { Callable, Takes } from './signature.ts';
import { fits, wordsFor } from './signature.ts';
import type { Node } from './syntax.ts';

/**
 * A call as a step. What a function takes is looked at each time, as documents differ. Where null is given for what may not be null, the result
 * is null: what is not there is not stated. (JMESPath makes that an error, with which an optional member would hold up its event.)
 */
export function callOf({ name = '', children }: Node, inner: (part: unknown) => Step): Step {
  const callable = FUNCTIONS[name]!;
  // An expression is passed on as the step that it is, so that nothing in a document can be taken for one.
  const given = (children as readonly Node[]).map(({ type, child }, index) =>
    type === 'ExpressionReference' ? { expression: inner(child) } : { step: inner((children as readonly Node[])[index]) },
  );
  return (value, run) => {
    const args = given.map((one) => ('expression' in one ? one.expression : one.step(value, run)));
    return checked(name, callable, args, run) ? callable.call(args as never, run) : null;
  };
}

function checked(name: string, { takes }: Callable, args: readonly unknown[], { budget }: Run): boolean {
  for (const [index, argument] of args.entries()) {
    const taken: Takes = takes[index] ?? takes.at(-1)!;
    if (Array.isArray(argument)) spend(budget, argument.length);
    if (fits(argument, taken)) continue;
    if (argument === null) return false;
    throw new Error(`${name}() takes ${wordsFor(taken)} as its argument ${index + 1}`);
  }
  return true;
}
