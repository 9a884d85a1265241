import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../src/sources/json.ts';

const problem = (bytes: Buffer | string) => {
  const parsed = parseJson(bytes);
  return parsed.ok ? undefined : parsed.problem;
};
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('JSON from outside', () => {
  test.each<[string, Buffer | string, RegExp]>([
    ['nothing at all', '', /not valid JSON/],
    ['half a document', '{"a":', /not valid JSON/],
    ['a byte order mark', Buffer.from('\ufeff{"a":1}'), /not valid JSON/],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le'), /not valid/],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22]), /UTF-8/],
    ['65 levels', nested(65), /deeper than 64/],
    ['100 000 levels', nested(100_000), /deeper than 64/],
    ['100 000 open brackets', '['.repeat(100_000), /not valid JSON/],
    ['a member named twice', '{"a":1,"a":1}', /twice/],
    ['a member named twice, once in escapes', '{"eventId":1,"event\\u0049d":2}', /twice/],
    ['a member named twice deep inside', '[{"x":{"a":1,"b":"}","a":2}}]', /twice/],
    ['a number beyond a double', '{"a":[1e309]}', /too large/],
    ['a negative number beyond a double', '-1e309', /too large/],
    ['a NUL in a text', '"a\\u0000b"', /NUL/],
    ['a NUL in a name', '{"a\\u0000b":1}', /NUL/],
    ['half a surrogate pair', '"\\ud800"', /surrogate/],
    ['NaN', '{"a":NaN}', /not valid JSON/],
    ['a trailing comma', '[1,]', /not valid JSON/],
  ])('%s is refused', (_name, bytes, why) => {
    expect(problem(bytes)).toMatch(why);
  });

  test('64 levels are read, and brackets inside texts are not levels', () => {
    expect(parseJson(nested(64)).ok).toBe(true);
    expect(parseJson(JSON.stringify({ a: '[{"'.repeat(200), b: '\\"' }))).toMatchObject({ ok: true });
  });

  test('the same name in two objects is no repetition, nor is a value that looks like a name', () => {
    expect(parseJson('{"a":{"a":"a"},"b":[{"a":1},{"a":2}],"c" : "a"}').ok).toBe(true);
  });

  test('__proto__ changes no prototype, wherever it stands and however it is copied', () => {
    const parsed = parseJson('{"__proto__":{"admin":true},"a":{"\\u005f_proto__":{"admin":true},"constructor":{"prototype":1}}}');
    expect(parsed.ok).toBe(true);
    const value = (parsed as { value: { a: object; admin?: boolean } }).value;
    expect(Object.getPrototypeOf(value)).toBe(null);
    expect(Object.getPrototypeOf(value.a)).toBe(null);
    expect(value.admin).toBeUndefined();
    expect(Object.keys(value)).toEqual(['a']);
    expect((Object.assign({}, value) as { admin?: boolean }).admin).toBeUndefined();
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test('the problem never quotes the document', () => {
    expect(problem('{"password":"hunter2"')).not.toContain('hunter2');
    expect(problem('{"hunter2":1,"hunter2":2}')).not.toContain('hunter2');
  });

  test('whatever JSON.stringify writes is read back as it was', () => {
    const readable = (value: unknown) =>
      !/\\u0000|\\ud[89a-f]/iu.test(JSON.stringify(value)) && !JSON.stringify(value).includes('__proto__');
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }).filter(readable), (value) => {
        const parsed = parseJson(Buffer.from(JSON.stringify(value)));
        expect(parsed.ok && JSON.stringify(parsed.value)).toBe(JSON.stringify(value));
      }),
      { numRuns: 300 },
    );
  });

  test('any bytes get an answer, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(typeof parseJson(Buffer.from(bytes)).ok).toBe('boolean');
      }),
      { numRuns: 300 },
    );
  });

  test('a name with an escape is never read as one of an earlier document', () => {
    for (const earlier of ['{"a":1,"\\\\":2}', '{"a":1,"b\\\\u":2}']) parseJson(earlier);
    expect(parseJson('{"a":1,"\\u0062":2}')).toEqual({ ok: true, value: { a: 1, b: 2 } });
    expect(parseJson('{"a":1,"\\"":2}')).toEqual({ ok: true, value: { a: 1, '"': 2 } });
    expect(parseJson('{"a":1,"b\\u0063d":2}')).toEqual({ ok: true, value: { a: 1, bcd: 2 } });
    expect(problem('{"a":1,"\\u0061":2}')).toMatch(/twice/);
    // Nor as what is put in its place.
    const text = '{"\ue0000":1,"\ue000\ue0000":2,"\\u0062":3,"\\ue0000":4,"c":5}';
    expect(problem(text)).toMatch(/twice/);
    const read = parseJson(text.replace('"\\ue0000"', '"\\ue0001"'));
    expect(JSON.stringify(read.ok && read.value)).toBe('{"\ue0000":1,"\ue000\ue0000":2,"b":3,"\ue0001":4,"c":5}');
  });

  test('it says what a reading token by token says', () => {
    const name = fc.constantFrom(
      '"a"',
      '"b"',
      '"\\u0061"',
      '"__proto__"',
      '"\\\\"',
      '"\\""',
      '":"',
      '"{"',
      '"1"',
      '"\\u0000"',
      '"\\ud83d\\ude00"',
    );
    const space = fc.constantFrom('', ' ', '\n\t');
    const leaf = fc.oneof(name, fc.constantFrom('1', '-0', '1e400', 'null', 'true', '"\\ud800"', '[]', '{ }'));
    const between = (parts: readonly string[]) => parts.join(',');
    const { text } = fc.letrec<{ text: string }>((tie) => {
      const member = fc
        .tuple(space, name, space, tie('text'), space)
        .map(([a, named, b, value, c]) => `${a}${named}${b}:${value}${c}`);
      return {
        text: fc.oneof(
          { maxDepth: 5 },
          leaf,
          fc.array(tie('text'), { maxLength: 3 }).map((parts) => `[${between(parts)}]`),
          fc.array(member, { maxLength: 3 }).map((parts) => `{${between(parts)}}`),
          tie('text').map((inner) => '['.repeat(62) + inner + ']'.repeat(62)),
        ),
      };
    });
    let read = 0;
    fc.assert(
      fc.property(text, (document) => {
        const parsed = parseJson(document);
        expect(parsed.ok ? { value: parsed.value } : undefined).toEqual(readByTokens(document));
        if (parsed.ok) read += 1;
      }),
      { numRuns: 2_000 },
    );
    expect(read).toBeGreaterThan(200);
  });
});

/** Slow, and plain: every string, with a colon behind it if it is a member's name, and every bracket. Undefined for what is refused. */
function readByTokens(document: string): { readonly value: unknown } | undefined {
  const open: Set<string>[] = [];
  for (const [token, colon] of document.matchAll(STRINGS)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (colon) {
      const name = JSON.parse(token) as string;
      if (open.at(-1)!.has(name)) return undefined;
      open.at(-1)!.add(name);
    }
    if (open.length > 64) return undefined;
  }
  const read = copy(
    JSON.parse(document.replace(STRINGS, (token: string, colon?: string) => (colon ? `"${toHex(token)}"` : token))),
  );
  return read === REFUSED ? undefined : { value: read };
}

const STRINGS = /"[^"\\]*(?:\\.[^"\\]*)*"(?=\s*(:)?)|[{}[\]]/gu;
const toHex = (token: string) => `n${Buffer.from(JSON.parse(token) as string, 'utf16le').toString('hex')}`;
const fromHex = (name: string) => Buffer.from(name.slice(1), 'hex').toString('utf16le');

const REFUSED = Symbol('refused');

function copy(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed() ? REFUSED : value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : REFUSED;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const elements = value.map(copy);
    return elements.includes(REFUSED) ? REFUSED : elements;
  }
  const members = Object.entries(value).map(([name, member]) => [copy(fromHex(name)), copy(member)] as [string, unknown]);
  if (members.flat().includes(REFUSED)) return REFUSED;
  return Object.fromEntries(members.filter(([name]) => name !== '__proto__'));
}
