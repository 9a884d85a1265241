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

  test('is older than any time where it counts, so that rules that name none go before it', () => {
    const mixed = mappingOf({ ...made, fields }, { ...changed, fields: counts });
    expect(titleOf(mixed, events.toReversed())).toBe('first');
    // An end without one is the newest, as it should be.
    const ends = { match: { expr: 'kind', in: ['over'] }, action: 'ended', fields };
    const counted = mappingOf({ ...made, fields: counts }, ends, { ...changed, fields: counts });
    expect(titleOf(counted, [...events, { kind: 'over', id: 'B', title: 'last' }])).toBe('last');
  });
});
