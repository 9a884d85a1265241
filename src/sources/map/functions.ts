import { LIST_FUNCTIONS } from './list-functions.ts';
import { NUMBER_FUNCTIONS } from './number-functions.ts';
import type { Callable } from './signature.ts';
import { TEXT_FUNCTIONS } from './text-functions.ts';
import { TIME_FUNCTIONS } from './time-functions.ts';

/**
 * The functions of expressions: those of JMESPath, and ours for times and JSON in texts. They are our own code, so that each pays for its work.
 * Left out are pad_left and pad_right (as large as a number says), replace (as large as a product), find_last (as slow as a product) and
 * group_by (members named by the sender). Null prototype: a name that is not in it is no function.
 */
export const FUNCTIONS: Readonly<Record<string, Callable>> = Object.assign(Object.create(null) as object, {
  ...TEXT_FUNCTIONS,
  ...NUMBER_FUNCTIONS,
  ...LIST_FUNCTIONS,
  ...TIME_FUNCTIONS,
});

export const ALLOWED: ReadonlySet<string> = new Set(Object.keys(FUNCTIONS));
