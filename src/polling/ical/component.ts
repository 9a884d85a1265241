import ICAL from 'ical.js';
import { Unread } from './unread.ts';

/** One property of a component, as jCal (RFC 7265) has it: times are ISO 8601 texts. */
export interface Property {
  readonly name: string;
  readonly parameters: Readonly<Record<string, string | readonly string[]>>;
  readonly type: string;
  readonly values: readonly unknown[];
  /** As ical.js took it. */
  readonly jcal: unknown;
}

export interface Component {
  first(name: string): Property | undefined;
  all(name: string): readonly Property[];
  readonly jcal: unknown;
}

/** Parses the lines of one component alone, so that what is wrong in it is wrong nowhere else. Throws `Unread`. */
export function parseComponent(lines: readonly string[]): Component {
  const jcal = parse(lines) as [string, JcalProperty[], unknown[]];
  const properties = jcal[1].map((property): Property => {
    const [name, parameters, type, ...values] = property;
    return { name, parameters, type, values, jcal: property };
  });
  const byName = Map.groupBy(properties, ({ name }) => name);
  return { jcal, all: (name) => byName.get(name) ?? [], first: (name) => byName.get(name)?.[0] };
}

type JcalProperty = [string, Record<string, string | string[]>, string, ...unknown[]];

function parse(lines: readonly string[]): unknown {
  try {
    return ICAL.parse(lines.join('\r\n'));
  } catch (cause) {
    // The parser's own message quotes the line.
    throw new Unread('a line of it is not iCalendar', { cause });
  }
}

/** A text without what a database cannot hold; undefined where there is none. */
export function textOf(component: Component, name: string, most = 4000): string | undefined {
  const value = component.first(name)?.values[0];
  if (typeof value !== 'string') return undefined;
  return plain(value, most);
}

export function plain(value: string, most: number): string | undefined {
  const text = value.replaceAll('\0', '').trim().slice(0, most).toWellFormed();
  return text === '' ? undefined : text;
}

export function parameterOf({ parameters }: Property, name: string): string | undefined {
  const value = parameters[name];
  const text = typeof value === 'string' ? value : value?.[0];
  return text === undefined ? undefined : plain(text, 300);
}
