import { compile, register, TreeInterpreter, type InputSignature, type JSONValue } from '@jmespath-community/jmespath';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBudget } from '../src/sources/map/budget.ts';
import { compileExpression } from '../src/sources/map/expression.ts';
import { scopeOf } from '../src/sources/map/run.ts';
import { documents, expressions } from './expressions.ts';

/** Our evaluation against the library's own interpreter, from the same tree: where that gives a value, so do we, and it is the same. */

type Outcome = { readonly value: unknown } | { readonly threw: string };

function outcomeOf(evaluate: () => unknown): Outcome {
  try {
    // Objects of either may have a prototype, and there is one zero in JSON.
    return { value: JSON.parse(JSON.stringify(evaluate())) };
  } catch (error) {
    return { threw: (error as Error).message };
  }
}

const ours = (text: string, document: unknown): Outcome =>
  outcomeOf(() => compileExpression(text, { zone: 'UTC' }).evaluate(scopeOf(document), createBudget()));

const theirs = (text: string, document: unknown): Outcome =>
  outcomeOf(() => TreeInterpreter.search(compile(text), document as JSONValue));

/** What the library has otherwise than the specification, which we follow. */
const CORRECTED = {
  // The library compares numbers as texts: [10, 9] would be sorted.
  sort: ([list]: [(string | number)[]]) =>
    list.toSorted((a, b) => (typeof a === 'number' ? a - (b as number) : byPoints(a, b as string))),
  // It compares by the language of the machine.
  max: ([list]: [(string | number)[]]) =>
    list.toSorted((a, b) => (typeof a === 'number' ? (b as number) - a : byPoints(b as string, a)))[0] ?? null,
  min: ([list]: [(string | number)[]]) => CORRECTED.sort([list])[0] ?? null,
  // It turns elements with the same text as their key around.
  sort_by: ([list, by]: [unknown[], unknown]) =>
    keysOf(list, by)
      .toSorted((a, b) => (CORRECTED.sort([[a.key, b.key]])[0] === a.key ? (a.key === b.key ? 0 : -1) : 1))
      .map(({ element }) => element),
  // With texts as keys it finds nothing, nor does it where 0, false or "" is found.
  max_by: (args: [unknown[], unknown]) => byKey(args, (a, b) => b > a),
  min_by: (args: [unknown[], unknown]) => byKey(args, (a, b) => b < a),
  // It adds an empty text to parts that are few enough.
  split: ([text, by, most]: [string, string, number?]) => {
    const parts = text === '' && by === '' ? [] : text.split(by);
    return most === undefined || most >= parts.length ? parts : [...parts.slice(0, most), parts.slice(most).join(by)];
  },
  // "" and " 7 " are no numbers of JSON.
  to_number: ([value]: [unknown]) =>
    typeof value === 'string' && /^-?\d/.test(value) && value.trim() === value
      ? Number(value)
      : typeof value === 'number'
        ? value
        : null,
  // It looks at no argument behind the first.
  merge: (objects: unknown[]) => (objects.every(isObject) ? Object.assign({}, ...objects) : refuse()),
  zip: (lists: unknown[][]) =>
    lists.every(Array.isArray)
      ? lists[0]!.slice(0, Math.min(...lists.map(({ length }) => length))).map((_, at) => lists.map((list) => list[at]))
      : refuse(),
} as const;

const byPoints = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
function refuse(): never {
  throw new Error('invalid type');
}

type Keyed = { readonly element: unknown; readonly key: string | number };
function keysOf(list: readonly unknown[], by: unknown): Keyed[] {
  const keyed = list.map((element): Keyed => ({ element, key: TreeInterpreter.visit(by as never, element as never) as never }));
  return keyed.every(({ key }) => typeof key === typeof keyed[0]!.key && ['string', 'number'].includes(typeof key))
    ? keyed
    : refuse();
}

function byKey([list, by]: [unknown[], unknown], beats: (best: never, other: never) => boolean): unknown {
  let best: Keyed | undefined;
  for (const one of keysOf(list, by)) if (!best || beats(best.key as never, one.key as never)) best = one;
  return best ? best.element : null;
}

/** What we refuse and it does not: JMESPath reads `!a.b` as (!a).b, and JSON has no NaN, which 1 % 0 is. */
const REFUSED = ['write !(a.b)', 'calculates what is no number'];

const table = (TreeInterpreter as unknown as { runtime: { _functionTable: Record<string, { _signature: InputSignature[] }> } })
  .runtime._functionTable;
for (const [name, corrected] of Object.entries(CORRECTED))
  register(name, corrected as never, table[name]!._signature, { override: true });

const PEOPLE = {
  people: [
    { name: 'Bob', age: 30, tags: ['a', 'b'] },
    { name: 'Ann', age: 20, tags: ['c'] },
    { name: 'Cy', state: { id: 'x' } },
  ],
};
const LISTS = {
  list: [0, 1, 2, 3, 4, 5],
  nested: [[0, 1], 2, [3], [4, [5]]],
  odd: [null, 1, false],
  text: 'foobar',
  pairs: [
    ['a', 1],
    ['b', 2],
  ],
};
const OPS = { ops: { a: { n: 2 }, b: { n: 3 }, c: { other: 1 } }, n: 5, zero: 0, empty: '', none: [], no: {}, f: false };

/** Of each construct that a mapping may use: what the specification (jmespath.site) says of it. */
describe('expressions of the specification', () => {
  test.each<[string, unknown, unknown]>([
    ['people[0].name', PEOPLE, 'Bob'],
    ['people[-1].state.id', PEOPLE, 'x'],
    ['people[7].name', PEOPLE, null],
    ['people.name', PEOPLE, null],
    ['"people"[0]."name"', PEOPLE, 'Bob'],
    ['list[1:3]', LISTS, [1, 2]],
    ['list[:2]', LISTS, [0, 1]],
    ['list[::2]', LISTS, [0, 2, 4]],
    ['list[::-1]', LISTS, [5, 4, 3, 2, 1, 0]],
    ['list[-2:]', LISTS, [4, 5]],
    ['list[10:-10:-2]', LISTS, [5, 3, 1]],
    ['text[:3]', LISTS, 'foo'],
    ['text[::-1]', LISTS, 'raboof'],
    ['people[*].name', PEOPLE, ['Bob', 'Ann', 'Cy']],
    ['people[*].age', PEOPLE, [30, 20]],
    ['people[:2].tags', PEOPLE, [['a', 'b'], ['c']]],
    ['people[].tags[]', PEOPLE, ['a', 'b', 'c']],
    ['nested[]', LISTS, [0, 1, 2, 3, 4, [5]]],
    ['nested[][]', LISTS, [0, 1, 2, 3, 4, 5]],
    ['text[]', LISTS, null],
    ['text[*]', LISTS, null],
    ['odd[*]', LISTS, [1, false]],
    ['odd[]', LISTS, [1, false]],
    ['ops.*.n', OPS, [2, 3]],
    ['n.*', OPS, null],
    ['people[?age > `25`].name', PEOPLE, ['Bob']],
    ["people[?name == 'Ann' || state].name", PEOPLE, ['Ann', 'Cy']],
    ["people[?contains(not_null(tags, `[]`), 'c')].name | [0]", PEOPLE, 'Ann'],
    ['people[?!age].name', PEOPLE, ['Cy']],
    ['people[*].name | [0]', PEOPLE, 'Bob'],
    ['people[*].tags | [0]', PEOPLE, ['a', 'b']],
    ['people[*].tags[0]', PEOPLE, ['a', 'c']],
    ['(people[*].tags)[0]', PEOPLE, ['a', 'b']],
    ['people[0].[name, age]', PEOPLE, ['Bob', 30]],
    [
      'people[*].{who: name, first: tags[0]}',
      PEOPLE,
      [
        { who: 'Bob', first: 'a' },
        { who: 'Ann', first: 'c' },
        { who: 'Cy', first: null },
      ],
    ],
    ['missing.[a]', PEOPLE, null],
    ['missing.{a: b}', PEOPLE, null],
    ['n == `5` && f == `false`', OPS, true],
    ['ops == `{"c": {"other": 1}, "b": {"n": 3}, "a": {"n": 2}}`', OPS, true],
    ["n < 'x'", OPS, null],
    ['zero && n', OPS, 5],
    ['empty || none || no || f || missing', OPS, null],
    ['!none && !no && !empty && !missing', OPS, true],
    ['!zero', OPS, false],
    ["n > `3` ? 'more' : 'less'", OPS, 'more'],
    ["none ? 'some' : 'none'", OPS, 'none'],
    ['n + n * `2`', OPS, 15],
    ['(n + n) * `2`', OPS, 20],
    ['n / `2` - -n', OPS, 7.5],
    ['n // `2`', OPS, 2],
    ['n % `2`', OPS, 1],
    ['people[?age > $.least]', { ...PEOPLE, least: 25 }, [PEOPLE.people[0]]],
    ['people[*].{n: name, of: length($.people)} | [0]', PEOPLE, { n: 'Bob', of: 3 }],
    ['@.n', OPS, 5],
    ['`"x"` == \'x\'', OPS, true],
    ['abs(`-1`)', {}, 1],
    ['avg(list)', LISTS, 2.5],
    ['avg(none)', OPS, null],
    ['ceil(`1.2`) - floor(`1.8`)', {}, 1],
    ["contains(text, 'oba')", LISTS, true],
    ["ends_with(text, 'bar') && starts_with(text, 'foo')", LISTS, true],
    ["find_first(text, 'o')", LISTS, 1],
    ["find_first(text, 'o', `2`, `3`)", LISTS, 2],
    ['from_items(pairs)', LISTS, { a: 1, b: 2 }],
    ['items(from_items(pairs))', LISTS, LISTS.pairs],
    ["join('-', people[].name)", PEOPLE, 'Bob-Ann-Cy'],
    ['keys(ops)', OPS, ['a', 'b', 'c']],
    ["length('𝒳y')", {}, 2],
    ["lower('AÉ')", {}, 'aé'],
    ['map(&age, people)', PEOPLE, [30, 20, null]],
    ['max(list)', LISTS, 5],
    ['max(`["a", "B"]`)', {}, 'a'],
    ['max_by(people[:2], &age).name', PEOPLE, 'Bob'],
    ['min_by(people, &name).name', PEOPLE, 'Ann'],
    ['max_by(none, &a)', OPS, null],
    ['merge(`{"a": 1, "b": 2}`, `{"b": 3}`)', {}, { a: 1, b: 3 }],
    ['not_null(missing, f, n)', OPS, false],
    ["reverse('𝒳y')", {}, 'y𝒳'],
    ['sort(`[10, 9, -1]`)', {}, [-1, 9, 10]],
    ['sort_by(people, &name)[*].name', PEOPLE, ['Ann', 'Bob', 'Cy']],
    ["split('all chars', '')[:2]", {}, ['a', 'l']],
    ["split('a-b-c', '-', `1`)", {}, ['a', 'b-c']],
    ['sum(none)', OPS, 0],
    ['to_array(n)', OPS, [5]],
    ["to_number('1e2')", OPS, 100],
    ["to_number('x')", OPS, null],
    ['to_string(ops.a)', OPS, '{"n":2}'],
    ["trim('  a  ')", {}, 'a'],
    ["trim_left('xxax', 'x')", {}, 'ax'],
    ["trim_right('xax', 'x')", {}, 'xa'],
    [
      '[type(n), type(f), type(none), type(no), type(empty), type(missing)]',
      OPS,
      ['number', 'boolean', 'array', 'object', 'string', 'null'],
    ],
    ['upper(text)', LISTS, 'FOOBAR'],
    ['values(ops.a)', OPS, [2]],
    [
      'zip(list, `["a", "b"]`)',
      LISTS,
      [
        [0, 'a'],
        [1, 'b'],
      ],
    ],
  ])('%s', (text, document, expected) => {
    expect(ours(text, document)).toEqual({ value: expected });
  });
});

describe('expressions that are made at random', () => {
  test('mean what the library has them mean, wherever it gives a value', () => {
    let compared = 0;
    fc.assert(
      fc.property(expressions, documents, (text, document) => {
        const [mine, other] = [ours(text, document), theirs(text, document)];
        // Where a null is no argument it throws, and we go on with null.
        if ('threw' in other || ('threw' in mine && REFUSED.some((why) => mine.threw.startsWith(why)))) return;
        compared += 1;
        expect(mine).toEqual(other);
      }),
      { numRuns: 6_000 },
    );
    expect(compared).toBeGreaterThan(3_000);
  });
});
