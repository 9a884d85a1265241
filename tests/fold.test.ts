import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Event } from '../src/reservation/event.ts';
import { closedBy, emptyReservation, fold, holdersOf, reviveReservation } from '../src/reservation/fold.ts';

const hour = (n: number): Date => new Date(Date.UTC(2026, 0, 1, n));
const at = (n: number): number => hour(n).getTime();

const foldAll = (events: readonly Event[]) => events.reduce(fold, emptyReservation('lab', '7'));

const event = fc.record(
  {
    type: fc.constantFrom('created', 'updated', 'started', 'ended', 'cancelled'),
    reservationId: fc.constant('7'),
    version: fc.integer({ min: 1, max: 6 }).map(at),
    restates: fc.constant(true as const),
    title: fc.constantFrom('a', 'b'),
    resource: fc.constantFrom({ id: '1', name: 'lab-1', type: '' }, { id: '2', name: 'lab-2', type: '' }),
    holders: fc.array(
      fc.record(
        {
          id: fc.constantFrom('ann', 'bob', '__proto__'),
          name: fc.constantFrom('A', 'B'),
          email: fc.constantFrom('a@x.org', 'b@x.org'),
        },
        { requiredKeys: ['id'] },
      ),
      { maxLength: 3 },
    ),
    startsAt: fc.integer({ min: 0, max: 9 }).map(hour),
    endsAt: fc.integer({ min: 0, max: 9 }).map(hour),
    parameters: fc.constantFrom({}, { quota: 5 }, { scopes: ['read'] }),
    reply: fc.constantFrom({ webhookId: '1' }, { webhookId: '2' }),
  },
  { requiredKeys: ['type', 'reservationId', 'version'] },
) satisfies fc.Arbitrary<Event>;

describe('fold', () => {
  test('any order and any repetition of the same events ends in the same booking', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), fc.infiniteStream(fc.nat()), (events, random) => {
        const shuffled = [...events, ...events.slice(0, 3)]
          .map((item) => ({ item, place: random.next().value as number }))
          .sort((a, b) => a.place - b.place)
          .map(({ item }) => item);
        expect(foldAll(shuffled)).toEqual(foldAll(events));
      }),
      { numRuns: 500 },
    );
  });

  test('a booking survives its way through the database', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), (events) => {
        const folded = foldAll(events);
        const stored = JSON.parse(JSON.stringify(folded));
        expect(JSON.stringify(reviveReservation(stored))).toEqual(JSON.stringify(folded));
        expect(reviveReservation(stored).startsAt?.value).toEqual(folded.startsAt?.value);
        expect(closedBy(reviveReservation(stored))).toBe(closedBy(folded));
      }),
    );
  });

  test('cancelled stays cancelled, whatever else is heard', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), (events) => {
        expect(closedBy(foldAll([{ type: 'cancelled', reservationId: '7', version: at(1) }, ...events]))).toBe('cancelled');
      }),
    );
  });

  test('an end that overtakes its start leaves the booking closed, and so does a start sent again after the end', () => {
    const start: Event = { type: 'started', reservationId: '7', version: at(1), startsAt: hour(1), endsAt: hour(3) };
    const end: Event = { type: 'ended', reservationId: '7', version: at(3) };
    expect(closedBy(foldAll([end, start]))).toBe('ended');
    expect(closedBy(foldAll([start, end, { ...start, version: at(4) }]))).toBe('ended');
  });

  test('an older update never reopens an ended booking; a newer one with a later end does', () => {
    const end: Event = { type: 'ended', reservationId: '7', version: at(3) };
    expect(closedBy(foldAll([end, { type: 'updated', reservationId: '7', version: at(2), endsAt: hour(9) }]))).toBe('ended');
    expect(closedBy(foldAll([end, { type: 'updated', reservationId: '7', version: at(4), endsAt: hour(2) }]))).toBe('ended');
    expect(closedBy(foldAll([end, { type: 'updated', reservationId: '7', version: at(4), endsAt: hour(9) }]))).toBeUndefined();
  });

  test('an update that says the end again which the booking had does not reopen it, in whatever order it is heard', () => {
    const created: Event = { type: 'created', reservationId: '7', version: at(1), endsAt: hour(9) };
    const end: Event = { type: 'ended', reservationId: '7', version: at(4) };
    const renamed: Event = { type: 'updated', reservationId: '7', version: at(5), title: 'b', endsAt: hour(9) };
    for (const events of [
      [created, end, renamed],
      [renamed, end, created],
      [end, created, renamed, created],
    ])
      expect(closedBy(foldAll(events))).toBe('ended');
    const extended = { ...renamed, version: at(6), endsAt: hour(11) };
    expect(closedBy(foldAll([created, end, renamed, extended]))).toBeUndefined();
    expect(closedBy(foldAll([extended, renamed, end, created]))).toBeUndefined();
  });

  describe('what only restates the booking, as a poller does that read it a while ago', () => {
    const start: Event = {
      type: 'started',
      reservationId: '7',
      version: at(5),
      restates: true,
      holders: [{ id: 'ann', email: 'ann@x.org' }],
      startsAt: hour(1),
      endsAt: hour(3),
    };
    const end: Event = { ...start, type: 'ended', version: at(6) };
    const change = { type: 'updated', reservationId: '7', version: at(4) } as const;

    test('counts for a booking of which nothing else is known', () => {
      const folded = foldAll([start]);
      expect(folded.endsAt?.value).toEqual(hour(3));
      expect(holdersOf(folded)).toMatchObject([{ id: 'ann', email: 'ann@x.org' }]);
      expect(closedBy(foldAll([start, end]))).toBe('ended');
      expect(closedBy(foldAll([start, { ...end, endsAt: undefined }]))).toBe('ended');
      expect(foldAll([start, { ...start, version: at(6), endsAt: hour(2) }]).endsAt?.value).toEqual(hour(2));
    });

    test('never undoes a change of owner or window, however late it was sent', () => {
      for (const late of [start, end]) {
        const folded = foldAll([{ ...change, holders: [{ id: 'bob' }], endsAt: hour(9) }, late]);
        expect(holdersOf(folded).map(({ id }) => id)).toEqual(['bob']);
        expect(folded).toMatchObject({ startsAt: { value: hour(1) }, endsAt: { value: hour(9) } });
      }
    });

    test('closes the window that it names, and no longer one', () => {
      expect(closedBy(foldAll([start, { ...change, endsAt: hour(9) }, end]))).toBeUndefined();
      expect(closedBy(foldAll([start, { ...change, endsAt: hour(3) }, end]))).toBe('ended');
      expect(closedBy(foldAll([start, { ...change, endsAt: hour(2) }, end]))).toBe('ended');
      expect(closedBy(foldAll([end, { ...change, version: at(7), endsAt: hour(9) }]))).toBeUndefined();
      expect(closedBy(foldAll([{ ...change, endsAt: hour(9) }, end, { ...end, endsAt: hour(9) }, end]))).toBe('ended');
    });

    test('does not reopen what has ended by itself', () => {
      const over: Event = { type: 'ended', reservationId: '7', version: at(3) };
      expect(closedBy(foldAll([over, { ...start, endsAt: hour(9) }]))).toBe('ended');
      expect(closedBy(foldAll([over, end, { ...change, version: at(2), endsAt: hour(9) }]))).toBe('ended');
    });
  });

  test('an event that omits an address does not erase it', () => {
    const folded = foldAll([
      { type: 'started', reservationId: '7', version: at(1), holders: [{ id: 'ann', name: 'Ann', email: 'ann@x.org' }] },
      { type: 'updated', reservationId: '7', version: at(2), holders: [{ id: 'ann' }] },
    ]);
    expect(holdersOf(folded)).toEqual([{ id: 'ann', name: 'Ann', email: 'ann@x.org' }]);
  });
});
