import { expect, test } from 'vitest';
import { NO_MEMORY, tryOut } from '../src/lab/lab.ts';
import { reportOf } from '../src/lab/report.ts';
import type { Sample } from '../src/lab/sample.ts';
import { plan } from './fixtures/plan.ts';
import { sourceOf } from './fixtures/source.ts';
import { policyWith } from './intake-house.ts';

/** What a source that is read would make of a list: by the code of a reading, next to what was read before. */

const AT = new Date('2026-01-01T08:00:00Z');
const ical = { url: 'http://127.0.0.1:9/secret-path.ics', zone: 'Europe/Rome', resource: 'lab-1' };
const poll = { url: 'http://127.0.0.1:9/list', largest: 4096 };
const map = [
  {
    forEach: 'list',
    action: { expr: 'item.state', values: { off: 'cancelled', pending: 'ignore' }, otherwise: 'created' },
    fields: {
      reservationId: 'item.id',
      resource: 'item.room',
      startsAt: 'item.from',
      endsAt: 'item.to',
      holderEmail: 'item.mail',
    },
  },
];

function calendar(...events: readonly string[]): string {
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', ...events, 'END:VCALENDAR', ''].join('\r\n');
}

function event(id: string, day = '20260102', more: readonly string[] = []): string {
  const times = [`DTSTART;TZID=Europe/Rome:${day}T100000`, `DTEND;TZID=Europe/Rome:${day}T120000`];
  return ['BEGIN:VEVENT', `UID:${id}`, ...times, 'ATTENDEE:mailto:ann@example.org', ...more, 'END:VEVENT'].join('\r\n');
}

async function lab(entry: object, texts: readonly string[], memory = NO_MEMORY) {
  const source = sourceOf(entry, { name: 'read' });
  const policy = policyWith({ sources: { read: source }, plans: [plan] });
  const lens = { policy: () => policy, providers: () => undefined, now: () => AT, smtp: true };
  const samples = texts.map((text): Sample => {
    const more = { method: 'POST', path: '', query: '', redacted: false };
    return { ...more, receivedAt: AT, body: Buffer.from(text) };
  });
  return reportOf(await tryOut(source, samples, { lens, memory }));
}

const item = (id: number, more: object = {}) => ({
  id,
  room: 'lab-1',
  from: '2026-01-02T10:00:00Z',
  to: '2026-01-02T12:00:00Z',
  mail: 'ann@example.org',
  ...more,
});

test('a calendar is read as a poll reads it, and each occurrence comes to its lease', async () => {
  const text = calendar(event('once'), event('daily', '20260103', ['RRULE:FREQ=DAILY;COUNT=2']), event('past', '20251101'));
  const { ok, samples, bookings } = await lab({ ical }, [text]);
  expect([ok, samples[0]!.signature.verdict, samples[0]!.body]).toEqual([
    true,
    'read',
    { kind: 'calendar', bytes: text.length, problem: null },
  ]);
  expect(samples[0]!.list).toMatchObject({ bookings: 3, changed: 3, missing: 0, problem: null });
  expect(bookings.map(({ booking, leases }) => [booking, leases[0]?.holder.email, leases[0]?.opensAt?.toISOString()])).toEqual([
    ['once', 'ann@example.org', '2026-01-02T09:00:00.000Z'],
    ['daily/20260103T090000Z', 'ann@example.org', '2026-01-03T09:00:00.000Z'],
    ['daily/20260104T090000Z', 'ann@example.org', '2026-01-04T09:00:00.000Z'],
  ]);
});

test('what cannot be read of a calendar is told, and the rest counts; what is none is refused', async () => {
  const odd = event('odd').replaceAll('Europe/Rome', 'Nowhere/Land');
  const some = await lab({ ical }, [calendar(event('once'), odd)]);
  expect([some.ok, some.bookings.map(({ booking }) => booking)]).toEqual([false, ['once']]);
  expect(some.samples[0]!.list!.problem).toContain('such as odd: its time zone');
  const none = await lab({ ical }, ['<html>']);
  expect([none.ok, none.samples[0]!.list, none.samples[0]!.observations]).toEqual([false, null, []]);
  expect(none.samples[0]!.body.problem).toContain('it is no calendar');
});

test('a list in JSON is read by its map: a list that is not in it is no empty one, and more than its size is refused', async () => {
  const list = [item(1), item(2, { state: 'pending' }), item(3, { from: 'soon' })];
  const { ok, samples, bookings } = await lab({ poll, map }, [JSON.stringify({ list })]);
  expect([ok, bookings.map(({ booking }) => booking)]).toEqual([false, ['1']]);
  expect(samples[0]!.observations.map(({ outcome }) => outcome)).toEqual(['accepted', 'ignored', 'quarantined']);
  expect(samples[0]!.observations[2]!.problems).toMatchObject([{ at: 'map[0].fields.startsAt', value: '"soon"' }]);
  const [without, large] = (await lab({ poll, map }, ['{}', `{"list":[],"x":"${'x'.repeat(4096)}"}`])).samples;
  expect(without!.observations).toMatchObject([{ outcome: 'quarantined', problems: [{ reason: 'must make a list' }] }]);
  expect(large!.body.problem).toContain('it has more than 4096 bytes');
});

test('several lists are readings in turn: what vanishes is cancelled by the second without it', async () => {
  const [both, one] = [JSON.stringify({ list: [item(1), item(2)] }), JSON.stringify({ list: [item(1)] })];
  const { samples, bookings } = await lab({ poll, map }, [both, one, one]);
  expect(samples.map(({ list }) => [list!.bookings, list!.changed, list!.missing, list!.cancelled])).toEqual([
    [2, 2, 0, 0],
    [1, 0, 1, 0],
    [1, 1, 1, 1],
  ]);
  expect(bookings.map(({ booking, closed }) => [booking, closed])).toEqual([
    ['1', null],
    ['2', 'cancelled'],
  ]);
});

test('of a list without end the first hundred bookings are looked at', async () => {
  const list = Array.from({ length: 130 }, (_, id) => item(id));
  const { bookings, more } = await lab({ poll: { ...poll, largest: 1_000_000 }, map }, [JSON.stringify({ list })]);
  expect([bookings.length, more]).toEqual([100, 30]);
});

test('a source that is posted to as well takes calendars as lists, and all else as messages', async () => {
  const both = { ical, auth: { bearer: {} }, secrets: ['a-secret-of-the-desk-00001'], map };
  const [read, posted] = (await lab({ ...both, map: undefined }, [calendar(event('once')), '{"events":[]}'])).samples;
  expect([read!.signature.verdict, posted!.signature.verdict]).toEqual(['read', 'unsigned']);
});
