import { describe, expect, test } from 'vitest';
import { openOf, ordersOf, seen } from './bookings.ts';
import { payload, told } from './cal-com.ts';

/** Seats at Cal.com: one booking there, one for each seat here. */

const [ana, ben, anaLeaves, benMoves, hostMoves, hostCancels, hostJoins] = [
  'seats.1-BOOKING_CREATED.ana',
  'seats.2-BOOKING_CREATED.ben',
  'seats.3-BOOKING_CANCELLED.ana-alone',
  'seats.4-BOOKING_RESCHEDULED.ben-to-cleos-slot',
  'seats.5-BOOKING_RESCHEDULED.host-moves-all',
  'seats.6-BOOKING_CANCELLED.all',
  'seats.7-BOOKING_RESCHEDULED.host-joins-two-slots',
].map((file) => payload(`${file}.composed`));

describe('seats', () => {
  test('do not overwrite each other, and one that is given up leaves the others', () => {
    for (const order of ordersOf([ana, ben, anaLeaves])) {
      const heard = told(...order);
      expect(openOf(heard)).toEqual(['slot-nine/ben@example.com']);
      expect(seen(heard, 'slot-nine/ben@example.com')).toEqual({
        over: false,
        from: '2026-03-02T09:00:00.000Z',
        to: '2026-03-02T11:00:00.000Z',
        holders: ['ben@example.com'],
      });
      expect(seen(heard, 'slot-nine/ana@example.com')).toMatchObject({ over: 'cancelled' });
    }
  });

  test('one that moves to a slot where others are: they stay, and so does what they have elsewhere', () => {
    const cleosOther = { ...ana, payload: { ...ana.payload, attendees: [{ email: 'cleo@example.com', name: 'Cleo' }] } };
    for (const order of ordersOf([ben, cleosOther, benMoves]))
      expect(openOf(told(...order))).toEqual([
        'slot-nine/cleo@example.com',
        'slot-ten/ben@example.com',
        'slot-ten/cleo@example.com',
      ]);
  });

  test('the host moves all: each is at the new time, none is over', () => {
    for (const order of ordersOf([benMoves, hostMoves])) {
      const heard = told(...order);
      for (const who of ['ben', 'cleo'])
        expect(seen(heard, `slot-ten/${who}@example.com`)).toMatchObject({ over: false, from: '2026-03-02T13:00:00.000Z' });
    }
  });

  test('moved to and fro and to again by the host: the last time counts, though it was said before', () => {
    const again = { ...hostMoves, createdAt: '2026-03-01T08:22:00.000Z' };
    const back = {
      ...hostMoves,
      createdAt: '2026-03-01T08:21:00.000Z',
      payload: { ...hostMoves.payload, startTime: '2026-03-02T12:00:00Z', endTime: '2026-03-02T14:00:00Z' },
    };
    for (const order of ordersOf([hostMoves, back, again]))
      expect(seen(told(...order), 'slot-ten/ben@example.com')).toMatchObject({
        from: '2026-03-02T13:00:00.000Z',
        to: '2026-03-02T15:00:00.000Z',
      });
  });

  test('the host joins two slots: nobody is left in the old one', () => {
    for (const order of ordersOf([benMoves, hostJoins]))
      expect(openOf(told(...order))).toEqual(['slot-noon/ben@example.com', 'slot-noon/cleo@example.com']);
  });

  test('the host cancels: all are over', () => {
    for (const order of ordersOf([benMoves, hostMoves, hostCancels])) expect(openOf(told(...order))).toEqual([]);
  });

  test('what a meeting says of them as a whole gives nobody a key, before or after', () => {
    const started = payload('seats.MEETING_STARTED.composed');
    expect(told(started)).toEqual({});
    // As of a version that keeps answers with seats.
    const answered = { ...started, responses: payload('MEETING_STARTED').responses };
    for (const order of ordersOf([answered, ana, anaLeaves])) expect(openOf(told(...order))).toEqual([]);
  });
});
