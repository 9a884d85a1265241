import { NAMES, VALUES } from './harmful.ts';
import type { Random } from './random.ts';

/** Bodies that a sender might post by mistake or by malice: a good one, with something wrong in it. */

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
