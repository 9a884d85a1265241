import { describe, expect, test } from 'vitest';
import type { MappedItem, Mapping } from '../../src/reservation/source.ts';
import { parseJson } from '../../src/sources/json.ts';
import { createMapping } from '../../src/sources/map/map.ts';
import { MapEntry } from '../../src/sources/map/schema.ts';
import { mutatedJson } from './mutate.ts';
import { leastOf, processorMs } from './processor.ts';
import { createRandom } from './random.ts';
import { randomExpression } from './random-expression.ts';
import { LONGEST_STALL_MS } from './stalls.ts';
import { message } from './targets.ts';

/*
 * Whatever is written as an expression is either refused with a reason when the configuration is read, or it ends, soon, on whatever comes.
 * FUZZ_SEED=<number> makes others.
 */

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_301);
const EXPRESSIONS = 3000;
const NOW = new Date('2026-03-01T12:00:00Z');

interface Tried {
  readonly seed: number;
  readonly text: string;
  readonly complaints: readonly string[];
  readonly mapping?: Mapping;
}

function load(seed: number): Tried {
  const text = randomExpression(createRandom(seed));
  const complaints: string[] = [];
  const rules = MapEntry.safeParse([{ match: { expr: `type(${text})` }, action: 'created', fields: fieldsOf(text, seed) }]);
  if (!rules.success) return { seed, text, complaints: rules.error.issues.map((issue) => issue.message) };
  const mapping = createMapping({ rules: rules.data, zone: 'UTC' }, (_, problem) => complaints.push(problem));
  return { seed, text, complaints, ...(complaints.length === 0 && { mapping }) };
}

/** As a title it may be anything, elsewhere it has to be what belongs there. */
const fieldsOf = (text: string, seed: number) =>
  seed % 2 === 0
    ? { reservationId: 'a', title: text }
    : { reservationId: `a && (${text})`, holders: text, parameters: text, version: text };

const read = (text: string | Buffer) => {
  const parsed = parseJson(text);
  return parsed.ok ? [parsed.value] : [];
};
const usual = read(JSON.stringify(message));
const large = read(JSON.stringify({ ...message, list: Array.from({ length: 1500 }, (_, n) => ({ id: `e${n}`, n, list: [n] })) }));

/** A usual message, a large one, and one with something wrong in it. */
const documentsFor = (seed: number) => [...usual, ...large, ...read(mutatedJson(createRandom(seed), message))];

describe(`${EXPRESSIONS} expressions`, () => {
  const tried = Array.from({ length: EXPRESSIONS }, (_, index) => load(SEED + index));
  const loaded = tried.filter((one) => one.mapping !== undefined);

  test('are refused with a reason, or taken', () => {
    for (const { text, complaints, mapping } of tried)
      if (!mapping) {
        expect(complaints.length, text).toBeGreaterThan(0);
        for (const complaint of complaints) expect(complaint, text).toMatch(/.{10}/);
      }
    expect(loaded.length).toBeGreaterThan(EXPRESSIONS / 10);
    expect(tried.length - loaded.length).toBeGreaterThan(EXPRESSIONS / 10);
  });

  test(`those that are taken make a booking, or say why not, within ${LONGEST_STALL_MS} ms`, () => {
    const slow: { text: string; ms: number; again: () => number }[] = [];
    const outcomes = new Map<MappedItem['outcome'], number>();
    for (const { seed, text, mapping } of loaded)
      for (const document of documentsFor(seed)) {
        const once = () => {
          const began = processorMs();
          const items = mapping!.map(document, { now: NOW, path: '', headers: {} });
          return { items, ms: processorMs() - began };
        };
        const { items, ms } = once();
        expect(items.length, text).toBeGreaterThan(0);
        for (const { outcome } of items) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        if (ms >= LONGEST_STALL_MS / 2) slow.push({ text, ms, again: () => once().ms });
      }
    const slowest = slow.sort((one, other) => other.ms - one.ms).slice(0, 20);
    expect(slowest.map(({ text, again }) => [leastOf(5, again), text]).filter(([ms]) => Number(ms) >= LONGEST_STALL_MS)).toEqual(
      [],
    );
    expect(outcomes.get('accepted')).toBeGreaterThan(20);
    expect(outcomes.get('quarantined')).toBeGreaterThan(20);
  });
});
