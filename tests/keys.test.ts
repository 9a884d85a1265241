import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkKey, hashKey, hintOf, mintKey } from '../src/keys/key.ts';
import { Secret } from '../src/secret/secret.ts';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const prefixes = fc.stringMatching(/^[a-z][a-z0-9_]{0,15}$/);

test('a key carries its prefix, 27 random characters and a checksum that holds', () => {
  fc.assert(
    fc.property(prefixes, (prefix) => {
      const key = mintKey(prefix).reveal();
      expect(key).toMatch(new RegExp(`^${prefix}_[0-9A-Za-z]{33}$`));
      expect(checkKey(key)).toBe(true);
    }),
  );
});

test('the checksum is the CRC-32 of zlib, so that others can check a key without us', () => {
  for (let each = 0; each < 200; each += 1) {
    const text = mintKey('temp').reveal();
    let value = 0;
    for (const digit of text.slice(-6)) value = value * 62 + BASE62.indexOf(digit);
    expect(value).toBe(crc32(text.slice(0, -6)));
  }
});

test('the random part holds at least 160 bits', () => {
  expect(27 * Math.log2(62)).toBeGreaterThan(160);
});

test('every change of a single character is refused without a look-up', () => {
  const key = mintKey('temp').reveal();
  for (let at = 0; at < key.length; at++) {
    for (let code = 32; code < 127; code++) {
      const changed = key.slice(0, at) + String.fromCharCode(code) + key.slice(at + 1);
      expect(checkKey(changed), `position ${at}, character ${code}`).toBe(changed === key);
    }
  }
});

test('a lost, added or swapped character is refused', () => {
  const key = mintKey('temp').reveal();
  for (let at = 0; at < key.length; at++) {
    expect(checkKey(key.slice(0, at) + key.slice(at + 1))).toBe(false);
    expect(checkKey(`${key.slice(0, at)}a${key.slice(at)}`)).toBe(false);
    const swapped = key.slice(0, at) + (key[at + 1] ?? '') + key.charAt(at) + key.slice(at + 2);
    expect(checkKey(swapped)).toBe(swapped === key);
  }
});

test('anything else is refused, however long or strange', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => !checkKey(text)));
  for (const text of ['', 'temp_', '__proto__', ' '.repeat(40), 'a'.repeat(16_384), `${mintKey('temp').reveal()}\n`])
    expect(checkKey(text)).toBe(false);
});

test('two hundred thousand keys hold no repetition and use every character evenly', () => {
  const seen = new Set<string>();
  const counts = new Map<string, number>();
  for (let made = 0; made < 200_000; made++) {
    const key = mintKey('temp').reveal();
    seen.add(key);
    const first = key.charAt(5);
    counts.set(first, (counts.get(first) ?? 0) + 1);
  }
  expect(seen.size).toBe(200_000);
  expect(counts.size).toBe(62);
  // 3226 expected, deviation 56: seven deviations are never seen, the bias of a plain modulo (+20 %) always.
  for (const count of counts.values()) expect(Math.abs(count - 200_000 / 62)).toBeLessThan(400);
});

test('a prefix outside the grammar is refused', () => {
  for (const prefix of ['', 'Temp', '1a', '_a', 'a-b', 'a'.repeat(17), 'a b', 'é'])
    expect(() => mintKey(prefix)).toThrow(RangeError);
});

test('the hash is SHA-256 in hex', () => {
  expect(hashKey('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('a hint shows the prefix and the last four characters only', () => {
  const key = mintKey('my_lab');
  expect(hintOf(key)).toBe(`my_lab_…${key.reveal().slice(-4)}`);
  expect(hintOf(new Secret('AKIAIOSFODNN7EXAMPLEKEY'))).toBe('…EKEY');
  expect(hintOf(new Secret('short'))).toBe('…');
});

test('of a value that somebody else made no more than its end is shown, however much it looks like ours', () => {
  const foreign = 'deadbeefdeadbeefdeadbeef0123456789abcdef0123456789abcdef';
  expect(hintOf(new Secret(foreign))).toBe('…cdef');
});
