import { describe, expect, test } from 'vitest';
import { formOf, redactBody, redactDocument, redactHeaders } from '../src/lab/redact.ts';
import { Secret } from '../src/secret/secret.ts';

const OWN = 'our-own-shared-secret-0001';
const bodyOf = (text: string) => redactBody(Buffer.from(text), [new Secret(OWN)]).body;

describe('a body that is kept loses its secrets', () => {
  test.each([
    ['a member with such a name', '{"password":"abc def"}', 'abc def'],
    ['one below such a name', '{"credentials":{"user":"ada","key":"abc def"}}', 'abc def'],
    ['one in a list', '{"tokens":["abc-1","abc-2"]}', 'abc-'],
    ['JSON in a text', JSON.stringify({ form: '{"apiKey":"abc"}' }), 'abc'],
    ['our own secret, wherever it is', JSON.stringify({ note: `x ${OWN} y` }), OWN],
    ['our own secret as a name', JSON.stringify({ [OWN]: 1 }), OWN],
    ['a form', 'user=ada&token=abc', 'abc'],
    ['plain text', 'password: abc, user: ada', 'abc'],
    ['what is nearly JSON', '{"password":"abc def",}', 'abc def'],
    ['what is cut off', '{"ref":"B1","password":"abc def', 'abc def'],
    ['what is cut off in single quotes', "token: 'abc def", 'abc def'],
    ['a name that comes twice', '{"a":{"secret":"abc def"},"a":1}', 'abc def'],
    ['a signed token', '{"link":"eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl"}', 'eyJzdWIiOiIx'],
  ])('%s', (_name, text, secret) => {
    expect(bodyOf(text)).not.toContain(secret);
  });

  test('bytes that are no text are not kept at all', () => {
    expect(redactBody(Buffer.from([0xff, 0x61, 0x62]), [])).toEqual({ body: '[secret]', encoding: 'utf8' });
  });

  test('and what says nothing secret stays byte for byte', () => {
    const text = ' {"ref": "B1",  "user": {"mail": "ada@example.org"}, "n": 1.0}';
    expect(bodyOf(text)).toBe(text);
    expect(redactDocument({ at: '2026-01-01', n: 7, ok: true, none: null })).toEqual({
      at: '2026-01-01',
      n: 7,
      ok: true,
      none: null,
    });
  });

  test('in a time that grows with its length', () => {
    const began = performance.now();
    for (const part of ['-eyJ', 'a.', 'password ', '"token"', 'a_', '://', '{"a":"'])
      bodyOf(`x ${part.repeat(Math.floor(250_000 / part.length))}`);
    expect(performance.now() - began).toBeLessThan(5000);
  });
});

test.each([
  ['v1=0123456789abcdef', 'v1=…16 hex'],
  ['t=1700000000,v1=00ff', 't=…10 digits,v1=…4 hex'],
  ['v1,c2lnbmF0dXJl v1,bW9yZQ==', 'v1,…12 base64 v1,…8 base64'],
  ['Bearer xyz', 'Bearer …3 base64'],
  ['xyz', '…3 base64'],
])('a header %s tells its form only: %s', (value, form) => {
  expect(formOf(value)).toBe(form);
});

test('headers that nobody listed tell their form, also where the mapping reads one that is called secret', () => {
  const raw = ['X-Desk', '7', 'X-Api-Key', 'abc', 'X-Other', 'def', 'User-Agent', 'desk/1', 'X-Desk', '8'];
  expect(redactHeaders(raw, { read: ['x-desk', 'x-api-key'], known: [] })).toEqual({
    'x-desk': ['7', '8'],
    'x-api-key': '…3 hex',
    'x-other': '…3 hex',
    'user-agent': 'desk/1',
  });
});
