import { describe, expect, test } from 'vitest';
import { dedupesOf, inOneForm, openOf, ordersOf, seen, tell } from './bookings.ts';
import { documentOf, readAs, unsignedPreset, type Foreign } from './payloads.ts';

/** Habits of Cal.com, and what they do to a booking. */

const calCom = unsignedPreset('cal.com');
const payload = (file: string): Foreign => documentOf('cal.com', `${file}.json`);
const told = (...messages: object[]) => tell(calCom, messages);
const wrapped = (type: string, over: object, createdAt: string): Foreign => {
  const created = payload('BOOKING_CREATED');
  return { ...created, triggerEvent: type, createdAt, payload: { ...created.payload, ...over } };
};

const [ana, ben, anaLeaves, benMoves, hostMoves, hostCancels, hostJoins] = [
  'seats.1-BOOKING_CREATED.ana',
  'seats.2-BOOKING_CREATED.ben',
  'seats.3-BOOKING_CANCELLED.ana-alone',
  'seats.4-BOOKING_RESCHEDULED.ben-to-cleos-slot',
  'seats.5-BOOKING_RESCHEDULED.host-moves-all',
  'seats.6-BOOKING_CANCELLED.all',
  'seats.7-BOOKING_RESCHEDULED.host-joins-two-slots',
].map((file) => payload(`${file}.composed`));

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
    expect(seen(told(requested, wrapped('BOOKING_CREATED', { uid: 'asked' }, '2026-03-01T08:10:00Z')), 'asked')).toMatchObject({
      over: false,
    });
    expect(seen(told(requested, rejected), 'asked')).toMatchObject({ over: 'cancelled' });
  });

  test('that is called created, but pending, gives nothing either', () => {
    expect(told(wrapped('BOOKING_CREATED', { uid: 'p', status: 'PENDING' }, '2024-01-01T00:00:00Z'))).toEqual({});
  });
});

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
