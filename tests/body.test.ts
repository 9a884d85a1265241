import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BodyRule } from '../src/reservation/reception.ts';
import { readBody } from '../src/sources/body/read.ts';

/** What a body says, by the kind of body that its source sends. */

const RULE: BodyRule = { kind: 'json', largest: 1000, deepest: 64, contentEncoding: 'refuse' };

function read(body: string | Buffer, rule: Partial<BodyRule>, headers: Record<string, string> = {}) {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body);
  return readBody({ rawHeaders: Object.entries(headers).flat(), body: bytes }, { ...RULE, ...rule });
}

/** As plain objects, which compare. */
const document = (...given: Parameters<typeof read>): unknown => {
  const result = read(...given);
  if (!result.ok) throw new Error(result.problem);
  return JSON.parse(JSON.stringify(result.document));
};
const problem = (...given: Parameters<typeof read>): string => {
  const result = read(...given);
  return result.ok ? 'none' : result.problem;
};

describe('JSON', () => {
  test('is read whatever its content type, as deep as the source says', () => {
    expect(document('{"a":[1]}', {}, { 'Content-Type': 'text/plain' })).toEqual({ a: [1] });
    expect(document('[[1]]', { deepest: 2 })).toEqual([[1]]);
    expect(problem('[[[1]]]', { deepest: 2 })).toBe('nested deeper than 2 levels');
  });
});

describe('a form', () => {
  const form = (text: string) => document(text, { kind: 'form' });

  test('is an object of its fields, and a name that comes again is a list', () => {
    expect(form('a=1&b=two+words&b=%C3%A9&c&b=')).toEqual({ a: '1', b: ['two words', 'é', ''], c: '' });
    expect(form('')).toEqual({});
  });

  test('reaches nothing that JavaScript puts behind objects', () => {
    const result = read('__proto__=x&constructor=y&toString=z', { kind: 'form' });
    expect(result.ok && Object.getPrototypeOf(result.document)).toBe(null);
    expect(form('__proto__=x&constructor=y')).toEqual({ constructor: 'y' });
  });

  test('is refused with what a database cannot hold, with bytes that are no text, and with fields without end', () => {
    expect(problem('a=%00', { kind: 'form' })).toContain('NUL');
    expect(problem(Buffer.from([0x61, 0x3d, 0xff]), { kind: 'form' })).toBe('not valid UTF-8');
    expect(problem('a&'.repeat(1001), { kind: 'form' })).toBe('more than 1000 fields');
  });
});

test('a text is a member named text', () => {
  expect(document('\ufeffline 1\nline 2', { kind: 'text' })).toEqual({ text: 'line 1\nline 2' });
  expect(problem(Buffer.from([0xc3, 0x28]), { kind: 'text' })).toBe('not valid UTF-8');
});

describe('compressed', () => {
  const gzip = { contentEncoding: 'gzip' } as const;
  const headers = { 'Content-Encoding': 'gzip' };

  test('a body is inflated where its source may compress, and only there', () => {
    expect(document(gzipSync('{"a":1}'), gzip, headers)).toEqual({ a: 1 });
    expect(document('{"a":1}', gzip)).toEqual({ a: 1 });
    expect(problem(gzipSync('{"a":1}'), {}, headers)).not.toBe('none');
  });

  test('a small body that inflates to a large one is refused before it has', () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000, 0x20));
    const before = process.memoryUsage().arrayBuffers;
    expect(read(bomb, gzip, headers)).toEqual({ ok: false, problem: 'inflates to more than 1000 bytes', tooLarge: true });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5_000_000);
    expect(problem(Buffer.from('no gzip'), gzip, headers)).toBe('not valid gzip');
  });
});

describe('CloudEvents', () => {
  const event = { specversion: '1.0', id: '7', source: '/lab', type: 'booking.made' };
  const binary = { 'ce-specversion': '1.0', 'ce-id': '7', 'ce-source': '/lab', 'ce-type': 'booking.made' };
  const events = (body: string | Buffer, headers: Record<string, string> = {}) =>
    document(body, { kind: 'cloudevents' }, headers);
  const wrong = (body: string | Buffer, headers: Record<string, string> = {}) => problem(body, { kind: 'cloudevents' }, headers);

  test('a structured one, a batch and a binary one come to the same', () => {
    const full = { ...event, datacontenttype: 'application/json', data: { a: 1 } };
    const structured = { 'Content-Type': 'application/cloudevents+json; charset=UTF-8' };
    expect(events(JSON.stringify(full), structured)).toEqual({ events: [full] });
    expect(events(JSON.stringify([full]), { 'Content-Type': 'application/cloudevents-batch+json' })).toEqual({ events: [full] });
    expect(events('{"a":1}', { ...binary, 'Content-Type': 'application/json' })).toEqual({ events: [full] });
    expect(events('[]', { 'Content-Type': 'application/cloudevents-batch+json' })).toEqual({ events: [] });
  });

  test('a structured one under another content type is one all the same', () => {
    expect(events(JSON.stringify(event), { 'Content-Type': 'application/json' })).toEqual({ events: [event] });
  });

  test('headers of a binary one are unquoted and percent-decoded once, and extensions are told', () => {
    const headers = {
      ...binary,
      'CE-Subject': 'Euro%20%E2%82%AC%20%F0%9F%98%80',
      'ce-myext': '"a \\"b\\" %2520"',
      'ce-datacontenttype': 'x',
    };
    expect(events('', headers)).toEqual({ events: [{ ...event, subject: 'Euro € 😀', myext: 'a "b" %20' }] });
    for (const bad of ['%C0%A0', '%', '%zz', '%00']) expect(wrong('', { ...binary, 'ce-subject': bad })).toContain('ce-subject');
  });

  test('data that is no JSON is a text, bytes are told as what they say, and what says nothing stays as it is', () => {
    expect(events('<a/>', { ...binary, 'Content-Type': 'text/xml' })).toMatchObject({ events: [{ data: '<a/>' }] });
    expect(events('plain', binary)).toMatchObject({ events: [{ data: 'plain' }] });
    expect(events(Buffer.from([0xff]), { ...binary, 'Content-Type': 'image/png' })).toMatchObject({
      events: [{ data_base64: '/w==' }],
    });
    const encoded = (text: string, type?: string) =>
      JSON.stringify({ ...event, datacontenttype: type, data_base64: Buffer.from(text).toString('base64') });
    expect(events(encoded('{"a":1}', 'application/vnd.x+json'))).toMatchObject({ events: [{ data: { a: 1 } }] });
    expect(events(encoded('a,b', 'text/csv'))).toMatchObject({ events: [{ data: 'a,b' }] });
    expect(wrong('{', { ...binary, 'Content-Type': 'application/json' })).toContain('its data is not valid JSON');
  });

  test('what is no event is refused, and so is one of which it is not clear what it is', () => {
    for (const lacking of Object.keys(event)) {
      const { [lacking as keyof typeof event]: _, ...rest } = event;
      expect(wrong(JSON.stringify(rest))).toContain('not a CloudEvent');
    }
    const { 'ce-type': _, ...untyped } = binary;
    expect(wrong('{}', untyped)).toContain('ce-type');
    expect(wrong('"text"')).toContain('not a CloudEvent');
    const twice = (name: string) =>
      readBody(
        { rawHeaders: [...Object.entries(binary).flat(), name, 'a', name, 'b'], body: Buffer.alloc(0) },
        { ...RULE, kind: 'cloudevents' },
      );
    expect(twice('ce-subject')).toMatchObject({ ok: false, problem: 'there is more than one ce-subject header' });
    expect(twice('content-type').ok).toBe(false);
  });
});

test('whatever a body holds, it is read or refused, and nothing is thrown', () => {
  const kinds = fc.constantFrom<BodyRule['kind']>('json', 'form', 'text', 'cloudevents');
  const headers = fc.dictionary(
    fc.constantFrom('content-type', 'ce-specversion', 'ce-id', 'ce-type', 'ce-source', 'content-encoding'),
    fc.string({ maxLength: 30 }),
  );
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map(Buffer.from),
    fc.json().map(Buffer.from),
    fc.string().map(Buffer.from),
  );
  fc.assert(
    fc.property(bodies, kinds, headers, (body, kind, given) => {
      const result = read(body, { kind, contentEncoding: 'gzip' }, given);
      if (!result.ok) expect(result.problem).not.toBe('');
    }),
    { numRuns: 1000 },
  );
});
