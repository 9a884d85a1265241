import { compileExpression, type Expression, type Surroundings } from './expression.ts';
import type { Action, FieldName, MatchEntry, RuleEntry, ValueEntry } from './schema.ts';

/** The rules of a `map`, with every expression compiled, so that a mistake is told when the configuration is read. */

export interface Rule {
  /** Like `map[0]`. */
  readonly at: string;
  readonly match: readonly Match[];
  readonly action: Table<Action> | Action | 'check';
  /** Why it is ignored. */
  readonly reason?: Expression | string;
  readonly forEach?: Expression;
  readonly fields: ReadonlyMap<FieldName, Field>;
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
        return withheld(compileExpression(text, surroundings), surroundings);
      } catch (error) {
        complain([index, ...path], (error as Error).message);
        return NOTHING;
      }
    };
    if (!ignores(entry) && entry.action !== 'check' && entry.fields.reservationId === undefined)
      complain([index, 'fields'], 'does not say where the id of the booking is');
    return {
      at: `map[${index}]`,
      match: matchesOf(entry.match, compile),
      action: typeof entry.action === 'string' ? entry.action : tableOf(entry.action, ['action'], compile),
      reason: typeof entry.reason === 'object' ? compile(entry.reason.expr, ['reason', 'expr']) : entry.reason,
      forEach: entry.forEach === undefined ? undefined : compile(entry.forEach, ['forEach']),
      fields: fieldsOf(entry, index, compile),
      strict: entry.strict ?? false,
    };
  });
}

/** Throws an Error for an expression that reads what may hold a secret. */
function withheld(expression: Expression, { withheld }: Surroundings): Expression {
  const header = expression.headers.find((name) => SECRET_HEADERS.has(name) || withheld?.includes(name));
  if (header !== undefined)
    throw new Error(`reads the header ${header}, which is for who checks the sender and may hold a secret`);
  return expression;
}

const SECRET_HEADERS: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'cookie']);

type Compile = (text: string, path: readonly (string | number)[]) => Expression;

const NOTHING: Expression = { text: '', headers: [], readsPath: false, evaluate: () => null };

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

function fieldsOf({ fields }: RuleEntry, index: number, compile: Compile): Map<FieldName, Field> {
  const written = Object.entries(fields) as [FieldName, ValueEntry | undefined][];
  return new Map(
    written.flatMap(([name, entry]): [FieldName, Field][] =>
      entry === undefined
        ? []
        : [[name, { at: `map[${index}].fields.${name}`, value: valueOf(entry, ['fields', name], compile) }]],
    ),
  );
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

/** The expression of `sent.at`; a mistake in it is told by the path `sentAt`. */
export function compileSent(text: string, surroundings: Surroundings, complain: Complain): Expression | undefined {
  try {
    return withheld(compileExpression(text, surroundings), surroundings);
  } catch (error) {
    complain(['sentAt'], (error as Error).message);
    return undefined;
  }
}

export function expressionsOf(rules: readonly Rule[]): Expression[] {
  return rules.flatMap(({ match, action, reason, forEach, fields }) => [
    ...match.map(({ expression }) => expression),
    ...(typeof action === 'string' ? [] : [action.expression]),
    ...(typeof reason === 'object' ? [reason] : []),
    ...(forEach ? [forEach] : []),
    ...[...fields.values()].flatMap(({ value }) => ('expression' in value ? [value.expression] : [])),
  ]);
}
