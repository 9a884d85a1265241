import { spend } from './budget.ts';
import { greatest, least, ordered } from './order.ts';
import { bare, type Run, type Step } from './run.ts';
import { takes, type Callable } from './signature.ts';

type Members = Readonly<Record<string, unknown>>;

/** Those of lists and objects. Lists are paid for when they are given. */
export const LIST_FUNCTIONS: Readonly<Record<string, Callable>> = {
  contains: { takes: takes('text|list', 'any'), call: contains },
  length: { takes: takes('text|list|object'), call: length },
  reverse: { takes: takes('text|list'), call: reverse },
  type: { takes: takes('any'), call: ([value]: readonly [unknown]) => typeName(value) },
  not_null: { takes: takes('any...'), call: (values: readonly unknown[]) => values.find((value) => value !== null) ?? null },
  to_array: { takes: takes('any'), call: ([value]: readonly [unknown]) => (Array.isArray(value) ? value : [value]) },
  keys: { takes: takes('object'), call: ([object]: readonly [Members], run) => membersOf(object, run).map(([name]) => name) },
  values: {
    takes: takes('object'),
    call: ([object]: readonly [Members], run) => membersOf(object, run).map(([, value]) => value),
  },
  items: { takes: takes('object'), call: ([object]: readonly [Members], run) => membersOf(object, run) },
  from_items: { takes: takes('pairs'), call: ([pairs]: readonly [readonly (readonly [string, unknown])[]]) => objectOf(pairs) },
  merge: {
    takes: takes('object...'),
    call: (objects: readonly Members[], run) => objectOf(objects.flatMap((object) => membersOf(object, run))),
  },
  zip: { takes: takes('list...'), call: zip },
  map: {
    takes: takes('expression', 'list'),
    call: ([make, list]: readonly [Step, readonly unknown[]], run) => list.map((element) => make(element, run)),
  },
  sort: { takes: takes('texts|numbers'), call: ([list]: readonly [readonly unknown[]], run) => ordered(list, undefined, run) },
  sort_by: {
    takes: takes('list', 'expression'),
    call: ([list, by]: readonly [readonly unknown[], Step], run) => ordered(list, by, run),
  },
  max: { takes: takes('texts|numbers'), call: ([list]: readonly [readonly unknown[]], run) => greatest(list, undefined, run) },
  max_by: {
    takes: takes('list', 'expression'),
    call: ([list, by]: readonly [readonly unknown[], Step], run) => greatest(list, by, run),
  },
  min: { takes: takes('texts|numbers'), call: ([list]: readonly [readonly unknown[]], run) => least(list, undefined, run) },
  min_by: {
    takes: takes('list', 'expression'),
    call: ([list, by]: readonly [readonly unknown[], Step], run) => least(list, by, run),
  },
};

function contains([where, sought]: readonly [string | readonly unknown[], unknown], { budget }: Run): boolean | null {
  if (typeof where !== 'string') {
    if (typeof sought === 'string') spend(budget, where.length * (sought.length / 32));
    return where.includes(sought);
  }
  if (typeof sought !== 'string') return null;
  spend(budget, 1 + where.length / 2);
  return where.includes(sought);
}

/** Of a text its code points. */
function length([value]: readonly [string | readonly unknown[] | Members], run: Run): number {
  if (typeof value !== 'string') return Array.isArray(value) ? value.length : membersOf(value as Members, run).length;
  spend(run.budget, 1 + value.length / 2);
  let pairs = 0;
  for (let index = 0; index < value.length; index += 1) if (isLow(value.charCodeAt(index))) pairs += 1;
  return value.length - pairs;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function reverse([value]: readonly [string | readonly unknown[]], { budget }: Run): string | unknown[] {
  if (typeof value !== 'string') return value.toReversed();
  spend(budget, 2 * value.length);
  return Array.from(value).toReversed().join('');
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

const MEMBER = 8;

function membersOf(object: Members, { budget }: Run): [string, unknown][] {
  const names = Object.keys(object);
  spend(budget, MEMBER * names.length);
  return names.map((name) => [name, object[name]]);
}

function objectOf(pairs: readonly (readonly [string, unknown])[]): Members {
  const made = bare();
  for (const [name, value] of pairs) if (name !== '__proto__') made[name] = value;
  return made;
}

function zip(lists: readonly (readonly unknown[])[], { budget }: Run): unknown[][] {
  const shortest = Math.min(...lists.map((list) => list.length));
  spend(budget, shortest * lists.length);
  return Array.from({ length: shortest }, (_, index) => lists.map((list) => list[index]));
}
