import { compileExpression, compileName, type Context, inside, knowing, type Read } from './expression.ts';
import { textOf, type Values } from './filters.ts';
import { compileCondition } from './condition.ts';

/*
 * Values go into parsed trees, never into text that is parsed afterwards: whatever a holder is called, it stays one text in one field.
 */

const PLACEHOLDER = /\{\{(.*?)\}\}/gs;

/** A text that is nothing but one placeholder is that value, with its type. In mixed text, one absent value makes the whole text absent. */
export function compileText(text: string, context: Context): Read {
  const [whole] = /^\{\{((?:(?!\}\}).)*)\}\}$/s.exec(text)?.slice(1) ?? [];
  if (whole !== undefined) return compileExpression(whole, context);
  const parts = text.split(PLACEHOLDER);
  if (parts.some((part, index) => index % 2 === 0 && /\{\{|\}\}/.test(part)))
    context.report(context.at, 'a placeholder begins with {{ and ends with }}');
  if (parts.length === 1) return () => text;
  const reads = parts.map((part, index): Read => (index % 2 === 0 ? () => part : compileExpression(part, context)));
  return (values) => {
    const read = reads.map((one) => one(values));
    return read.includes(undefined) ? undefined : read.map(textOf).join('');
  };
}

/** A JSON value with placeholders in its texts and keys. What is absent is left out of its object or list. */
export function compileTree(tree: unknown, context: Context): Read {
  if (typeof tree === 'string') return compileText(tree, context);
  if (Array.isArray(tree)) {
    const items = tree.map((item, index) => compileTree(item, inside(context, index)));
    return (values) => items.map((item) => item(values)).filter((item) => item !== undefined);
  }
  if (typeof tree !== 'object' || tree === null) return () => tree;
  return compileObject(tree as Values, context);
}

function compileObject(tree: Values, context: Context): Read {
  const { $when: when, ...fields } = tree;
  const read = '$for' in tree ? compileLoop(fields, context) : compileFields(fields, context);
  if (when === undefined) return read;
  const holds = compileCondition(when, inside(context, '$when'));
  return (values) => (holds(values) ? read(values) : undefined);
}

function compileFields(fields: Values, context: Context): Read {
  const entries = Object.entries(fields).map(([key, value]) => {
    if (key.startsWith('$')) context.report(inside(context, key).at, '"$" begins only $when, $for, $key and $each');
    return { key: compileText(key, inside(context, key)), value: compileTree(value, inside(context, key)) };
  });
  return (values) => objectOf(entries.map(({ key, value }) => [key(values), value(values)]));
}

/** Without what is absent. */
function objectOf(entries: [unknown, unknown][]): Values {
  const there = entries.filter(([key, value]) => key !== undefined && value !== undefined);
  return Object.fromEntries(there.map(([key, value]) => [textOf(key), value]));
}

/** `$for: endpoint in endpoints` with `$each`: a list; with `$key` too: an object. */
function compileLoop({ $for: loop, $key: key, $each: each, ...others }: Values, context: Context): Read {
  for (const other of Object.keys(others))
    context.report(inside(context, other).at, 'beside $for are only $each, $key and $when');
  if (each === undefined) context.report(context.at, '$for needs $each: what to make of each');
  const { name, rounds } = compileRounds(loop, inside(context, '$for'));
  const within = knowing(context, name);
  const value = compileTree(each, inside(within, '$each'));
  if (key === undefined)
    return (values) =>
      rounds(values)
        .map(value)
        .filter((item) => item !== undefined);
  const field = compileText(textOf(key), inside(within, '$key'));
  return (values) => objectOf(rounds(values).map((round) => [field(round), value(round)]));
}

/** `scope in scopes`: the values of each round, with one more name. An absent list has no rounds. */
export function compileRounds(loop: unknown, context: Context): { name: string; rounds: (values: Values) => Values[] } {
  const [, name = '', list = ''] = /^([a-z]\w*) in ([\w.]+)$/i.exec(String(loop)) ?? [];
  if (name === '') context.report(context.at, 'is written like "scope in scopes"');
  else if (context.names.has(name)) context.report(context.at, `"${name}" is the name of something else here`);
  const read = name === '' ? () => undefined : compileName(list, context);
  return {
    name,
    rounds: (values) => {
      const items = read(values);
      return Array.isArray(items) ? items.map((item: unknown) => ({ ...values, [name]: item })) : [];
    },
  };
}

/** A value without which a request cannot be written; its message is the value's name. */
export class Unknown extends Error {}

/** A path whose values cannot leave their segment. Throws `Unknown` with the name of the value that is missing. */
export function compilePath(path: string, context: Context): (values: Values) => string {
  const parts = path.split(PLACEHOLDER);
  const reads = parts.map((part, index) =>
    index % 2 === 0 ? part : { name: part.trim(), read: compileExpression(part, context) },
  );
  return (values) => reads.map((part) => (typeof part === 'string' ? part : segment(part.read(values), part.name))).join('');
}

function segment(value: unknown, name: string): string {
  // Encoding leaves dots as they are, and a URL takes a segment of dots for a way up.
  if (value === undefined || /^\.{0,2}$/.test(textOf(value))) throw new Unknown(name);
  return encodeURIComponent(textOf(value));
}
