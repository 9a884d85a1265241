import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closedBy, emptyReservation, fold } from '../src/reservation/fold.ts';
import type { MappedItem, Mapping } from '../src/reservation/source.ts';
import { parseJson } from '../src/sources/json.ts';
import { createMapping } from '../src/sources/map/map.ts';
import { MapEntry } from '../src/sources/map/schema.ts';
import { sourceOf } from './fixtures/source.ts';

const NOW = new Date('2026-01-01T00:00:00Z');

function mappingOf(rules: unknown): Mapping {
  return createMapping({ rules: MapEntry.parse(rules), zone: 'UTC' }, (path, message) =>
    expect.unreachable(`${path.join('.')}: ${message}`),
  );
}

const fields = {
  reservationId: 'item.id',
  supersedes: 'item.old',
  startsAt: 'item.start',
  version: 'item.version',
  holders: 'people',
  scopes: 'item.scopes',
  title: 'title',
};
const bookings = mappingOf([
  {
    match: { expr: 'kind', in: ['booked', 'gone'] },
    action: { expr: 'kind', values: { booked: 'created', gone: 'cancelled' } },
    forEach: 'events',
    fields,
  },
  {
    match: { expr: 'kind' },
    action: { expr: 'kind', values: { quiet: 'ignore' }, otherwise: 'updated' },
    forEach: 'events[?id]',
    fields,
  },
]);
const mappings: readonly Mapping[] = [
  bookings,
  sourceOf({ preset: 'cloud-resource-reservation' }).mapping,
  sourceOf({ preset: 'standard' }).mapping,
];

const word = fc.constantFrom(
  'booked',
  'gone',
  'quiet',
  'EVENT_START',
  'EVENT_END',
  'reservation.ended',
  'x',
  '',
  '2026-01-01T10:00:00Z',
  '2026-01-01T10:00',
);
const element = fc.oneof(
  fc.record(
    {
      id: fc.oneof(word, fc.integer()),
      old: fc.jsonValue(),
      start: fc.oneof(word, fc.jsonValue()),
      version: fc.jsonValue(),
      scopes: fc.jsonValue(),
    },
    { requiredKeys: [] },
  ),
  fc.jsonValue(),
);
const document = fc
  .oneof(
    fc.jsonValue(),
    fc.record(
      {
        kind: word,
        eventType: word,
        type: word,
        events: fc.oneof(fc.array(element), fc.jsonValue()),
        data: element,
        people: fc.jsonValue(),
        title: fc.jsonValue(),
        eventId: word,
      },
      { requiredKeys: [] },
    ),
  )
  .map((value) => parseJson(JSON.stringify(value)))
  .filter((parsed) => parsed.ok)
  .map((parsed) => (parsed as { readonly value: unknown }).value);

const again = (value: unknown): unknown => (parseJson(JSON.stringify(value)) as { readonly value: unknown }).value;

describe('whatever comes', () => {
  test('it is mapped to one item or more, always to the same ones, and left as it came', () => {
    fc.assert(
      fc.property(document, fc.constantFrom(...mappings), (sent, mapping) => {
        const before = JSON.stringify(sent);
        const items = mapping.map(sent, { now: NOW });
        expect(items.length).toBeGreaterThan(0);
        expect(mapping.map(again(sent), { now: NOW })).toEqual(items);
        expect(JSON.stringify(sent)).toBe(before);
      }),
      { numRuns: 500 },
    );
  });

  test('what is kept is kept for the same reason when it is mapped again, under the same name', () => {
    fc.assert(
      fc.property(document, fc.constantFrom(...mappings), (sent, mapping) => {
        for (const item of mapping.map(sent, { now: NOW })) {
          if (item.outcome !== 'quarantined') continue;
          const same = mapping.map(again(item.document), { now: NOW }).find(({ dedupe }) => dedupe === item.dedupe);
          expect(same).toEqual(item);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('one more element changes nothing of the others', () => {
    const few = fc.array(element, { maxLength: 9 }).map((events) => again(events) as unknown[]);
    fc.assert(
      fc.property(few, element, (events, more) => {
        const map = (list: readonly unknown[]): readonly MappedItem[] =>
          bookings.map({ kind: 'booked', events: list }, { now: NOW });
        const alone = events.flatMap((event) => map([event]));
        if (events.length > 0) expect(map([...events, again(more)]).slice(0, alone.length)).toEqual(alone);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a booking that takes the place of others', () => {
  test.each<[string, unknown, string[]]>([
    ['one', 'A', ['A']],
    ['several', ['A', 7, null, ''], ['A', '7']],
    ['itself is none', 'B', []],
    ['none', null, []],
  ])('ends them in the same document: %s', (_what, old, ended) => {
    const items = bookings.map(again({ kind: 'booked', events: [{ id: 'B', old, version: 5 }] }), { now: NOW });
    const events = items.map((item) => (item.outcome === 'accepted' ? item.event : expect.unreachable()));
    expect(events.map(({ type, reservationId }) => [type, reservationId])).toEqual([
      ['created', 'B'],
      ...ended.map((id) => ['cancelled', id]),
    ]);
    expect(new Set(items.map(({ dedupe }) => dedupe)).size).toBe(items.length);
  });

  test('leaves them ended, in whatever order the news of a chain comes', () => {
    const chain = ['A', 'B', 'C'].map((id, index) => ({ id, old: index === 0 ? null : 'ABC'[index - 1], version: index + 1 }));
    fc.assert(
      fc.property(fc.shuffledSubarray([...chain, ...chain], { minLength: 6 }), (events) => {
        const news = bookings.map(again({ kind: 'booked', events }), { now: NOW });
        const closed = ['A', 'B', 'C'].map((id) => {
          const own = news.flatMap((item) =>
            item.outcome === 'accepted' && item.event.reservationId === id ? [item.event] : [],
          );
          return closedBy(own.reduce(fold, emptyReservation('lab', id)));
        });
        expect(closed).toEqual(['cancelled', 'cancelled', undefined]);
      }),
    );
  });
});
