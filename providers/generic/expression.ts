import { FILTERS, type Values } from './filters.ts';

/** The values that are known at some place of a preset, such as `holder.id`. */
export type Names = ReadonlySet<string>;

export type Path = readonly (string | number)[];

/** Where a preset is read: what may be named here, and whom to tell what is wrong. */
export interface Context {
  readonly names: Names;
  readonly at: Path;
  /** Told every name that is used. */
  use?(name: string): void;
  report(path: Path, message: string): void;
}

/** Undefined means that there is no such value for this key. */
export type Read = (values: Values) => unknown;

export function inside(context: Context, ...steps: Path): Context {
  return { ...context, at: [...context.at, ...steps] };
}

export function knowing(context: Context, ...names: readonly string[]): Context {
  return { ...context, names: new Set([...context.names, ...names]) };
}

/** `holder.name | default(holder.id)`: a value, then filters with their arguments. */
export function compileExpression(text: string, context: Context): Read {
  if ((text.match(/'/g) ?? []).length % 2 === 1) return wrong(context, `"${text.trim()}" has a quote that does not end`);
  const [first = '', ...filters] = split(text, '|');
  return filters.reduce((read, filter) => compileFilter(read, filter, context), compileTerm(first, context));
}

function compileFilter(read: Read, text: string, context: Context): Read {
  const [, name = '', rest = ''] = /^\s*(\w*)\s*(?:\((.*)\))?\s*$/s.exec(text) ?? [];
  const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
  if (!filter) return wrong(context, `"${text.trim()}" is no filter; there are ${Object.keys(FILTERS).join(', ')}`);
  const args = split(rest, ',').map((arg) => compileTerm(arg, context));
  const { least, most } = filter.takes;
  if (args.length < least || args.length > most)
    return wrong(
      context,
      `the filter "${name}" takes ${least === most ? least : `${least} to ${most}`} arguments, not ${args.length}`,
    );
  return (values) => {
    const value = read(values);
    if (value === undefined && name !== 'default') return undefined;
    const given = args.map((arg) => arg(values));
    if (!filter.each || !Array.isArray(value)) return filter.apply(value, given, values);
    return value.map((item) => filter.apply(item, given, values)).filter((item) => item !== undefined);
  };
}

/** A name, a number, or a text in single quotes. */
function compileTerm(text: string, context: Context): Read {
  const term = text.trim();
  const [, quoted] = /^'(.*)'$/s.exec(term) ?? [];
  if (quoted !== undefined) return () => quoted;
  if (/^-?\d+(\.\d+)?$/.test(term)) return () => Number(term);
  return compileName(term, context);
}

export function compileName(name: string, context: Context): Read {
  if (!context.names.has(name)) return wrong(context, unknownName(name, context.names));
  context.use?.(name);
  const steps = name.split('.');
  return (values) => steps.reduce<unknown>((value, step) => (value as Values | undefined)?.[step], values);
}

function unknownName(name: string, names: Names): string {
  const [head] = name.split('.', 1);
  const beside = [...names].filter((known) => known.startsWith(`${head}.`));
  const known = beside.length > 0 ? beside : [...names];
  return `"${name}" is no value here; there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`;
}

function wrong(context: Context, message: string): Read {
  context.report(context.at, message);
  return () => undefined;
}

/** Outside quotes. An empty text has no parts. */
function split(text: string, separator: '|' | ','): string[] {
  return text.match(new RegExp(`(?:'[^']*'|[^'${separator}])+`, 'g')) ?? [];
}
