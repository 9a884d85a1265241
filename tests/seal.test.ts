import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createSealer } from '../src/secret/seal.ts';
import { Secret } from '../src/secret/secret.ts';

const oldKey = new Secret(randomBytes(32).toString('base64'));
const newKey = new Secret(randomBytes(32).toString('hex'));
const sealer = createSealer([oldKey]);
const secret = new Secret('temp_Zürich_key');

test('what is sealed for a record opens for that record', () => {
  const sealed = sealer.seal(secret, 'key:key_1');
  expect(sealed).toMatch(/^v1\.[\w-]{8}\.[\w-]{16}\.[\w-]+$/);
  expect(sealed).not.toContain('temp_');
  expect(sealer.open(sealed, 'key:key_1').reveal()).toBe('temp_Zürich_key');
});

test('the same secret sealed twice looks different', () => {
  expect(sealer.seal(secret, 'key:key_1')).not.toBe(sealer.seal(secret, 'key:key_1'));
});

test('a sealed value with any one bit flipped does not open', () => {
  const [version, id, iv, text] = sealer.seal(secret, 'key:key_1').split('.') as [string, string, string, string];
  for (const part of [iv, text]) {
    const bytes = Buffer.from(part, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const changed = flipped.toString('base64url');
      const sealed = part === iv ? [version, id, changed, text] : [version, id, iv, changed];
      expect(() => sealer.open(sealed.join('.'), 'key:key_1')).toThrow('does not open');
    }
  }
});

test('a sealed value with any one character changed does not open, also where base64 ignores the bits', () => {
  const sealed = sealer.seal(secret, 'key:key_1');
  const changed = [...sealed].flatMap((_, at) =>
    ['A', 'B', '_', '.', ' ', '='].map((other) => sealed.slice(0, at) + other + sealed.slice(at + 1)),
  );
  for (const text of changed.filter((text) => text !== sealed)) expect(() => sealer.open(text, 'key:key_1')).toThrow(/^seal: /);
});

test('a cut or lengthened sealed value does not open', () => {
  const sealed = sealer.seal(secret, 'key:key_1');
  for (const length of sealed.split('').keys())
    expect(() => sealer.open(sealed.slice(0, length), 'key:key_1')).toThrow(/^seal: /);
  expect(() => sealer.open(`${sealed}AAAA`, 'key:key_1')).toThrow('does not open');
});

test('a sealed value copied into another record does not open there', () => {
  const one = sealer.seal(secret, 'key:key_1');
  const two = sealer.seal(new Secret('other'), 'key:key_2');
  expect(() => sealer.open(one, 'key:key_2')).toThrow('belongs to another record');
  expect(() => sealer.open(two, 'key:key_1')).toThrow('belongs to another record');
  expect(() => sealer.open(one, 'claim-token:key_1')).toThrow('belongs to another record');
});

test('after the master key is changed the old one still opens, and the new one seals', () => {
  const sealed = sealer.seal(secret, 'key:key_1');
  const rotated = createSealer([newKey, oldKey]);
  expect(rotated.open(sealed, 'key:key_1').reveal()).toBe('temp_Zürich_key');
  const fresh = rotated.seal(secret, 'key:key_1');
  expect(createSealer([newKey]).open(fresh, 'key:key_1').reveal()).toBe('temp_Zürich_key');
  expect(() => sealer.open(fresh, 'key:key_1')).toThrow('not configured');
});

test('a value sealed under an unknown master key says which key is missing, and no secret', () => {
  const sealed = createSealer([newKey]).seal(secret, 'key:key_1');
  const id = sealed.split('.')[1]!;
  const failure = () => sealer.open(sealed, 'key:key_1');
  expect(failure).toThrow(`master key ${id}, which is not configured`);
  expect(failure).not.toThrow(newKey.reveal());
});

test('derived keys differ by purpose and by master key, and are stable', () => {
  const rotated = createSealer([newKey, oldKey]);
  expect(sealer.derive('audit')).toHaveLength(32);
  expect(sealer.derive('audit')).toEqual(createSealer([oldKey]).derive('audit'));
  expect(sealer.derive('audit')).not.toEqual(sealer.derive('cookie'));
  expect(rotated.derive('audit')).not.toEqual(sealer.derive('audit'));
  expect(rotated.deriveOlder('audit')).toEqual([sealer.derive('audit')]);
});

test.each(['0', 'short', 'not base64!'.padEnd(44, '!'), randomBytes(31).toString('base64'), randomBytes(33).toString('hex')])(
  'a master key that is not 32 bytes is refused without being shown: %s',
  (text) => {
    expect(() => createSealer([new Secret(text)])).toThrow('a master key is 32 bytes');
    expect(() => createSealer([new Secret(text)])).not.toThrow(`: ${text}`);
  },
);

test('no master key at all is refused', () => {
  expect(() => createSealer([])).toThrow('no master key');
});
