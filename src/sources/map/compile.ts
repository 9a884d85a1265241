import { compileExpression, type Expression, type Surroundings } from './expression.ts';
import type { Action, FieldName, MatchEntry, RuleEntry, ValueEntry } from './schema.ts';

/** The rules of a `map`, with every expression compiled, so that a mistake is told when the configuration is read. */

export interface Rule {
  readonly match: readonly Match[];
  readonly action: Table<Action> | Action | 'check';
  /** Why it is ignored. */
  readonly reason?: Expression | string;
  readonly forEach?: Expression;
  readonly fields: readonly Field[];
  /** Nothing is dropped that cannot be read. */
  readonly strict: boolean;
}

export interface Match {
  readonly expression: Expression;
  readonly in?: ReadonlySet<unknown>;
}

export interface Table<T> {
  readonly expression: Expression;
  readonly values?: Readonly<Record<string, T>>;
  readonly otherwise?: T;
}

export interface Field {
  readonly name: FieldName;
  /** Like `map[0].fields.startsAt`. */
  readonly at: string;
  readonly value: Table<string> | { readonly constant: string };
}

/** Something wrong in a rule, by its path below `map`. */
export type Complain = (path: readonly (string | number)[], message: string) => void;

/** The rules as far as they are right; the rest is told to `complain`. */
export function compileRules(entries: readonly RuleEntry[], surroundings: Surroundings, complain: Complain): Rule[] {
  return entries.map((entry, index) => {
    const compile = (text: string, path: readonly (string | number)[]): Expression => {
      try {
        return compileExpression(text, surroundings);
      } catch (error) {
        complain([index, ...path], (error as Error).message);
        return NOTHING;
      }
    };
    if (!ignores(entry) && entry.action !== 'check' && entry.fields.reservationId === undefined)
      complain([index, 'fields'], 'does not say where the id of the booking is');
    return {
      match: matchesOf(entry.match, compile),
      action: typeof entry.action === 'string' ? entry.action : tableOf(entry.action, ['action'], compile),
      reason: typeof entry.reason === 'object' ? compile(entry.reason.expr, ['reason', 'expr']) : entry.reason,
      forEach: entry.forEach === undefined ? undefined : compile(entry.forEach, ['forEach']),
      fields: fieldsOf(entry, index, compile),
      strict: entry.strict ?? false,
    };
  });
}

type Compile = (text: string, path: readonly (string | number)[]) => Expression;

const NOTHING: Expression = { text: '', headers: [], evaluate: () => null };

function ignores({ action }: RuleEntry): boolean {
  const actions = typeof action === 'string' ? [action] : [...Object.values(action.values), action.otherwise ?? 'ignore'];
  return actions.every((one) => one === 'ignore');
}

function matchesOf(match: RuleEntry['match'], compile: Compile): Match[] {
  const several = Array.isArray(match);
  const entries: readonly MatchEntry[] = match === undefined ? [] : several ? match : [match];
  return entries.map((entry, index) => ({
    expression: compile(entry.expr, several ? ['match', index, 'expr'] : ['match', 'expr']),
    in: entry.in && new Set<unknown>(entry.in),
  }));
}

function fieldsOf({ fields }: RuleEntry, index: number, compile: Compile): Field[] {
  return Object.entries(fields).flatMap(([name, entry]) => {
    if (entry === undefined) return [];
    return [{ name: name as FieldName, at: `map[${index}].fields.${name}`, value: valueOf(entry, ['fields', name], compile) }];
  });
}

function valueOf(entry: ValueEntry, path: readonly string[], compile: Compile): Field['value'] {
  if (typeof entry === 'string') return { expression: compile(entry, path) };
  return 'value' in entry ? { constant: entry.value } : tableOf(entry, path, compile);
}

function tableOf<T>(
  { expr, ...table }: { readonly expr: string } & Omit<Table<T>, 'expression'>,
  path: readonly string[],
  compile: Compile,
): Table<T> {
  return { expression: compile(expr, [...path, 'expr']), ...table };
}
