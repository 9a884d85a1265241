import { describe, expect, test } from 'vitest';
import { createBudget } from '../src/sources/map/budget.ts';
import { compileExpression } from '../src/sources/map/expression.ts';
import { createMapping } from '../src/sources/map/map.ts';
import { scopeOf } from '../src/sources/map/run.ts';
import { MapEntry } from '../src/sources/map/schema.ts';

const evaluate = (text: string, document: unknown = {}, zone = 'Europe/Rome') =>
  compileExpression(text, { zone }).evaluate(scopeOf(document), createBudget());

describe('a time is made an instant', () => {
  test.each([
    ["datetime('2026-01-31', '09:30')", '2026-01-31T08:30:00Z'],
    ["datetime('2026-01-31', '9:30')", '2026-01-31T08:30:00Z'],
    ["datetime(' 2026-01-31 ', '09:30:15')", '2026-01-31T08:30:15Z'],
    ["datetime('2026-07-31', '09:30')", '2026-07-31T07:30:00Z'],
    ["datetime('2026-07-31', '09:30', 'America/New_York')", '2026-07-31T13:30:00Z'],
    ["datetime('2026-07-31', '09:30', 'UTC')", '2026-07-31T09:30:00Z'],
    ["minutes('2026-01-31', `570`)", '2026-01-31T08:30:00Z'],
    ["minutes('2026-01-31', '570')", '2026-01-31T08:30:00Z'],
    ["minutes('2026-01-31', `1440`)", '2026-01-31T23:00:00Z'],
    ["minutes('2026-01-31', `0`, 'Asia/Tokyo')", '2026-01-30T15:00:00Z'],
    ["iso('2026-01-31T09:30')", '2026-01-31T08:30:00Z'],
    ["iso('2026-01-31 09:30:00.5')", '2026-01-31T08:30:00.5Z'],
    ["iso('2026-01-31T09:30:00', 'Asia/Kolkata')", '2026-01-31T04:00:00Z'],
    ["iso('2026-01-31T09:30:00Z')", '2026-01-31T09:30:00Z'],
    ["iso('2026-01-31T09:30:00+05:30')", '2026-01-31T04:00:00Z'],
    ["iso('2026-01-31 09:30:00-0300')", '2026-01-31T12:30:00Z'],
    ['epoch(`1769850000`)', '2026-01-31T09:00:00.000Z'],
    ["epoch('1769850000')", '2026-01-31T09:00:00.000Z'],
    ["epoch(`1769850000000`, 'ms')", '2026-01-31T09:00:00.000Z'],
    ["add_minutes('2026-01-31T09:00:00Z', `90`)", '2026-01-31T10:30:00.000Z'],
    ["add_minutes('2026-01-31T09:00:00Z', `-90`)", '2026-01-31T07:30:00.000Z'],
    ["add_minutes(iso('2026-01-31T09:00'), '15')", '2026-01-31T08:15:00.000Z'],
  ])('%s is %s', (text, want) => {
    expect(evaluate(text)).toBe(want);
  });

  test.each([
    ['skipped by the clocks: as if they had not changed yet', "datetime('2026-03-29', '02:30')", '2026-03-29T01:30:00Z'],
    ['just before', "datetime('2026-03-29', '01:59')", '2026-03-29T00:59:00Z'],
    ['just after', "datetime('2026-03-29', '03:00')", '2026-03-29T01:00:00Z'],
    ['that comes twice: the first of them', "datetime('2026-10-25', '02:30')", '2026-10-25T00:30:00Z'],
    ['after both', "datetime('2026-10-25', '03:00')", '2026-10-25T02:00:00Z'],
    ['by minutes of the clock on the wall on a day of 23 hours', "minutes('2026-03-29', `600`)", '2026-03-29T08:00:00Z'],
    ['of a zone that changes by half an hour', "datetime('2026-10-04', '02:15', 'Australia/Lord_Howe')", '2026-10-03T15:45:00Z'],
  ])('a time %s', (_what, text, want) => {
    expect(evaluate(text)).toBe(want);
  });

  test('what is not stated makes nothing, and nonsense is refused without being repeated', () => {
    for (const text of [
      'datetime(day, from)',
      'iso(at)',
      'epoch(at)',
      'minutes(day, n)',
      'add_minutes(at, `5`)',
      "datetime('', '09:30')",
    ])
      expect(evaluate(text)).toBeNull();
  });

  test.each<[string, RegExp]>([
    ["datetime('31/01/2026', '09:30')", /no date/],
    ["datetime('2026-02-30', '09:30')", /no real date/],
    ["datetime('2026-01-31', '25:00')", /no real date or time/],
    ["datetime('2026-01-31', 'half past')", /no time of day/],
    ["iso('2026-01-31')", /no date and time/],
    ["iso('tomorrow')", /no date and time/],
    ["minutes('2026-01-31', `-1`)", /0 to 2880/],
    ["minutes('2026-01-31', 'x')", /0 to 2880/],
    ["epoch('x')", /no real date/],
    ['epoch(`1e300`)', /no real date/],
    ["add_minutes('2026-01-31', `5`)", /no real date/],
    ["iso('2026-01-31T09:30', zone)", /names no time zone/],
  ])('%s is refused', (text, reason) => {
    expect(() => evaluate(text, { zone: 'Mars/Olympus' })).toThrow(reason);
  });

  test('a zone may come from the document', () => {
    expect(evaluate("datetime(day, '09:30', zone)", { day: '2026-01-31', zone: 'Asia/Tokyo' })).toBe('2026-01-31T00:30:00Z');
  });
});

describe('a plain field with a time that names no zone', () => {
  const rules = MapEntry.parse([
    { action: 'created', fields: { reservationId: 'id', startsAt: 'start', endsAt: 'end', version: 'changed' } },
  ]);
  const map = (document: object, zone?: string) =>
    createMapping({ rules, zone }, () => expect.unreachable()).map(document, { now: new Date('2026-01-01T00:00:00Z') })[0]!;
  const booking = { id: 1, start: '2026-01-31T09:30', end: '2026-01-31T11:30:00+02:00', changed: '2026-01-30 12:00:00' };

  test('is in the zone of the source', () => {
    const item = map(booking, 'Europe/Rome');
    expect(item).toMatchObject({
      event: {
        startsAt: new Date('2026-01-31T08:30:00Z'),
        endsAt: new Date('2026-01-31T09:30:00Z'),
        version: Date.parse('2026-01-30T11:00:00Z'),
      },
    });
  });

  test('is kept aside where the source has none, and says what is missing', () => {
    expect(map(booking)).toMatchObject({ outcome: 'quarantined', reason: expect.stringMatching(/version \(changed\) .*zone/) });
    expect(map({ ...booking, changed: null })).toMatchObject({
      outcome: 'quarantined',
      reason: expect.stringMatching(/map\[0\].fields.startsAt \(start\) must be a date and time with a zone/),
    });
  });

  test('is refused where it names no real day', () => {
    expect(map({ ...booking, start: '2026-02-30T09:30' }, 'Europe/Rome')).toMatchObject({ outcome: 'quarantined' });
  });
});
