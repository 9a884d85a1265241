import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  payloadsOf,
  presetOf,
  readAs,
  readPayload,
  bytesOf,
  shown,
  signedAt,
  systems,
  vectors,
  type Vector,
} from './payloads.ts';

/** Every payload that we have of a system, through its preset. UPDATE_GOLDEN=1 writes what it says; review it against the payload. */

const GOLDEN = new URL('golden/', import.meta.url);
const goldenOf = (system: string, file: string) => new URL(`${system}/${file.replace(/\.[a-z]+$/, '')}.json`, GOLDEN);

describe.each(systems)('what %s sends', (system) => {
  test.each(payloadsOf(system))('%s', (file) => {
    const reading = readPayload(system, file);
    const asked = reading.asked();
    const said = reading.reply ? { reply: reading.reply } : asked ? { asks: shown(asked) } : shown(reading.arrival().items);
    const golden = goldenOf(system, file);
    if (process.env['UPDATE_GOLDEN']) {
      mkdirSync(new URL('.', golden), { recursive: true });
      writeFileSync(golden, `${JSON.stringify(said, null, 2)}\n`);
    }
    expect(said).toEqual(JSON.parse(readFileSync(golden, 'utf8')));
  });

  test('nothing is golden that no payload says', () => {
    const golden = existsSync(new URL(`${system}/`, GOLDEN)) ? readdirSync(new URL(`${system}/`, GOLDEN)) : [];
    expect(golden.sort()).toEqual(
      payloadsOf(system)
        .map((file) => file.replace(/\.[a-z]+$/, '.json'))
        .sort(),
    );
  });
});

describe('every signature that was computed for a payload', () => {
  const mine = vectors.filter(({ system }) => systems.includes(system));
  const told = (vector: Vector) => {
    const { system, file, headers } = vector;
    try {
      return readAs(presetOf(system, vector), {
        body: bytesOf(system, file.slice(system.length + 1)),
        headers,
        now: vector.timestamp ? signedAt(vector) : undefined,
      }).document
        ? 'accepted'
        : 'empty';
    } catch (error) {
      return (error as { code?: string }).code;
    }
  };

  test.each(mine.map((vector) => [vector.file, vector.expect, vector] as const))('%s: %s', (_file, expected, vector) => {
    expect(told(vector)).toBe(expected.startsWith('accept') ? 'accepted' : 'unauthorized');
  });

  test.each(mine.filter((vector) => vector.expect.startsWith('accept')).map((vector) => [vector.file, vector] as const))(
    '%s under another secret is refused',
    (_file, vector) => expect(told({ ...vector, secret: 'another secret' })).toBe('unauthorized'),
  );
});
