import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { MappedItem } from '../src/reservation/source.ts';
import { parseJson } from '../src/sources/json.ts';
import { parseInstant } from '../src/sources/map/fields.ts';
import { StandardEvent } from '../src/sources/standard-event.ts';
import { sourceOf } from './fixtures/source.ts';
import { closedBy, emptyReservation, fold } from '../src/reservation/fold.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- foreign JSON, taken apart and changed freely
type Foreign = any;
const fixture = (name: string): Foreign => {
  const parsed = parseJson(readFileSync(new URL(`fixtures/cloud-resource-reservation/${name}.json`, import.meta.url)));
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
};
const { mapping: cloudResourceReservation } = sourceOf({ preset: 'cloud-resource-reservation' });
const { mapping: standard } = sourceOf({ preset: 'standard' });
const MINUTE = 60_000;
const at = (text: string) => new Date(text);
/** Mapped as of its own sending, unless told otherwise. */
const map = (
  document: Foreign,
  now = document?.timestamp ? at(document.timestamp.slice(0, 23) + zone(document.timestamp)) : at('2025-01-01T12:00:00Z'),
) => cloudResourceReservation.map(document, { now });
const zone = (text: string) => /(?:Z|[+-]\d\d:\d\d)$/.exec(text)![0];
const one = (items: readonly MappedItem[]) => {
  expect(items.length).toBe(1);
  return items[0]!;
};
const event = (item: MappedItem) => {
  if (item.outcome !== 'accepted') throw new Error(`${item.outcome}: ${item.reason}`);
  return item.event;
};
const eventOf = (document: unknown, now?: Date) => event(one(map(document, now)));

const START = fixture('EVENT_START.head-2025-07.RECONSTRUCTED');
const DELETED = fixture('EVENT_DELETED.be-entity.RECONSTRUCTED');
const entity = (type: string, data: object = {}, envelope: object = {}) => ({
  ...DELETED,
  eventType: type,
  ...envelope,
  data: { ...DELETED.data, ...data },
});

describe('every recorded body of cloud-resource-reservation', () => {
  test('a flat start', () => {
    expect(eventOf(START)).toEqual({
      type: 'started',
      reservationId: '101',
      version: Date.parse('2025-07-03T12:55:00.123Z'),
      restates: true,
      title: 'GPU lab 3',
      resource: { id: '1', name: 'Lab Server A1', type: 'API Key' },
      holders: [
        { id: '4f2c7f0e-6d1c-4c6f-9a55-0a7a3f3b1c11', name: 'giovanni.mirarchi', email: 'giovanni.mirarchi@example.com' },
      ],
      startsAt: at('2025-07-03T13:00:00Z'),
      endsAt: at('2025-07-03T15:00:00Z'),
      parameters: { scopes: ['read', 'write'], quota: 500, rateLimit: '60/hour' },
      reply: {
        webhookId: '7',
        userId: '4f2c7f0e-6d1c-4c6f-9a55-0a7a3f3b1c11',
        eventId: '101',
        resourceId: '1',
        eventType: 'EVENT_START',
      },
    });
  });

  test('the older flat start, with offsets and without a webhook id', () => {
    const read = eventOf(fixture('EVENT_START.single'));
    expect(read).toMatchObject({ reservationId: '101', startsAt: at('2025-06-08T13:00:00Z'), parameters: {} });
    expect(read.reply).not.toHaveProperty('webhookId');
  });

  test.each([
    ['EVENT_START.guide', 'started', {}],
    ['EVENT_END.guide', 'ended', undefined],
  ])("%s, the guide's own, says nothing of when it was sent: it counts as of its arrival", (name, type, parameters) => {
    const now = at('2025-01-01T12:34:56Z');
    expect(eventOf(fixture(name), now)).toMatchObject({
      type,
      reservationId: 'test-event-123',
      version: now.getTime(),
      parameters,
    });
    expect(eventOf(fixture(name), now).holders).toEqual([{ id: 'user-456', name: 'testuser', email: undefined }]);
  });

  test.each([
    ['EVENT_START.batch', 'started', ['101', '102', '103'], 'keycloak-user-id-123'],
    ['EVENT_END.batch', 'ended', ['98', '99'], 'keycloak-user-id-456'],
  ])('%s is one event for each booking of its user; what already runs is no news', (name, type, ids, user) => {
    const events = map(fixture(name)).map(event);
    expect(events.map((read) => read.reservationId)).toEqual(ids);
    for (const read of events) {
      expect(read).toMatchObject({ type, holders: [{ id: user }] });
      expect(read.resource?.name).toBeTruthy();
      expect(read.reply).toMatchObject({ userId: user, eventId: read.reservationId });
    }
  });

  test('a deletion of the booking service', () => {
    expect(eventOf(DELETED)).toEqual({
      type: 'cancelled',
      reservationId: '101',
      version: Date.parse('2025-07-03T12:55:00Z'),
      title: 'GPU lab 3',
      resource: { id: '1', name: 'Lab Server A1', type: 'API Key' },
      holders: [{ id: '4f2c7f0e-6d1c-4c6f-9a55-0a7a3f3b1c11', name: undefined, email: undefined }],
      startsAt: at('2025-07-03T13:00:00Z'),
      endsAt: at('2025-07-03T15:00:00Z'),
      parameters: undefined,
      reply: {
        webhookId: '7',
        userId: '4f2c7f0e-6d1c-4c6f-9a55-0a7a3f3b1c11',
        eventId: '101',
        resourceId: '1',
        eventType: 'EVENT_DELETED',
      },
    });
  });

  test('a sparse deletion: a resource that is only named is not stated', () => {
    expect(eventOf(fixture('EVENT_DELETED'))).toMatchObject({
      type: 'cancelled',
      reservationId: '12345',
      version: Date.parse('2025-06-16T12:30:00Z'),
      resource: undefined,
      parameters: undefined,
      holders: [{ id: 'user-id-123' }],
    });
  });

  test('the test button has no effect, and pressing it again is the same', () => {
    const button = fixture('TEST.ALL.RECONSTRUCTED');
    const first = one(map(button));
    expect(first).toMatchObject({ outcome: 'ignored', reason: 'a test' });
    const again = { ...button, timestamp: '2025-07-03T12:01:00Z', data: { ...button.data, timestamp: '2025-07-03T12:01:00Z' } };
    expect(one(map(again)).dedupe).toBe(first.dedupe);
  });
});

describe('oddities of cloud-resource-reservation', () => {
  test.each([
    ['EVENT_CREATED', 'created'],
    ['EVENT_UPDATED', 'updated'],
    ['EVENT_DELETED', 'cancelled'],
    ['EVENT_START', 'started'],
    ['EVENT_END', 'ended'],
  ])('%s in the envelope with a record is %s, and carries the whole schedule', (type, ours) => {
    expect(eventOf(entity(type))).toMatchObject({ type: ours, startsAt: at('2025-07-03T13:00:00Z'), resource: { id: '1' } });
  });

  test.each(['RESOURCE_CREATED', 'RESOURCE_UPDATED', 'RESOURCE_STATUS_CHANGED', 'RESOURCE_DELETED', 'SITE_RENAMED'])(
    '%s is ignored and says so',
    (type) => {
      const item = one(
        map({ eventType: type, timestamp: START.timestamp, webhookId: '7', data: { id: 1, status: 'MAINTENANCE' } }),
      );
      expect(item).toMatchObject({ outcome: 'ignored', reason: expect.stringContaining(type) });
      const failed = { eventType: type, timestamp: START.timestamp, data: 'Payload serialization failed' };
      expect(one(map(failed)).outcome).toBe('ignored');
    },
  );

  test('an event type of a booking that we do not know is kept, not dropped', () => {
    expect(one(map({ ...START, eventType: 'EVENT_POSTPONED' }))).toMatchObject({ outcome: 'quarantined' });
    expect(one(map({ ...START, eventType: 'constructor' }))).toMatchObject({ outcome: 'ignored' });
  });

  test('a record that the sender could not load is kept, with its type', () => {
    const text = 'Payload serialization failed due to detached entity. Event type: EVENT_UPDATED';
    const item = one(map({ eventType: 'EVENT_UPDATED', timestamp: START.timestamp, webhookId: '7', data: text }));
    expect(item).toMatchObject({
      outcome: 'quarantined',
      type: 'updated',
      reason: expect.stringContaining('(data.id) is not there'),
    });
  });

  test.each<[string, unknown]>([
    ['a list', [START]],
    ['a text', 'hello'],
    ['nothing', null],
    ['a number', 5],
    ['no type', { eventId: '1' }],
    ['a type that is no text', { eventType: 5, eventId: '1' }],
    ['a body without a booking', { eventType: 'EVENT_START', timestamp: START.timestamp }],
    ['a booking id that is no id', { ...START, eventId: { id: 1 } }],
    ['a booking id too large to be exact', { ...START, eventId: 2 ** 60 }],
    ['a booking id of 201 characters', { ...START, eventId: 'x'.repeat(201) }],
    ['a booking named __proto__', { ...START, eventId: '__proto__' }],
    ['a start without a zone', { ...START, eventStart: '2025-07-03T13:00:00' }],
    ['a day that does not exist', { ...START, eventEnd: '2025-02-30T13:00:00Z' }],
    ['a time as a number', { ...START, eventEnd: 1751547600 }],
    ['a sending time without a zone', { ...START, timestamp: '2025-07-03T12:55:00' }],
  ])('%s is kept with what is wrong with it', (_name, document) => {
    const item = one(map(document, at('2025-07-03T12:55:00Z')));
    expect(item).toMatchObject({ outcome: 'quarantined', reason: expect.stringMatching(/./), document });
  });

  test('ids are the same as numbers and as texts', () => {
    const numbers = eventOf({ ...START, eventId: 101, webhookId: '7', resourceId: '1' });
    expect(numbers).toEqual(eventOf(START));
    expect(eventOf(entity('EVENT_UPDATED', { id: '101' }), at(DELETED.timestamp.slice(0, 19) + 'Z')).reservationId).toBe('101');
  });

  test('a user directory that is out of reach: no name, no address, but somebody', () => {
    const { username: _u, email: _e, siteName: _s, ...without } = START;
    expect(eventOf(without).holders).toEqual([{ id: START.userId, name: undefined, email: undefined }]);
    expect(eventOf({ ...START, username: null, email: '' }).holders).toEqual([
      { id: START.userId, name: undefined, email: undefined },
    ]);
    expect(eventOf({ ...without, userId: null }).holders).toBeUndefined();
  });

  test('an address that is none is not taken for one', () => {
    for (const email of ['nobody', 'a@b\nBcc: c@d', '<a@b>', 'a@b, c@d', 5])
      expect(eventOf({ ...START, email }).holders![0]!.email).toBeUndefined();
  });

  describe('an end or a deletion needs no more than its booking: what cannot be read is left out', () => {
    const now = at('2025-07-03T15:00:00Z');
    const needless = {
      'a start without a zone': { start: '2025-07-03T13:00:00' },
      'a time as a number': { end: 1751547600 },
      'a user that is no id': { keycloakId: { id: 1 } },
      'a resource that is none': { resource: 'Lab Server A1' },
      'a change of no time': { updatedAt: 'yesterday' },
    };
    test.each(Object.entries(needless))('%s', (_name, data) => {
      for (const [type, ours] of [
        ['EVENT_DELETED', 'cancelled'],
        ['EVENT_END', 'ended'],
      ] as const) {
        const read = eventOf(entity(type, data));
        expect(read).toMatchObject({ type: ours, reservationId: '101', title: 'GPU lab 3' });
        expect(closedBy(fold(emptyReservation('default', '101'), read))).toBe(ours);
      }
      expect(one(map(entity('EVENT_UPDATED', data))).outcome).toBe('quarantined');
    });

    test('a sending time without a zone: it counts as of its arrival', () => {
      const flat = { ...START, eventType: 'EVENT_END', timestamp: '2025-07-03T15:00:00', eventEnd: 'at three' };
      expect(eventOf(flat, now)).toMatchObject({ type: 'ended', version: now.getTime(), endsAt: undefined });
      expect(one(map({ ...flat, eventId: {} }, now))).toMatchObject({ outcome: 'quarantined' });
    });
  });

  test('in a batch one bad booking leaves its siblings, and is kept alone', () => {
    const batch = fixture('EVENT_START.batch');
    const events = [batch.events[0], { ...batch.events[1], eventStart: 'tomorrow' }, null, batch.events[2]];
    const items = map({ ...batch, events });
    expect(items.map((item) => item.outcome)).toEqual(['accepted', 'quarantined', 'quarantined', 'accepted']);
    const bad = items[1] as MappedItem & { outcome: 'quarantined' };
    expect(bad).toMatchObject({
      externalId: '102',
      type: 'started',
      reason: expect.stringContaining('(item.eventStart || eventStart)'),
    });
    expect(JSON.stringify(bad.document)).not.toContain('Server Maintenance');
    const mended = { ...(bad.document as object), events: [batch.events[1]] };
    expect(eventOf(mended, at(batch.timestamp))).toEqual(event(map(batch)[1]!));
  });

  test('a batch of nothing is ignored', () => {
    expect(one(map({ ...fixture('EVENT_START.batch'), events: [] }))).toMatchObject({ outcome: 'ignored' });
  });

  test.each<[string, number, boolean]>([
    ['ten minutes old', 10 * MINUTE, true],
    ['more than ten minutes old', 10 * MINUTE + 1, false],
    ['a day old', 1440 * MINUTE, false],
    ['ten minutes ahead', -10 * MINUTE, true],
    ['more than ten minutes ahead', -10 * MINUTE - 1, false],
  ])('sent %s: it has an effect is %s', (_name, age, effective) => {
    const now = new Date(Date.parse('2025-07-03T12:55:00.123Z') + age);
    const item = one(map(START, now));
    expect(item.outcome).toBe(effective ? 'accepted' : 'ignored');
    if (!effective) expect(item).toMatchObject({ externalId: '101', reason: expect.stringContaining('replay') });
  });

  test('a replayed batch and a replayed deletion have no effect either, and cannot stand in the way of the true ones', () => {
    const late = at('2026-01-01T00:00:00Z');
    const batch = fixture('EVENT_START.batch');
    expect(map(batch, late).map((item) => item.outcome)).toEqual(['ignored', 'ignored', 'ignored']);
    expect(one(map(DELETED, late)).outcome).toBe('ignored');
    expect(one(map(DELETED, late)).dedupe).not.toBe(one(map(DELETED)).dedupe);
  });
});

describe('what means the same is known by the same name (U5, U6, U7)', () => {
  const name = (document: unknown, now?: Date) => one(map(document, now)).dedupe;

  test('a copy with a new sending time, from another hook, or with its members in another order', () => {
    expect(name({ ...START, timestamp: '2025-07-03T12:56:00Z' })).toBe(name(START));
    expect(name({ ...START, webhookId: 8 })).toBe(name(START));
    expect(name(Object.fromEntries(Object.entries(START).toReversed()))).toBe(name(START));
    expect(name(entity('EVENT_UPDATED', {}, { timestamp: '2025-07-03T13:25:00Z' }))).toBe(name(entity('EVENT_UPDATED')));
    const { timestamp: _, ...bare } = START;
    expect(name(bare, at('2025-07-03T12:55:00Z'))).toBe(name(bare, at('2025-07-03T12:59:00Z')));
  });

  test.each<[string, object]>([
    ['another booking', { eventId: '102' }],
    ['another type', { eventType: 'EVENT_END' }],
    ['a longer window', { eventEnd: '2025-07-03T16:00:00Z' }],
    ['another owner', { userId: 'somebody-else' }],
    ['an address that was missing', { email: 'other@example.com' }],
    ['another resource', { resourceId: 2 }],
    ['other parameters', { customParameters: '{"scopes":["read"]}' }],
  ])('%s is another event', (_what, change) => {
    expect(name({ ...START, ...change })).not.toBe(name(START));
  });

  test('a record that was changed and changed back is another event', () => {
    expect(name(entity('EVENT_UPDATED', { updatedAt: '2025-07-03T13:00:00Z' }))).not.toBe(name(entity('EVENT_UPDATED')));
  });

  test('what cannot be read is kept once, however often it is sent', () => {
    const broken = { ...START, eventStart: 'x' };
    expect(name({ ...broken, timestamp: '2025-07-03T12:56:00Z' })).toBe(name(broken));
  });
});

describe('events move a booking in the order of its changes, not of their arrival (U9, U11)', () => {
  test('an extension that was sent late but changed first does not undo the later one', () => {
    const first = eventOf(entity('EVENT_UPDATED', { end: '2025-07-03T16:00:00Z', updatedAt: '2025-07-03T13:01:00Z' }));
    const second = eventOf(entity('EVENT_UPDATED', { end: '2025-07-03T17:00:00Z', updatedAt: '2025-07-03T13:02:00Z' }));
    const folded = [second, first].reduce(fold, emptyReservation('default', '101'));
    expect(folded.endsAt?.value).toEqual(at('2025-07-03T17:00:00Z'));
  });

  test('a start or an end that was read before a change and sent after it undoes nothing; its own change does', () => {
    const change = { keycloakId: 'new-owner', end: '2025-07-03T17:00:00Z', updatedAt: '2025-07-03T14:59:57Z' };
    const poll = (eventType: string) => eventOf({ ...START, eventType, timestamp: '2025-07-03T15:00:00.5Z' });
    for (const type of ['EVENT_START', 'EVENT_END']) {
      const folded = [eventOf(entity('EVENT_UPDATED', change)), poll(type)].reduce(fold, emptyReservation('default', '101'));
      expect(folded).toMatchObject({ endsAt: { value: at('2025-07-03T17:00:00Z') }, holders: { value: ['new-owner'] } });
      expect(closedBy(folded)).toBeUndefined();
    }
    const first = entity('EVENT_CREATED', { updatedAt: '2025-07-03T12:00:00Z' });
    const later = entity('EVENT_START', { end: '2025-07-03T16:00:00Z', updatedAt: '2025-07-03T13:02:00Z' });
    expect([first, later].map((one) => eventOf(one)).reduce(fold, emptyReservation('default', '101')).endsAt?.value).toEqual(
      at('2025-07-03T16:00:00Z'),
    );
  });

  test('a deletion sent again after half an hour is the same deletion', () => {
    const again = entity('EVENT_DELETED', {}, { timestamp: '2025-07-03T13:50:00Z' });
    expect(one(map(again)).dedupe).toBe(one(map(DELETED)).dedupe);
  });
});

describe('customParameters, JSON in a text', () => {
  const read = (customParameters: unknown, type = 'EVENT_START') =>
    eventOf({ ...START, eventType: type, customParameters }).parameters;

  test.each<[string, unknown, object]>([
    ['snake case', '{"rate_limit":"100/hour","expiration_hours":2}', { rateLimit: '100/hour', expirationHours: 2 }],
    ['camel case', '{"rateLimit":"100/hour","expirationHours":0.5}', { rateLimit: '100/hour', expirationHours: 0.5 }],
    ['both, agreeing', '{"rateLimit":"1/day","rate_limit":"1/day"}', { rateLimit: '1/day' }],
    ['lists', '{"scopes":["read"," write "],"endpoints":["/a/**"]}', { scopes: ['read', 'write'], endpoints: ['/a/**'] }],
    ['texts with commas', '{"scopes":"read, write","endpoints":"/a,/b"}', { scopes: ['read', 'write'], endpoints: ['/a', '/b'] }],
    ['numbers in texts', '{"quota":"500","expiration_hours":"1.5"}', { quota: 500, expirationHours: 1.5 }],
    ['an object instead of a text', { scopes: ['read'] }, { scopes: ['read'] }],
    ['fields of other uses', '{"param1":"value1","sshPublicKey":"x"}', {}],
    ['empty fields of a form', '{"scopes":"","quota":null,"rate_limit":"","endpoints":[]}', {}],
    ['an empty object', '{}', {}],
    ['an empty text', '  ', {}],
    ['null', null, {}],
    ['null in a text', 'null', {}],
  ])('%s', (_name, given, want) => {
    expect(read(given)).toEqual(want);
  });

  test.each<[string, unknown]>([
    ['no JSON', '{"scopes":'],
    ['a list', '["read"]'],
    ['a number', '5'],
    ['a text in a text', '"read"'],
    ['a member twice', '{"quota":1,"quota":2}'],
    ['two names that contradict', '{"rate_limit":"1/hour","rateLimit":"2/hour"}'],
    ['scopes that are no texts', '{"scopes":[1]}'],
    ['a quota that is no number', '{"quota":"many"}'],
    ['a quota that is true', '{"quota":true}'],
    ['a rate limit that is a number', '{"rate_limit":100}'],
    ['a number that is too large', '{"quota":1e309}'],
    ['a tower of brackets', `{"scopes":${'['.repeat(70)}${']'.repeat(70)}}`],
  ])('%s is a problem that refuses the key, but not the news of the booking', (_name, given) => {
    expect(read(given)).toEqual({ problem: expect.stringMatching(/^parameters: ./) });
  });

  test('a prototype cannot be asked for', () => {
    expect(read('{"__proto__":{"scopes":["admin"]}}')).toEqual({});
  });

  test('left out, a start, a creation and an update ask for nothing; an end and a deletion do not speak of it', () => {
    for (const type of ['EVENT_START', 'EVENT_CREATED', 'EVENT_UPDATED']) expect(read(undefined, type)).toEqual({});
    for (const type of ['EVENT_END', 'EVENT_DELETED']) expect(read(undefined, type)).toBeUndefined();
    expect(eventOf(entity('EVENT_UPDATED', { customParameters: '{"quota":5}' })).parameters).toEqual({ quota: 5 });
  });
});

describe('the standard format', () => {
  const body = {
    type: 'reservation.created',
    timestamp: '2026-01-01T09:00:00Z',
    data: {
      reservationId: 'B-1',
      title: 'Lab',
      resource: { id: 'lab-1', name: 'Lab 1', type: 'API Key' },
      holders: [
        { id: 'u1', name: 'Ada', email: 'ada@example.com' },
        { id: 'u2', name: 'Bob' },
      ],
      startsAt: '2026-01-01T10:00:00+01:00',
      endsAt: '2026-01-01T12:00:00Z',
      updatedAt: '2026-01-01T08:59:59.123456Z',
      parameters: { scopes: ['read'], quota: 10, rateLimit: '5/minute', expirationHours: 1, endpoints: ['/api/**'] },
    },
  };
  const now = at('2026-01-01T09:00:00Z');
  const read = (document: unknown, signedId: string | undefined = 'msg_1') => one(standard.map(document, { now, signedId }));
  const data = (change: object) => ({ ...body, data: { ...body.data, ...change } });

  test('a whole event', () => {
    expect(read(body)).toEqual({
      outcome: 'accepted',
      dedupe: 'id:msg_1',
      event: {
        type: 'created',
        reservationId: 'B-1',
        version: Date.parse('2026-01-01T08:59:59.123Z'),
        title: 'Lab',
        resource: { id: 'lab-1', name: 'Lab 1', type: 'API Key' },
        holders: body.data.holders,
        startsAt: at('2026-01-01T09:00:00Z'),
        endsAt: at('2026-01-01T12:00:00Z'),
        parameters: body.data.parameters,
      },
    });
  });

  test.each(['created', 'updated', 'started', 'ended', 'cancelled'])('reservation.%s needs no more than the booking', (type) => {
    const read_ = event(read({ type: `reservation.${type}`, timestamp: body.timestamp, data: { reservationId: 7 } }));
    expect(read_).toMatchObject({ type, reservationId: '7', version: Date.parse(body.timestamp) });
    expect(read_.holders ?? read_.parameters ?? read_.startsAt).toBeUndefined();
  });

  test('null is not stated, wherever a field may be left out', () => {
    const holders = [{ id: 'u1', name: null, email: null }];
    const unsaid = { title: null, startsAt: null, endsAt: null, updatedAt: null };
    const said = event(
      read(data({ ...unsaid, holders, resource: { id: 'lab-1', name: null, type: null }, parameters: { quota: null } })),
    );
    expect(said).toEqual({
      type: 'created',
      reservationId: 'B-1',
      version: Date.parse(body.timestamp),
      resource: { id: 'lab-1', name: 'lab-1', type: '' },
      holders: [{ id: 'u1' }],
      parameters: {},
    });
    expect(event(read(data({ holders: null, resource: null, parameters: null })))).toMatchObject({
      holders: undefined,
      resource: undefined,
      parameters: undefined,
    });
  });

  test.each(['ended', 'cancelled'])('reservation.%s is taken though other fields of it cannot be read', (type) => {
    const unread = {
      title: 5,
      startsAt: '2026-01-01T10:00:00',
      holders: [{ id: 'u1', email: 'nobody' }],
      resource: {},
      parameters: { scope: ['read'] },
    };
    const sent = { ...data(unread), type: `reservation.${type}` };
    expect(event(read(sent))).toEqual({
      type,
      reservationId: 'B-1',
      version: Date.parse('2026-01-01T08:59:59.123Z'),
      endsAt: at('2026-01-01T12:00:00Z'),
    });
    expect(event(read({ type: sent.type, timestamp: 'now', data: { reservationId: 7 } })).version).toBe(now.getTime());
    expect(read({ ...sent, data: { title: 5 } })).toMatchObject({ outcome: 'quarantined' });
    expect(read({ ...sent, type: 'reservation.updated' })).toMatchObject({ outcome: 'quarantined' });
  });

  test('the signed id names the event, whatever it holds; without one its meaning does', () => {
    expect(read(data({ endsAt: '2026-01-01T13:00:00Z' })).dedupe).toBe(read(body).dedupe);
    expect(read({ type: 'reservation.unknown' }).dedupe).toBe('id:msg_1');
    const unsigned = (document: unknown) => one(standard.map(document, { now })).dedupe;
    expect(unsigned({ ...body, timestamp: '2026-01-01T09:05:00Z' })).toBe(unsigned(body));
    expect(unsigned(data({ endsAt: '2026-01-01T13:00:00Z' }))).not.toBe(unsigned(body));
  });

  test('a person named twice is one', () => {
    expect(event(read(data({ holders: [{ id: 'u1' }, { id: 'u1', name: 'Ada' }] }))).holders).toEqual([
      { id: 'u1', name: 'Ada' },
    ]);
  });

  test('news of something else is ignored', () => {
    expect(read({ type: 'invoice.paid', timestamp: body.timestamp, data: {} })).toMatchObject({ outcome: 'ignored' });
  });

  test.each<[string, unknown, RegExp]>([
    ['an unknown type of ours', { ...body, type: 'reservation.moved' }, /type/],
    ['no booking', { ...body, data: {} }, /data.reservationId/],
    ['a time without a zone', data({ startsAt: '2026-01-01T10:00:00' }), /data.startsAt.*zone/],
    ['no time of its own', { ...body, timestamp: undefined }, /timestamp/],
    ['a misspelt parameter', data({ parameters: { scope: ['read'] } }), /data.parameters.*scope/],
    ['a quota of nothing', data({ parameters: { quota: 0 } }), /\(data.parameters\) at quota/],
    ['an address that is none', data({ holders: [{ id: 'u1', email: 'nobody' }] }), /\(data.holders\) at 0.email/],
    ['a body of another system', START, /type/],
  ])('%s is kept with the field that is wrong', (_name, document, reason) => {
    expect(read(document)).toMatchObject({ outcome: 'quarantined', reason: expect.stringMatching(reason), document });
  });

  test('its JSON Schema can be published, and describes what is sent rather than what we make of it', () => {
    const schema = z.toJSONSchema(StandardEvent, { io: 'input' }) as Foreign;
    expect(schema.required).toEqual(['type', 'timestamp', 'data']);
    expect(schema.properties.data.required).toEqual(['reservationId']);
    expect(schema.properties.data.properties.startsAt.anyOf).toMatchObject([
      { type: 'string', format: 'date-time' },
      { type: 'null' },
    ]);
    expect(schema.properties.data.properties.parameters.anyOf[0].additionalProperties).toBe(false);
  });
});

describe('instants', () => {
  test.each([
    ['2025-07-03T12:55:00Z', '2025-07-03T12:55:00.000Z'],
    ['2025-07-03T12:55:00.1Z', '2025-07-03T12:55:00.100Z'],
    ['2025-07-03T12:55:00.123456789Z', '2025-07-03T12:55:00.123Z'],
    ['2025-07-03T12:55:00.000+02:00', '2025-07-03T10:55:00.000Z'],
    ['2025-07-03T12:55:00+0200', '2025-07-03T10:55:00.000Z'],
    ['2025-07-03T12:55:00+02', '2025-07-03T10:55:00.000Z'],
    ['2025-07-03T00:30:00-03:30', '2025-07-03T04:00:00.000Z'],
    ['2025-07-03T12:55Z', '2025-07-03T12:55:00.000Z'],
    ['2024-02-29T23:59:59z', '2024-02-29T23:59:59.000Z'],
    ['2100-12-31T23:59:59Z', '2100-12-31T23:59:59.000Z'],
  ])('%s is %s', (text, want) => {
    expect(parseInstant(text)?.toISOString()).toBe(want);
  });

  test.each([
    '2025-07-03T12:55:00',
    '2025-07-03',
    '2025-02-29T00:00:00Z',
    '2025-13-01T00:00:00Z',
    '2025-00-10T00:00:00Z',
    '2025-07-03T24:00:00Z',
    '2025-07-03T12:60:00Z',
    '2025-07-03T12:55:61Z',
    '2025-07-03T12:55:00+19:00',
    '2025-07-03T12:55:00+02:',
    '2025-07-03T12:55:00.1234567890Z',
    '2025-07-03 12:55:00Z',
    '1969-12-31T23:59:59Z',
    '0000-01-01T00:00:00Z',
    '+012025-07-03T12:55:00Z',
    'tomorrow',
    '',
  ])('"%s" is none', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });
});
