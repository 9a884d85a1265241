import { compileName, type Context, knowing } from './expression.ts';
import type { Values } from './filters.ts';

export type Condition = (values: Values) => boolean;

const FORM = /^(not )?([\w.]+)(?: (is not|is|in) (.+))?$/;

/**
 * `quota`, `not quota`, `quota.per is month`, `quota.per is not month`, `quota.per in hour, day`; of a list, all must hold.
 * Something is there unless it is absent, false, or empty.
 */
export function compileCondition(written: unknown, context: Context): Condition {
  const all = (Array.isArray(written) ? written : [written]).map((one) => compileOne(String(one), context));
  return (values) => all.every((holds) => holds(values));
}

function compileOne(text: string, context: Context): Condition {
  const [, not, name = '', verb, words = ''] = FORM.exec(text.trim()) ?? [];
  if (name === '' || (not && verb)) {
    context.report(
      context.at,
      `"${text}" is no condition; write "quota", "not quota", "quota.per is month" or "quota.per in hour, day"`,
    );
    return () => true;
  }
  const isGroup = [...context.names].some((known) => known.startsWith(`${name}.`));
  const read = compileName(name, isGroup ? knowing(context, name) : context);
  if (!verb) return (values) => isThere(read(values)) === !not;
  const wanted = new Set((verb === 'in' ? words.split(',') : [words]).map((word) => word.trim()));
  return (values) => wanted.has(String(read(values))) === (verb !== 'is not');
}

function isThere(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== false && value !== '';
}
