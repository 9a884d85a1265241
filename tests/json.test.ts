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
});
