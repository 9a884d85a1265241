import { describe, expect, test } from 'vitest';
import { createBudget, Exhausted } from '../src/sources/map/budget.ts';
import { compileExpression } from '../src/sources/map/expression.ts';
import { createMapping } from '../src/sources/map/map.ts';
import { scopeOf } from '../src/sources/map/run.ts';
import { MapEntry } from '../src/sources/map/schema.ts';
import { parseJson } from '../src/sources/json.ts';

/** What a hostile body, or a careless configuration, could do with expressions. */

function received(value: unknown): unknown {
  const parsed = parseJson(JSON.stringify(value));
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

function evaluate(text: string, document: unknown, headers: Record<string, string> = {}): unknown {
  return compileExpression(text, { zone: 'UTC' }).evaluate(scopeOf(document, { headers }), createBudget());
}

const refusal = (text: string): string => {
  try {
    compileExpression(text, {});
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`${text} was taken`);
};

describe('what is refused when the configuration is read', () => {
  test.each<[string, string, RegExp]>([
    ['a function that makes texts as long as a number says', "pad_left('x', `200000000`)", /pad_left\(\) is not a function here/],
    ['replacing, which makes products', "replace(a, 'x', a)", /replace\(\) is not a function/],
    ['grouping by names from outside', 'group_by(a, &b)', /group_by\(\) is not a function/],
    ['searching from the end, which is slow as a product', 'find_last(a, b)', /find_last\(\) is not a function/],
    ['a misspelt function', 'lowr(a)', /did you mean "lower"/],
    ['what JavaScript has', 'constructor(a)', /constructor\(\) is not a function/],
    ['what JavaScript has, in another way', '__proto__(a)', /not a function/],
    ['let', 'let $a = b in $a', /let … in/],
    ['a variable', '$a', /variables/],
    ['an expression where no function takes one', '{ a: &b }', /& stands before an argument/],
    ['an expression that is no argument', '&a', /& stands before an argument/],
    ['an expression where a value belongs', 'length(&a)', /length\(\) takes no expression as its argument 1/],
    ['a value where an expression belongs', 'sort_by(a, b)', /sort_by\(\) takes an expression, such as &name, as its argument 2/],
    ['a value from the body where an expression belongs', 'map(body.evil, a)', /map\(\) takes an expression/],
    ['__proto__ as a member', 'a.__proto__', /__proto__ is not allowed/],
    ['__proto__ as a quoted member', 'a."__proto__".b', /__proto__ is not allowed/],
    ['__proto__ as a new member', '{ "__proto__": a }', /__proto__ is not allowed/],
    ['all headers', 'request.headers', /name one/],
    ['all headers in a list', 'request.headers.*', /name one/],
    ['too long a text', `'${'x'.repeat(2000)}'`, /longer than 2000/],
    ['too many parts', Array.from({ length: 450 }, () => 'a').join('||'), /too long/],
    ['a tower of brackets', `${'['.repeat(990)}a${']'.repeat(990)}`, /too (long|deep)|nested/],
    ['a slice that stands still', 'a[::0]', /steps of 0/],
    ['a negation that JMESPath reads otherwise', '!a.b', /!\(a\.b\)/],
    ['too few arguments', 'join(a)', /join\(\) takes 2 arguments, not 1/],
    ['too many arguments', 'lower(a, b)', /lower\(\) takes 1 argument, not 2/],
    ['a time without a zone', 'datetime(a, b)', /needs a zone/],
    ['a zone that is none', "datetime(a, b, 'Europe/Rom')", /names no time zone: "Europe\/Rom"/],
    ['a unit that is none', "epoch(a, 'minutes')", /s or ms/],
    ['nothing that ends', 'a.b.', /ends too early/],
    ['a sign in the wrong place', 'a.b ) c', /"\)" at character 5/],
  ])('%s', (_what, text, message) => {
    expect(refusal(text)).toMatch(message);
  });
});

describe('what a document cannot reach', () => {
  test.each([
    'constructor',
    'toString',
    'hasOwnProperty',
    'valueOf',
    '"__defineGetter__"',
    'constructor.name',
    'a.constructor',
    'l.length',
    'l.map',
    't.length',
  ])('%s of an object that does not have it is null', (text) => {
    expect(evaluate(text, received({ a: {}, l: [1], t: 'x' }))).toBeNull();
    // Even of objects that came by another way than from a body.
    expect(evaluate(text, { a: {}, l: [1], t: 'x' })).toBeNull();
  });

  test('objects that are made have no prototype, those of literals neither', () => {
    for (const text of ['{ a: b }', 'merge(body, { a: b })', "from_items([['a', b]])", '`{"a": 1}`', '`[{"a": {}}]`[0].a'])
      expect(Object.getPrototypeOf(evaluate(text, { b: 1 }))).toBeNull();
  });

  test('a member named __proto__ is dropped wherever members are made', () => {
    const hostile = JSON.parse('{"__proto__": {"scopes": ["admin"]}, "pairs": [["__proto__", {"scopes": ["admin"]}]]}');
    for (const text of ['merge(body, body)', 'from_items(pairs)']) {
      const made = evaluate(text, hostile) as Record<string, unknown>;
      expect(made['scopes']).toBeUndefined();
      expect(Object.keys(made)).not.toContain('__proto__');
    }
  });

  test('an object that looks like an expression is none', () => {
    const evil = { expref: true, type: 'Field', name: 'secret', jmespathType: 'Expref' };
    const document = received({ evil, list: [{ secret: 1 }, { secret: 2 }] });
    expect(evaluate('type(evil)', document)).toBe('object');
    expect(evaluate('map(&secret, list)', document)).toEqual([1, 2]);
    expect(evaluate('sort_by(list, &secret)[0].secret', document)).toBe(1);
  });

  test('a header is known by its name in any case, and no other is there', () => {
    const headers = { 'x-kind': 'moved' };
    expect(evaluate('request.headers."X-Kind"', {}, headers)).toBe('moved');
    expect(compileExpression('request.headers."X-Kind"', {}).headers).toEqual(['x-kind']);
  });

  test('nothing but JSON comes out', () => {
    for (const text of ['`1` / `0`', 'sum([`1e308`, `1e308`])', '`5` % `0`', 'avg([`1e308`, `1e308`])'])
      expect(() => evaluate(text, {})).toThrow(/no number/);
    expect(evaluate("to_number('Infinity')", {})).toBeNull();
    expect(evaluate("to_number('1e999')", {})).toBeNull();
    expect(evaluate("to_number('0x10')", {})).toBeNull();
    expect(evaluate('a[5]', { a: [1] })).toBeNull();
  });
});

const numbers = received({ list: Array.from({ length: 20_000 }, (_, index) => (index * 7919) % 20_000) });
const objects = received({ list: Array.from({ length: 6_000 }, (_, id) => ({ id, name: `n${id}` })) });
const text = received({ text: 'a'.repeat(250_000), spaces: ' '.repeat(250_000), list: Array.from({ length: 2_000 }, () => 1) });

const json = received({ json: `[${'1,'.repeat(100_000)}1]`, list: Array.from({ length: 100 }, () => 1) });
const wide = received({
  ...Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`m${index}`, index])),
  list: Array.from({ length: 500 }, () => 1),
});

describe('what would take long is stopped: the work is counted, and what is made is counted before it is made', () => {
  test.each<[string, string, unknown]>([
    ['each with each', 'list[*].[$.list[*].id]', objects],
    ['the whole in every element', 'list[*].to_string($)', objects],
    ['the whole compared with itself in every element', 'list[?map(&id, $.list) == map(&id, $.list)]', objects],
    ['lists of lists of the whole', 'list[*].[$.list][][]', numbers],
    ['a flattening of many times the same', 'map(&$.list, list)[]', numbers],
    ['filters in filters', 'list[?length($.list[?@ == `1`]) > `0`]', numbers],
    ['a sort in every element', 'list[*].sort($.list)', numbers],
    ['a sort by a sort', 'sort_by(list, &length(sort($.list)))', numbers],
    ['a text joined as often as there are elements', "list[*].join('', [$.text, $.text])", text],
    ['a text that grows', "join('', map(&$.text, list))", text],
    ['letters of a text in every element', "list[*].split($.text, '')", text],
    ['a search in every element', "list[*].contains($.text, 'b')", text],
    ['white space in every element', 'list[*].trim($.spaces)', text],
    ['a text backwards in every element', 'list[*].reverse($.text)', text],
    ['a slice in every element', 'list[*].[$.text[::2]]', text],
    ['a text read as JSON in every element', 'list[*].parse_json($.json)', json],
    ['members of the whole in every element', 'list[*].keys($)', wide],
    ['the whole merged in every element', 'list[*].merge($, $)', wide],
    ['a zip in every element', 'list[*].zip($.list, $.list, $.list)', numbers],
  ])('%s', (_what, expression, document) => {
    const budget = createBudget();
    const compiled = compileExpression(expression, {});
    expect(() => compiled.evaluate(scopeOf(document), budget)).toThrow(Exhausted);
    expect(budget.left).toBeLessThan(0);
  });

  test.each<[string, string, unknown]>([
    ['sorting 20 000 numbers', 'sort(list)[0]', numbers],
    ['the greatest of 20 000', 'max(list)', numbers],
    ['one search in a long text', "contains(text, 'b')", text],
    ['trimming 250 000 spaces once', 'trim(spaces)', text],
    ['the whole as a text', 'length(to_string(body))', objects],
  ])('%s is within it', (_what, expression, document) => {
    const budget = createBudget();
    expect(compileExpression(expression, {}).evaluate(scopeOf(document), budget)).not.toBeNull();
    expect(budget.left).toBeGreaterThan(0);
  });

  test('regular expressions are given no long text', () => {
    const long = '2026-01-01T10:00:00.'.padEnd(250_000, '1');
    for (const expression of ['iso(body)', 'epoch(body)', 'add_minutes(body, `1`)', 'datetime(body, body)'])
      expect(() => compileExpression(expression, { zone: 'UTC' }).evaluate(scopeOf(long), createBudget())).toThrow(/date|time/);
  });
});

describe('a document as a whole', () => {
  const rules = MapEntry.parse([
    {
      action: 'created',
      forEach: 'events',
      fields: { reservationId: 'item.id', startsAt: 'item.start', title: 'around', parameters: 'asked', holders: 'people' },
    },
  ]);
  const mapping = createMapping({ rules }, (path, message) => expect.unreachable(`${path.join('.')} ${message}`));
  const map = (document: unknown) => mapping.map(received(document), { now: new Date('2026-01-01T00:00:00Z') });

  test('many elements with much around them that is read for each are kept in one piece', () => {
    const events = Array.from({ length: 1_000 }, (_, id) => ({ id }));
    for (const around of [
      { around: 'x'.repeat(200_000) },
      { asked: '[1]'.padStart(200_000) },
      { people: Array.from({ length: 500 }, (_, id) => ({ id, name: 'x'.repeat(300) })) },
    ])
      expect(map({ events, ...around })).toMatchObject([
        { outcome: 'quarantined', reason: expect.stringContaining('more work') },
      ]);
  });

  test('people and parameters are paid for as they are read by their shape', () => {
    const people = Array.from({ length: 30 }, (_, id) => ({ id, email: 'ana@example.org' }));
    for (const [most, each] of [
      [150, { people }],
      [1_000, { asked: { scopes: Array.from({ length: 12 }, (_, id) => `s${id}`), quota: 5 } }],
    ] as const) {
      const bookings = MapEntry.parse([
        {
          action: 'created',
          forEach: 'events',
          fields: { reservationId: 'item.id', holders: 'item.people', parameters: 'item.asked' },
        },
      ]);
      const { map: mapAll } = createMapping({ rules: bookings }, () => expect.unreachable());
      const events = (count: number) => received({ events: Array.from({ length: count }, (_, id) => ({ id, ...each })) });
      expect(mapAll(events(most / 2), { now: new Date(0) })).toHaveLength(most / 2);
      expect(mapAll(events(2 * most), { now: new Date(0) })).toMatchObject([{ reason: expect.stringContaining('more work') }]);
    }
  });

  test('many that cannot be read are kept in one piece, and more than 2000 are not looked at', () => {
    const broken = Array.from({ length: 2_000 }, (_, id) => ({ id, start: 'x' }));
    expect(map({ events: broken, around: 'much' })).toMatchObject([
      { outcome: 'quarantined', reason: expect.stringContaining('2000 of its 2000') },
    ]);
    expect(map({ events: Array.from({ length: 2_001 }, () => 1) })).toMatchObject([
      { outcome: 'quarantined', reason: expect.stringContaining('more than 2000') },
    ]);
  });

  test('2000 usual events are within what one document may take', () => {
    const events = Array.from({ length: 2_000 }, (_, id) => ({ id, start: '2026-01-01T10:00:00Z' }));
    expect(new Set(map({ events }).map(({ outcome }) => outcome))).toEqual(new Set(['accepted']));
  });

  test('what is kept shows no more of a value than its beginning', () => {
    const [item] = map({ events: [{ id: 1, start: 'y'.repeat(100_000) }] });
    expect(item).toMatchObject({ outcome: 'quarantined', problems: [{ value: expect.stringMatching(/^"y{60,80}…$/) }] });
    expect(item!.outcome === 'quarantined' && item!.reason).not.toContain('yy');
  });

  test('nor what the names in a value call secret', () => {
    const rule = { action: 'created', fields: { reservationId: 'id', startsAt: 'user' } };
    const { map: mapOne } = createMapping({ rules: MapEntry.parse([rule]) }, () => expect.unreachable());
    const sent = received({ id: 1, user: { name: 'Ada', password: 'hunter2', keys: [{ api_key: 'hunter2' }] } });
    expect(mapOne(sent, { now: new Date(0) })).toMatchObject([
      { problems: [{ value: '{"name":"Ada","password":"[secret]","keys":[{"api_key":"[secret]"}]}' }] },
    ]);
  });
});
