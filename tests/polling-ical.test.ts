import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readCalendarApart } from '../src/polling/ical/apart.ts';
import { readCalendar, type Calendar, type CalendarSpan } from '../src/polling/ical/read.ts';

/* Calendars (RFC 5545) as events: what each of them says stands in tests/fixtures/ical. */

const span: CalendarSpan = {
  from: new Date('2026-03-01T00:00:00Z'),
  until: new Date('2026-05-01T00:00:00Z'),
  zone: 'Europe/Rome',
};
const textOf = (name: string): string => readFileSync(new URL(`fixtures/ical/${name}.ics`, import.meta.url), 'utf8');
const read = (name: string, change: Partial<CalendarSpan> = {}): Calendar => readCalendar(textOf(name), { ...span, ...change });
const times = ({ events }: Calendar): string[] => events.map(({ id, start, end }) => `${id} ${start} ${end}`);

test('an event says who, what, where and when, however its lines are folded and escaped', () => {
  const { name, events, unread } = read('plain');
  expect({ name, unread }).toEqual({ name: 'Microscope, room 2', unread: [] });
  expect(events).toEqual([
    {
      id: 'one@lab',
      uid: 'one@lab',
      recurrenceId: null,
      summary: 'A long title that is folded in the middle of the word, with a comma',
      description: 'first line\nsecond',
      location: 'lab-1',
      start: '2026-03-10T08:00:00Z',
      end: '2026-03-10T10:00:00Z',
      allDay: false,
      status: 'confirmed',
      transparency: 'opaque',
      sequence: 2,
      lastModified: '2026-03-02T10:00:00Z',
      organizer: { email: 'olga@example.org', name: 'Olga' },
      attendees: [
        { email: 'ann@example.org', name: 'Ann, A.', status: 'accepted', kind: 'individual', role: 'req-participant' },
        { email: 'bob@example.org', name: null, status: 'declined', kind: 'individual', role: 'req-participant' },
        { email: 'room2@example.org', name: null, status: 'accepted', kind: 'room', role: 'req-participant' },
      ],
      categories: ['a', 'b'],
    },
  ]);
});

describe('times', () => {
  test.each([
    [
      'lines end with LF alone, after a byte order mark; a length instead of an end',
      'lf-bom',
      ['one@lab 2026-03-10T08:00:00Z 2026-03-10T09:30:00Z'],
    ],
    [
      'a day is midnight to midnight where the calendar is, also when the clocks change; a time without an end is a moment',
      'days',
      [
        'day@lab 2026-03-28T23:00:00Z 2026-03-29T22:00:00Z',
        'two-days@lab 2026-03-31T22:00:00Z 2026-04-02T22:00:00Z',
        'moment@lab 2026-04-05T10:00:00Z 2026-04-05T10:00:00Z',
      ],
    ],
    ['a time without a zone is of the zone of the source', 'floating', ['floats@lab 2026-03-10T08:00:00Z 2026-03-10T09:00:00Z']],
    [
      'every day at half past nine stays so when the clocks change, and UNTIL is an instant',
      'daily-spring',
      [
        'd@lab/20260327T083000Z 2026-03-27T08:30:00Z 2026-03-27T09:30:00Z',
        'd@lab/20260328T083000Z 2026-03-28T08:30:00Z 2026-03-28T09:30:00Z',
        'd@lab/20260329T073000Z 2026-03-29T07:30:00Z 2026-03-29T08:30:00Z',
        'd@lab/20260330T073000Z 2026-03-30T07:30:00Z 2026-03-30T08:30:00Z',
      ],
    ],
    [
      'every occurrence of an event with an end lasts as long as the first; a time that is skipped is the hour after',
      'night-spring',
      [
        'exact@lab/20260327T210000Z 2026-03-27T21:00:00Z 2026-03-28T05:00:00Z',
        'exact@lab/20260328T210000Z 2026-03-28T21:00:00Z 2026-03-29T05:00:00Z',
        'gap@lab 2026-03-29T01:30:00Z 2026-03-29T02:30:00Z',
      ],
    ],
    [
      'Outlook describes zones by names of its own; some prefix a name that everybody knows',
      'outlook',
      [
        'winter@lab 2026-03-10T08:00:00Z 2026-03-10T09:00:00Z',
        'summer@lab 2026-04-10T07:00:00Z 2026-04-10T08:00:00Z',
        'prefixed@lab 2026-04-10T07:00:00Z 2026-04-10T08:00:00Z',
      ],
    ],
  ])('%s', (_words, name, want) => {
    expect(times(read(name))).toEqual(want);
  });

  test('a time that comes twice in autumn is the first, and the day then has 25 hours', () => {
    const autumn = read('autumn', { from: new Date('2026-10-01T00:00:00Z'), until: new Date('2026-12-01T00:00:00Z') });
    expect(times(autumn)).toEqual([
      'day@lab 2026-10-24T22:00:00Z 2026-10-25T23:00:00Z',
      'twice@lab 2026-10-25T00:30:00Z 2026-10-25T01:30:00Z',
    ]);
  });

  test('a zone that nobody describes is not guessed', () => {
    expect(read('outlook').unread).toEqual([
      { uid: 'nowhere@lab', reason: 'its time zone is neither in the time zone database nor described in the calendar' },
    ]);
  });
});

describe('events that repeat', () => {
  test('an occurrence is left out, moved or cancelled, and keeps its name', () => {
    expect(read('exceptions').events.map(({ id, start, status, summary }) => [id, start, status, summary])).toEqual([
      ['w@lab/20260302T080000Z', '2026-03-02T08:00:00Z', 'confirmed', 'as planned'],
      ['w@lab/20260316T080000Z', '2026-03-17T13:00:00Z', 'confirmed', 'moved'],
      ['w@lab/20260323T080000Z', '2026-03-23T08:00:00Z', 'cancelled', null],
      ['w@lab/20260330T070000Z', '2026-03-30T07:00:00Z', 'confirmed', 'as planned'],
      ['w@lab/20260406T070000Z', '2026-04-06T07:00:00Z', 'confirmed', 'as planned'],
    ]);
  });

  test('one that was moved into the span is in it, whenever it was planned', () => {
    const late = read('exceptions', { from: new Date('2026-03-17T00:00:00Z'), until: new Date('2026-03-18T00:00:00Z') });
    expect(late.events.map(({ summary }) => summary)).toEqual(['moved']);
  });

  test('this one and all that follow', () => {
    expect(times(read('this-and-future'))).toEqual([
      'f@lab/20260302T080000Z 2026-03-02T08:00:00Z 2026-03-02T09:00:00Z',
      'f@lab/20260309T080000Z 2026-03-09T08:00:00Z 2026-03-09T09:00:00Z',
      'f@lab/20260316T080000Z 2026-03-16T10:00:00Z 2026-03-16T12:00:00Z',
      'f@lab/20260323T080000Z 2026-03-23T10:00:00Z 2026-03-23T12:00:00Z',
    ]);
  });

  test('dates and periods of its own', () => {
    expect(times(read('rdates'))).toEqual([
      'r@lab/20260301T100000Z 2026-03-01T10:00:00Z 2026-03-01T11:00:00Z',
      'r@lab/20260303T100000Z 2026-03-03T10:00:00Z 2026-03-03T11:00:00Z',
      'r@lab/20260305T100000Z 2026-03-05T10:00:00Z 2026-03-05T13:00:00Z',
    ]);
  });

  test('an invitation to one day of a series that is not there', () => {
    expect(times(read('alone'))).toEqual(['invited@lab/20260310T080000Z 2026-03-10T09:00:00Z 2026-03-10T10:00:00Z']);
  });

  test('one of twenty years ago keeps its rhythm, and a day that a month does not have is none of the next', () => {
    const { events } = read('old');
    const of = (uid: string) => events.filter((event) => event.uid === uid).map(({ start }) => start.slice(0, 10));
    expect(of('old@lab').slice(0, 4)).toEqual(['2026-03-02', '2026-03-05', '2026-03-16', '2026-03-19']);
    expect(of('monthly@lab')).toEqual(['2026-03-31']);
    expect(of('last@lab')).toEqual(['2026-03-31', '2026-04-30']);
  });
});

test('what is wrong in one event costs that event, and the reason quotes nothing', () => {
  const { events, unread } = read('broken-events');
  expect(events.map(({ id }) => id)).toEqual(['good@lab']);
  expect(unread).toEqual([
    { uid: 'bad-rule@lab', reason: 'a line of it is not iCalendar' },
    { uid: 'no-line@lab', reason: 'a line of it is not iCalendar' },
    { reason: 'it has no UID' },
    { uid: 'bad-time@lab', reason: 'its DTSTART is no date or time' },
    { uid: 'no-start@lab', reason: 'it has no DTSTART' },
    { uid: 'twins@lab', reason: 'several events have its UID, and none is newer' },
  ]);
});

test.each([
  ['nothing', '', 'it is empty'],
  ['a page', '<html></html>', 'it is no calendar: it does not begin with BEGIN:VCALENDAR'],
  ['half a calendar', 'BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1', 'it is cut off: BEGIN:VEVENT without its END'],
  ['all but its end', 'BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nEND:VEVENT', 'it is cut off: BEGIN:VCALENDAR without its END'],
  ['a mixture', 'BEGIN:VCALENDAR\nEND:VEVENT\nEND:VCALENDAR', 'it is broken: END:VEVENT without its BEGIN'],
])('%s is no calendar', (_words, text, reason) => {
  expect(() => readCalendar(text, span)).toThrow(reason);
});

test('an empty calendar is one', () => {
  expect(readCalendar('BEGIN:VCALENDAR\r\nEND:VCALENDAR', span)).toMatchObject({ events: [], unread: [] });
});

test('a rule that would never end is left out, and what stands beside it is read', async () => {
  const { events, unread } = await readCalendarApart(textOf('hostile'), span);
  expect(events.map(({ id }) => id)).toEqual(['good@lab']);
  expect(unread).toEqual([
    { uid: 'seconds@lab', reason: 'it repeats every minute or oftener' },
    { uid: 'minutes@lab', reason: 'it repeats every minute or oftener' },
    { uid: 'never@lab', reason: 'its rule takes too long to follow' },
  ]);
}, 60_000);

test('of too many occurrences the earliest are read, and where they end is said', () => {
  const hourly = Array.from({ length: 4 }, (_, index) =>
    ['BEGIN:VEVENT', `UID:h${index}`, 'DTSTART:20260301T000000Z', 'DURATION:PT1H', 'RRULE:FREQ=HOURLY', 'END:VEVENT'].join('\n'),
  );
  const calendar = readCalendar(['BEGIN:VCALENDAR', ...hourly, 'END:VCALENDAR'].join('\n'), span);
  expect(calendar.events).toHaveLength(5000);
  expect(calendar.until).toEqual(new Date(Date.parse('2026-03-01T00:00:00Z') + 1250 * 3_600_000));
}, 60_000);
