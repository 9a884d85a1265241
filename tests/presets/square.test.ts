import { describe, expect, test } from 'vitest';
import { dedupesOf, openOf, ordersOf, seen, tell } from './bookings.ts';
import { bytesOf, documentOf, presetOf, readAs, unsignedPreset, vectors, type Foreign } from './payloads.ts';

/** Habits of Square, and what they do to a booking. */

describe('Square', () => {
  const square = unsignedPreset('square');
  const payload = (file: string): Foreign => documentOf('square', `${file}.json`);
  const [made, moved, cancelled] = [
    payload('booking.created'),
    payload('booking.updated.moved.composed'),
    payload('booking.updated.customer.composed'),
  ];
  const id = 'i2id2g3enyspi7';

  test('messages come in any order: an older revision undoes nothing', () => {
    for (const order of ordersOf([made, moved]))
      expect(seen(tell(square, order), id)).toEqual({
        over: false,
        from: '2020-12-18T16:00:00.000Z',
        to: '2020-12-18T16:30:00.000Z',
        holders: ['SSKBT02ECWZXK6W3VWYC78E52R'],
      });
    for (const order of ordersOf([made, moved, cancelled])) expect(openOf(tell(square, order))).toEqual([]);
  });

  test('of two changes in one second the later revision counts, also where it goes back', () => {
    const revision = (version: number, start: string): Foreign => ({
      ...moved,
      event_id: `ev-${version}`,
      data: { ...moved.data, object: { booking: { ...moved.data.object.booking, version, start_at: start } } },
    });
    const changes = [
      revision(9, '2020-12-19T10:00:00Z'),
      revision(10, '2020-12-19T08:00:00Z'),
      revision(11, '2020-12-19T09:00:00Z'),
    ];
    for (const order of ordersOf(changes))
      expect(seen(tell(square, order), id)).toMatchObject({ from: '2020-12-19T09:00:00.000Z' });
  });

  test('a repetition has the same event_id, and is the same whatever else is in it', () => {
    const again = { ...made, created_at: '2023-10-31T13:00:00Z', retry: 2 };
    const itemsOf = (body: object) => readAs(square, { body }).arrival().items;
    expect(dedupesOf(itemsOf(again))).toEqual(dedupesOf(itemsOf(made)));
    expect(dedupesOf(itemsOf({ ...made, event_id: 'another' }))).not.toEqual(dedupesOf(itemsOf(made)));
  });

  test('what is not accepted gives nothing; what was accepted stays while a change of it is not', () => {
    const pending = payload('booking.created.pending.composed');
    expect(tell(square, [pending])).toEqual({});
    const asked = {
      ...moved,
      event_id: 'asked',
      data: { ...moved.data, object: { booking: { ...moved.data.object.booking, status: 'PENDING' } } },
    };
    expect(seen(tell(square, [made, asked]), id)).toMatchObject({ over: false, from: '2020-12-17T16:00:00.000Z' });
  });

  test('a status that nobody knows is kept aside, not taken for one of ours', () => {
    const strange = {
      ...made,
      data: { ...made.data, object: { booking: { ...made.data.object.booking, status: 'WAITLISTED' } } },
    };
    expect(readAs(square, { body: strange }).arrival().items).toMatchObject([{ outcome: 'quarantined', externalId: id }]);
  });

  test('the address is part of what is signed', () => {
    const vector = vectors.find(({ system }) => system === 'square')!;
    const body = bytesOf('square', 'booking.created.json');
    const other = presetOf('square', { secret: vector.secret, url: 'https://keys.example.edu/hooks/other' });
    expect(() => readAs(other, { body, headers: vector.headers })).toThrow();
    expect(readAs(presetOf('square', vector), { body, headers: vector.headers }).arrival().items).toHaveLength(1);
  });
});
