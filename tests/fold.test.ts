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

  test('an event that omits an address does not erase it', () => {
    const folded = foldAll([
      { type: 'started', reservationId: '7', version: at(1), holders: [{ id: 'ann', name: 'Ann', email: 'ann@x.org' }] },
      { type: 'updated', reservationId: '7', version: at(2), holders: [{ id: 'ann' }] },
    ]);
    expect(holdersOf(folded)).toEqual([{ id: 'ann', name: 'Ann', email: 'ann@x.org' }]);
  });
});
