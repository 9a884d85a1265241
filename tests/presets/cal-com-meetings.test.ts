import { describe, expect, test } from 'vitest';
import { ordersOf, seen } from './bookings.ts';
import { payload, told, wrapped } from './cal-com.ts';

/** Starts and ends of Cal.com, which are older than they look. */

describe('MEETING_STARTED and MEETING_ENDED were put on the clock when the booking was made', () => {
  const [started, ended] = [payload('MEETING_STARTED'), payload('MEETING_ENDED')];
  const uid = started.uid as string;
  const made = wrapped('BOOKING_CREATED', { uid }, '2024-01-01T09:45:00Z');
  const longer = wrapped('BOOKING_PAID', { uid, endTime: '2024-01-01T11:00:00Z' }, '2024-01-01T09:50:00Z');

  test('a booking of which nothing else was heard is known by them', () => {
    expect(seen(told(started), uid)).toEqual({
      over: false,
      from: '2024-01-01T10:00:00.000Z',
      to: '2024-01-01T10:15:00.000Z',
      holders: ['additional-guest@example.com', 'guest@example.com'],
    });
    expect(seen(told(started, ended), uid)).toMatchObject({ over: 'ended' });
  });

  test('an end neither shortens what was made longer meanwhile, nor is it forgotten where nothing was', () => {
    for (const order of ordersOf([made, longer, started, ended]))
      expect(seen(told(...order), uid)).toMatchObject({ over: false, to: '2024-01-01T11:00:00.000Z' });
    for (const order of ordersOf([made, started, ended])) expect(seen(told(...order), uid)).toMatchObject({ over: 'ended' });
  });

  test('neither reopens what was cancelled', () => {
    const cancelled = wrapped('BOOKING_CANCELLED', { uid }, '2024-01-01T09:55:00Z');
    for (const order of ordersOf([made, cancelled, started, ended]))
      expect(seen(told(...order), uid)).toMatchObject({ over: 'cancelled' });
  });

  test('newer versions wrap them, with a time of sending: it makes them no younger', () => {
    const newer = payload('MEETING_STARTED.wrapped.composed');
    for (const order of ordersOf([made, longer, newer]))
      expect(seen(told(...order), uid)).toMatchObject({ to: '2024-01-01T11:00:00.000Z' });
  });
});
