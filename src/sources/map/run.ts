import { spend, type Budget } from './budget.ts';

/** What the names of an expression stand for. They are looked up where they are, and nothing is copied. */
export interface Scope {
  /** The body: its members are known by their names, and it as a whole as `body`. */
  readonly document: unknown;
  readonly request: object;
  /** The element of `forEach`; undefined outside of one. */
  readonly item?: unknown;
}

/** The names of a document that came, with what came beside it. */
export function scopeOf(document: unknown, { headers, path = '' }: Brought = {}): Scope {
  return { document, request: bare({ headers: bare(headers), path }) };
}

interface Brought {
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
}

/** One evaluation of one expression. */
export interface Run {
  readonly scope: Scope;
  readonly budget: Budget;
  readonly zone: string | undefined;
}

/** What a part of an expression makes of a value. At the top that value is the scope. */
export type Step = (value: unknown, run: Run) => unknown;

/** Every step costs. */
export function step(work: Step): Step {
  return (value, run) => {
    spend(run.budget, 1);
    return work(value, run);
  };
}

/** As a whole the scope is the body. */
export function whole(value: unknown, { scope }: Run): unknown {
  return value === scope ? scope.document : value;
}

/** A member of an object, or a name at the top; null where there is none. Only what the document itself has. */
export function memberOf(value: unknown, name: string, { scope }: Run): unknown {
  if (typeof value !== 'object' || value === null) return null;
  if (value !== scope) return own(value, name);
  if (name === 'item' && scope.item !== undefined) return scope.item;
  if (name === 'body') return scope.document;
  if (name === 'request') return scope.request;
  return typeof scope.document === 'object' && scope.document !== null ? own(scope.document, name) : null;
}

function own(value: object, name: string): unknown {
  if (Array.isArray(value) || !Object.hasOwn(value, name)) return null;
  return (value as Record<string, unknown>)[name] ?? null;
}

/** As JMESPath counts truth: false for null, false and what is empty. */
export function isTrue(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value !== 'object') return true;
  for (const name in value) if (Object.hasOwn(value, name)) return true;
  return false;
}

/** An object without a prototype, so that it has the members that it was given and no others. */
export function bare(members?: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const made = Object.create(null) as Record<string, unknown>;
  return members ? Object.assign(made, members) : made;
}
