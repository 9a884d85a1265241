import { describe, expect, test } from 'vitest';
import { dedupesOf, inOneForm, openOf, ordersOf, seen } from './bookings.ts';
import { calCom, payload, told, wrapped } from './cal-com.ts';
import { readAs } from './payloads.ts';

/** Bookings of Cal.com, and what its habits do to them. */

describe('a booking that is rescheduled has a new uid', () => {
  const chain = [
    wrapped('BOOKING_CREATED', { uid: 'a' }, '2024-01-01T00:00:00Z'),
    wrapped(
      'BOOKING_RESCHEDULED',
      { uid: 'b', rescheduleUid: 'a', startTime: '2024-01-02T10:00:00Z', endTime: '2024-01-02T11:00:00Z' },
      '2024-01-01T01:00:00Z',
    ),
    wrapped(
      'BOOKING_RESCHEDULED',
      { uid: 'c', rescheduleUid: 'b', startTime: '2024-01-03T10:00:00Z', endTime: '2024-01-03T11:00:00Z' },
      '2024-01-01T02:00:00Z',
    ),
    wrapped(
      'BOOKING_RESCHEDULED',
      { uid: 'd', rescheduleUid: 'c', startTime: '2024-01-04T10:00:00Z', endTime: '2024-01-04T11:00:00Z' },
      '2024-01-01T03:00:00Z',
    ),
  ];

  test('three times, and in whatever order the messages come, and twice: only the last booking is left, at its time', () => {
    const expected = inOneForm(told(...chain));
    for (const order of ordersOf(chain)) {
      const heard = told(...order, ...order);
      expect(inOneForm(heard)).toBe(expected);
      expect(openOf(heard)).toEqual(['d']);
      expect(seen(heard, 'd')).toMatchObject({ from: '2024-01-04T10:00:00.000Z', to: '2024-01-04T11:00:00.000Z' });
    }
  });

  test('that must be confirmed: the old time is given up at once, the new one not granted yet', () => {
    const before = wrapped('BOOKING_CREATED', { uid: 'held-before' }, '2026-02-28T00:00:00Z');
    const asked = payload('BOOKING_REQUESTED.reschedule.composed');
    expect(openOf(told(before, asked))).toEqual([]);
    expect(seen(told(before, asked), 'asked-anew')).toBeUndefined();
    const confirmed = wrapped('BOOKING_CREATED', { uid: 'asked-anew' }, '2026-03-01T09:00:00Z');
    expect(openOf(told(before, asked, confirmed))).toEqual(['asked-anew']);
    expect(openOf(told(confirmed, asked, before))).toEqual(['asked-anew']);
  });

  test('and one that is cancelled after all stays cancelled, whichever is heard first', () => {
    const cancelled = wrapped('BOOKING_CANCELLED', { uid: 'b' }, '2024-01-01T01:30:00Z');
    for (const order of ordersOf([...chain.slice(0, 2), cancelled])) expect(openOf(told(...order))).toEqual([]);
  });
});

describe('a request', () => {
  test('gives nothing until it is confirmed, and a rejection is final', () => {
    const [requested, rejected] = [payload('BOOKING_REQUESTED.composed'), payload('BOOKING_REJECTED.composed')];
    expect(told(requested)).toEqual({});
    expect(readAs(calCom, { body: requested }).arrival().items).toMatchObject([
      { outcome: 'ignored', externalId: 'asked', reason: 'not confirmed yet' },
    ]);
    expect(seen(told(requested, wrapped('BOOKING_CREATED', { uid: 'asked' }, '2026-03-01T08:10:00Z')), 'asked')).toMatchObject({
      over: false,
    });
    expect(seen(told(requested, rejected), 'asked')).toMatchObject({ over: 'cancelled' });
  });

  test('that is called created, but pending, gives nothing either', () => {
    expect(told(wrapped('BOOKING_CREATED', { uid: 'p', status: 'PENDING' }, '2024-01-01T00:00:00Z'))).toEqual({});
  });
});

describe('the same message again', () => {
  const itemsOf = (message: object) => readAs(calCom, { body: message, now: new Date() }).arrival().items;

  test.each([
    'BOOKING_CREATED',
    'BOOKING_RESCHEDULED',
    'BOOKING_CANCELLED',
    'MEETING_STARTED',
    'MEETING_ENDED',
    'seats.6-BOOKING_CANCELLED.all.composed',
  ])('%s is known, whatever the order of its members', (file) => {
    const message = payload(file);
    const turned = Object.fromEntries(Object.entries(message).reverse());
    expect(dedupesOf(itemsOf(turned))).toEqual(dedupesOf(itemsOf(message)));
  });

  test('stamped anew changes nothing', () => {
    const message = wrapped('BOOKING_CREATED', { uid: 'x' }, '2024-01-01T00:00:00Z');
    const cancelled = wrapped('BOOKING_CANCELLED', { uid: 'x' }, '2024-01-01T01:00:00Z');
    const stamped = { ...message, createdAt: '2024-01-01T02:00:00Z' };
    expect(seen(told(message, stamped), 'x')).toEqual(seen(told(message), 'x'));
    for (const order of ordersOf([message, cancelled, stamped]))
      expect(seen(told(...order), 'x')).toMatchObject({ over: 'cancelled' });
  });

  test('of a test is recorded once, however often somebody clicks', () => {
    const ping = payload('PING.composed');
    expect(dedupesOf(itemsOf({ ...ping, createdAt: '2026-03-02T08:00:00.000Z' }))).toEqual(dedupesOf(itemsOf(ping)));
  });
});
