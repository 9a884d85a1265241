import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical } from '../src/reservation/canonical.ts';
import { parseJson } from '../src/sources/json.ts';
import { sourceOf } from './fixtures/source.ts';

/** The names by which what comes again is known. They stand in databases, so that they must stay as they are. */

const read = (path: string): string => readFileSync(new URL(`fixtures/${path}`, import.meta.url), 'utf8');

/**
 * What the presets said before they were configuration, computed then; `file` is a fixture. Not among them: a booking whose parameters cannot be
 * read, as the words for that are new, and unsigned `standard` events with an empty title, which states nothing now. What is ignored or kept
 * was named otherwise too; it says nothing of a booking.
 */
const BEFORE = JSON.parse(read('names-before-sources.json')) as readonly {
  readonly what: string;
  readonly preset: string;
  readonly file?: string;
  readonly document?: unknown;
  readonly now: string;
  readonly signedId?: string;
  readonly items: readonly string[];
}[];

describe('an event that was recorded before an upgrade is known when it comes again after it', () => {
  test.each(BEFORE)('$preset: $what', ({ preset, file, document, now, signedId, items }) => {
    const parsed = parseJson(file ? read(`${preset}/${file}`) : JSON.stringify(document));
    if (!parsed.ok) throw new Error(parsed.problem);
    const mapped = sourceOf({ preset }).mapping.map(parsed.value, { now: new Date(now), signedId, signedWith: 'another' });
    expect(mapped.map(({ outcome, dedupe }) => `${outcome} ${dedupe}`)).toEqual(items);
  });
});

describe('what is the same whatever the order of its members', () => {
  /** As it was written first: names of events and links of the audit trail were made with it. */
  function written(value: unknown): string {
    if (value instanceof Date) return JSON.stringify(value.toISOString());
    if (Array.isArray(value)) return `[${value.map((item) => written(item)).join(',')}]`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => `${JSON.stringify(name)}:${written(field)}`);
    return `{${fields.join(',')}}`;
  }

  test('is written as it always was', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('a', 'b', 'B', 'ab', '1', '10', '9', 'é', '\u{1d4b3}', '\uffff', '__proto__'),
    );
    const leaf = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.constantFrom(null, undefined),
      fc.date({ noInvalidDate: true }),
    );
    const { value: anything } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3, depthSize: 'small' },
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(name, tie('value'), { maxKeys: 6 }),
      ),
    }));
    fc.assert(
      fc.property(anything, (value) => {
        expect(canonical(value)).toBe(written(value));
      }),
      { numRuns: 1_000 },
    );
  });
});
