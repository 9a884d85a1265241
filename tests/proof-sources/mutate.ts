import type { Random } from './random.ts';

/** Bodies that a sender might post by mistake or by malice: a good one, with something wrong in it. */

/** Stands in a document for text that JSON.stringify would not write. */
const raw = (text: string) => `@@${Buffer.from(text).toString('hex')}@@`;

const deep = (levels: number, open: string, close: string) => raw(open.repeat(levels) + close.repeat(levels));

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  '',
  ' ',
  0,
  raw('-0'),
  -1,
  1.5,
  2 ** 53,
  raw('9007199254740993'),
  raw('1e308'),
  raw('1e309'),
  raw('-1e309'),
  raw('1e-400'),
  raw('0.1e1'),
  'NaN',
  'null',
  '[object Object]',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  raw('"\\u0000"'),
  raw('"\\ud800"'),
  raw('"\\udc00\\ud800"'),
  '\u202e\u200b\ufeff',
  '𝕬'.repeat(300),
  'x'.repeat(201),
  'x'.repeat(20_000),
  'ａ@ｂ.ｃ',
  'a@b\r\nBcc: c@d',
  '<script>alert(1)</script>',
  "'; drop table event; --",
  '${jndi:ldap://x}',
  '{{7*7}}',
  [],
  {},
  [[]],
  [null, null],
  ['', 0, {}],
  { id: { id: { id: {} } } },
  deep(60, '[', ']'),
  deep(70, '[', ']'),
  deep(10_000, '[', ']'),
  deep(20_000, '{"a":', '1}'.slice(1)),
  raw('{"__proto__":{"polluted":true}}'),
  raw('{"constructor":{"prototype":{"polluted":true}}}'),
  raw('{"a":1,"a":2}'),
  raw('{"length":4294967296}'),
  Array.from({ length: 3000 }, (_, index) => index),
  Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`k${index}`, index])),
  '2026-02-30T10:00:00Z',
  '2026-03-29T02:30:00',
  '9999-12-31T23:59:59.999999999Z',
  '+275760-09-13T00:00:00Z',
  '-000001-01-01T00:00:00Z',
  '1969-12-31T23:59:59Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T10:00:00+99:99',
  '2026-W10-1',
  8.64e15,
  8.64e15 + 1,
  -8.64e15,
  Number.MAX_SAFE_INTEGER,
  '1772442000',
  '99999999999999999999',
  '{"scopes":["read"],"quota":1e999}',
  '[[[[[[',
];

const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'body',
  'item',
  'request',
  '',
  '\u0000',
  'a.b',
  '"',
  '$ref',
];

/** A copy of the document in which something is other than it was. */
function changed(random: Random, document: unknown): unknown {
  const copy = structuredClone(document);
  const places = placesOf(copy);
  if (places.length === 0) return random.pick(VALUES);
  for (let times = 1 + random.below(3); times > 0; times -= 1) {
    const { holder, name } = random.pick(places);
    const members = holder as Record<string, unknown>;
    const how = random.below(6);
    if (how <= 2) members[name] = random.pick(VALUES);
    else if (how === 3) delete members[name];
    else if (how === 4) Object.defineProperty(members, random.pick(NAMES), { ...PLAIN, value: members[name] });
    else members[name] = Array.from({ length: random.pick([2, 50, 1500]) }, () => members[name]);
  }
  return copy;
}

const PLAIN = { enumerable: true, configurable: true, writable: true };

function placesOf(value: unknown): { holder: object; name: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [{ holder: value, name }, ...placesOf(member)]);
}

/** Never longer than what a service takes from anybody. */
const LONGEST = 300 * 1024;

function written(document: unknown): string {
  const text = JSON.stringify(document) ?? 'null';
  return text.slice(0, LONGEST).replaceAll(/"@@([0-9a-f]*)@@"/g, (_, hex: string) => Buffer.from(hex, 'hex').toString());
}

/** As JSON, right or wrong in its form. */
export function mutatedJson(random: Random, document: unknown): Buffer {
  const bytes = Buffer.from(written(random.chance(15) ? document : changed(random, document)));
  return random.chance(80) ? bytes : broken(random, bytes);
}

const PIECES = ['\xff\xfe', '\xc3', '\xed\xa0\x80', '\xef\xbb\xbf', '\x00', '}', '"', '\\', ',', '1e999', '\u2028'].map((text) =>
  Buffer.from(text, 'latin1'),
);

function broken(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (random.below(6)) {
    case 0:
      return before;
    case 1:
      return Buffer.concat([before, random.pick(PIECES), after]);
    case 2:
      return Buffer.concat([bytes, bytes]);
    case 3:
      return Buffer.concat([Buffer.from('\xef\xbb\xbf', 'latin1'), bytes]);
    case 4:
      return Buffer.from(Array.from({ length: random.below(400) }, () => random.below(256)));
    default:
      return Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ (1 << random.below(8)) : byte)));
  }
}

/** As an HTML form, with what parsers of forms stumble over. */
export function mutatedForm(random: Random, document: unknown): Buffer {
  const form = new URLSearchParams();
  const given = changed(random, document);
  for (const [name, value] of Object.entries(given ?? {})) form.append(name, typeof value === 'string' ? value : written(value));
  const odd = ['__proto__[x]=1', 'a[b][c]=1', 'a=1&a=2', '%', '%ff=%fe', '&&&=', 'x='.repeat(3000), 'k=v&'.repeat(3000), 'a=%00'];
  const text = random.chance(60) ? form.toString() : `${form.toString()}&${random.pick(odd)}`;
  return Buffer.from(text.slice(0, LONGEST));
}
