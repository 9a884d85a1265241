import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileHours } from '../src/keys/hours.ts';
import type { Hours } from '../src/reservation/rights.ts';

const ROME = 'Europe/Rome';
const MINUTE_MS = 60_000;
const WEEK = 7 * 24 * 60;

const opens = (hours: Hours, ...instants: string[]): boolean[] => {
  const isOpen = compileHours([hours]);
  return instants.map((instant) => isOpen(Date.parse(instant)));
};

test('a part of the week begins with its first millisecond and ends before its last minute is over', () => {
  const office: Hours = { days: [1, 2, 3, 4, 5], from: '08:00', to: '18:30', zone: ROME };
  // A Monday in winter: Rome is one hour ahead.
  expect(opens(office, '2026-01-05T06:59:59.999Z', '2026-01-05T07:00:00.000Z')).toEqual([false, true]);
  expect(opens(office, '2026-01-05T17:29:59.999Z', '2026-01-05T17:30:00.000Z')).toEqual([true, false]);
  expect(opens(office, '2026-01-04T10:00:00Z', '2026-01-10T10:00:00Z')).toEqual([false, false]);
  // And in summer two.
  expect(opens(office, '2026-07-06T05:59:59.999Z', '2026-07-06T06:00:00.000Z')).toEqual([false, true]);
});

test('the hour that spring leaves out never comes: what begins in it begins after it', () => {
  const night: Hours = { from: '02:30', to: '04:00', zone: ROME };
  // 29 March 2026: at 01:00Z the clock goes from 02:00 to 03:00.
  expect(
    opens(night, '2026-03-29T00:59:59.999Z', '2026-03-29T01:00:00Z', '2026-03-29T01:59:59Z', '2026-03-29T02:00:00Z'),
  ).toEqual([false, true, true, false]);
  const within: Hours = { from: '02:10', to: '02:50', zone: ROME };
  expect(opens(within, '2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z', '2026-03-29T01:30:00Z')).toEqual([false, false, false]);
});

test('the hour that comes twice in autumn is open twice', () => {
  const within: Hours = { from: '02:15', to: '02:45', zone: ROME };
  // 25 October 2026: at 01:00Z the clock goes from 03:00 back to 02:00.
  expect(
    opens(
      within,
      '2026-10-25T00:14:59Z',
      '2026-10-25T00:15:00Z',
      '2026-10-25T00:45:00Z',
      '2026-10-25T01:15:00Z',
      '2026-10-25T01:45:00Z',
    ),
  ).toEqual([false, true, false, true, false]);
});

test('one that does not end after it begins ends on the day after, over the end of the week too', () => {
  const late: Hours = { days: [7], from: '22:00', to: '06:00', zone: 'Asia/Kolkata' };
  // Sunday 22:00 in Kolkata is 16:30Z.
  expect(opens(late, '2026-03-01T16:29:59Z', '2026-03-01T16:30:00Z', '2026-03-02T00:29:59Z', '2026-03-02T00:30:00Z')).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(
    opens({ ...late, from: '00:00', to: '24:00' }, '2026-02-28T18:30:00Z', '2026-03-01T18:29:59Z', '2026-03-01T18:30:00Z'),
  ).toEqual([true, true, false]);
});

test('in UTC it is what arithmetic says, in whatever order it is asked, and a minute keeps its answer', () => {
  const time = fc.integer({ min: 0, max: 24 * 60 - 1 });
  const day = fc.integer({ min: 1, max: 7 });
  const asked = fc.array(fc.integer({ min: 0, max: WEEK * MINUTE_MS * 60 }), { minLength: 1, maxLength: 20 });
  const write = (minutes: number) =>
    `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  // 1970 began on a Thursday.
  const minuteOfWeek = (at: number) => (Math.floor(at / MINUTE_MS) + 3 * 24 * 60) % WEEK;
  fc.assert(
    fc.property(fc.uniqueArray(day, { minLength: 1 }), time, time, asked, (days, from, to, instants) => {
      const isOpen = compileHours([{ days, from: write(from), to: write(to), zone: 'UTC' }]);
      const length = to > from ? to - from : to - from + 24 * 60;
      for (const at of instants) {
        const model = days.some((each) => {
          const since = (minuteOfWeek(at) - ((each - 1) * 24 * 60 + from) + WEEK) % WEEK;
          return since < length;
        });
        expect(isOpen(at)).toBe(model);
        expect(isOpen(at - (at % MINUTE_MS) + 59_999)).toBe(model);
      }
    }),
    { numRuns: 300 },
  );
});

test('a time, a day or a zone that does not exist is an error', () => {
  const good: Hours = { from: '08:00', to: '18:00', zone: ROME };
  for (const wrong of [
    { from: '8:00' },
    { to: '24:01' },
    { to: '12:60' },
    { zone: 'Mars/Olympus' },
    { days: [0] },
    { days: [8] },
  ])
    expect(() => compileHours([{ ...good, ...wrong }]), JSON.stringify(wrong)).toThrow(RangeError);
});
