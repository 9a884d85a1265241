import { describe, expect, test } from 'vitest';
import { emptyReservation, fold } from '../src/reservation/fold.ts';
import type { MappedItem } from '../src/reservation/source.ts';
import { createMapping } from '../src/sources/map/map.ts';
import { MapEntry } from '../src/sources/map/schema.ts';

const event = (item: MappedItem) => (item.outcome === 'accepted' ? item.event : expect.unreachable(item.reason));

describe('what orders the events of a booking', () => {
  const fields = { reservationId: 'id', title: 'title' };
  const mappingOf = (...rules: readonly object[]) =>
    createMapping({ rules: MapEntry.parse(rules), zone: 'UTC' }, (path, message) =>
      expect.unreachable(`${path.join('.')} ${message}`),
    );
  const made = { match: { expr: 'kind', in: ['made'] }, action: 'created' };
  const changed = { match: { expr: 'kind' }, action: { expr: 'kind', values: { changed: 'updated', over: 'ended' } } };
  const counts = { ...fields, version: 'n' };
  const titleOf = (mapping: ReturnType<typeof mappingOf>, documents: readonly object[]) =>
    documents
      .flatMap((document, minute) => mapping.map(document, { now: new Date(Date.UTC(2026, 0, 1, 8, minute)) }))
      .reduce((before, item) => fold(before, event(item)), emptyReservation('lab', 'B')).title?.value;
  const events = [
    { kind: 'changed', id: 'B', n: 2, title: 'second' },
    { kind: 'made', id: 'B', n: 1, title: 'first' },
  ];

  test('is a number that grows with each change, as the instant of the last change does', () => {
    const mapping = mappingOf({ ...made, fields: counts }, { ...changed, fields: counts });
    expect(titleOf(mapping, events)).toBe('second');
    const instants = events.map((one) => ({ ...one, n: `2026-01-0${one.n}T10:00:00Z` }));
    expect(titleOf(mapping, instants)).toBe('second');
    const milliseconds = instants.map((one) => ({ ...one, n: Date.parse(one.n) }));
    expect(titleOf(mapping, milliseconds)).toBe('second');
    // Where none is named, the order of arrival.
    expect(titleOf(mappingOf({ ...made, fields }, { ...changed, fields }), events)).toBe('first');
  });

  test('is no count where another rule leaves it to the time, beside which each count is older', () => {
    const mixed = mappingOf({ ...made, fields }, { ...changed, fields: counts });
    const [item] = mixed.map(events[0], { now: new Date(0) });
    expect(item).toMatchObject({
      outcome: 'quarantined',
      reason: expect.stringMatching(/fields\.version \(n\) is a count, which every rule of the map must name/),
      problems: [{ value: '2' }],
    });
    // An end counts in any case, and an instant is one.
    const now = new Date('2026-01-01T08:00:00Z');
    expect(event(mixed.map({ kind: 'over', id: 'B', n: 3 }, { now })[0]!).version).toBe(now.getTime());
    expect(event(mixed.map({ ...events[0], n: '2026-01-02T10:00:00Z' }, { now })[0]!).version).toBe(
      Date.parse('2026-01-02T10:00:00Z'),
    );
  });
});
