import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { dedupesOf, inOneForm, openOf, ordersOf, seen, tell } from './bookings.ts';
import { bytesOf, documentOf, presetOf, readAs, unsignedPreset, vectors, type Foreign } from './payloads.ts';

/** Habits of Calendly, Square and Zoom, and what they do to a booking. */

const MINUTE = 60_000;
const digest = (secret: string, text: string, encoding: 'hex' | 'base64' = 'hex') =>
  createHmac('sha256', secret).update(text).digest(encoding);

describe('Calendly', () => {
  const calendly = unsignedPreset('calendly');
  const payload = (file: string): Foreign => documentOf('calendly', `${file}.json`);
  const made = payload('reschedule.1-invitee.created.thirdparty');
  const old = payload('reschedule.2-invitee.canceled-old.thirdparty');
  const [before, after] = [old.payload.uri, made.payload.uri] as [string, string];
  const first = {
    ...old,
    event: 'invitee.created',
    payload: { ...old.payload, status: 'active', rescheduled: false, new_invitee: null, updated_at: old.payload.created_at },
  };

  test('the halves of a rescheduling come in either order, among others, and twice: the same bookings', () => {
    const expected = inOneForm(tell(calendly, [first, made, old]));
    for (const order of ordersOf([first, made, old])) {
      const told = tell(calendly, [...order, ...order]);
      expect(inOneForm(told)).toBe(expected);
      expect(openOf(told)).toEqual([after]);
      expect(seen(told, after)).toEqual({
        over: false,
        from: '2026-10-16T21:30:00.000Z',
        to: '2026-10-16T22:00:00.000Z',
        holders: ['nina@example.test'],
      });
    }
  });

  test('each half alone ends the old time', () => {
    expect(openOf(tell(calendly, [first, made]))).toEqual([after]);
    expect(openOf(tell(calendly, [first, old]))).toEqual([]);
    expect(seen(tell(calendly, [made]), before)).toMatchObject({ over: 'cancelled' });
  });

  test('the invitees of a group are bookings of their own, and one who cancels leaves the others', () => {
    const group = ['group.1-invitee.created.ana', 'group.2-invitee.created.ben', 'group.3-invitee.canceled.ana'];
    for (const order of ordersOf(group.map((file) => payload(`${file}.composed`)))) {
      const told = tell(calendly, order);
      expect(openOf(told)).toEqual(['https://api.calendly.com/scheduled_events/group-1/invitees/ben']);
      expect(seen(told, openOf(told)[0]!)).toMatchObject({ holders: ['ben@example.com'] });
    }
  });

  test('a repetition is signed with a new time, and is the same', () => {
    const signed = presetOf('calendly', { secret: 'key' });
    const body = bytesOf('calendly', 'invitee.created.json');
    const at = (seconds: number) => {
      const header = `t=${seconds},v1=${digest('key', `${seconds}.${body.toString()}`)}`;
      return readAs(signed, { body, headers: { 'Calendly-Webhook-Signature': header }, now: new Date(seconds * 1000) });
    };
    expect(dedupesOf(at(1_760_050_000).arrival().items)).toEqual(dedupesOf(at(1_760_000_000).arrival().items));
  });
});

describe('Square', () => {
  const square = unsignedPreset('square');
  const payload = (file: string): Foreign => documentOf('square', `${file}.json`);
  const [made, moved, cancelled] = [
    payload('booking.created'),
    payload('booking.updated.moved.composed'),
    payload('booking.updated.customer.composed'),
  ];
  const id = 'i2id2g3enyspi7';

  test('messages come in any order: an older revision undoes nothing', () => {
    for (const order of ordersOf([made, moved]))
      expect(seen(tell(square, order), id)).toEqual({
        over: false,
        from: '2020-12-18T16:00:00.000Z',
        to: '2020-12-18T16:30:00.000Z',
        holders: ['SSKBT02ECWZXK6W3VWYC78E52R'],
      });
    for (const order of ordersOf([made, moved, cancelled])) expect(openOf(tell(square, order))).toEqual([]);
  });

  test('of two changes in one second the later revision counts, also where it goes back', () => {
    const revision = (version: number, start: string): Foreign => ({
      ...moved,
      event_id: `ev-${version}`,
      data: { ...moved.data, object: { booking: { ...moved.data.object.booking, version, start_at: start } } },
    });
    const changes = [
      revision(9, '2020-12-19T10:00:00Z'),
      revision(10, '2020-12-19T08:00:00Z'),
      revision(11, '2020-12-19T09:00:00Z'),
    ];
    for (const order of ordersOf(changes))
      expect(seen(tell(square, order), id)).toMatchObject({ from: '2020-12-19T09:00:00.000Z' });
  });

  test('a repetition has the same event_id, and is the same whatever else is in it', () => {
    const again = { ...made, created_at: '2023-10-31T13:00:00Z', retry: 2 };
    const itemsOf = (body: object) => readAs(square, { body }).arrival().items;
    expect(dedupesOf(itemsOf(again))).toEqual(dedupesOf(itemsOf(made)));
    expect(dedupesOf(itemsOf({ ...made, event_id: 'another' }))).not.toEqual(dedupesOf(itemsOf(made)));
  });

  test('what is not accepted gives nothing; what was accepted stays while a change of it is not', () => {
    const pending = payload('booking.created.pending.composed');
    expect(tell(square, [pending])).toEqual({});
    const asked = {
      ...moved,
      event_id: 'asked',
      data: { ...moved.data, object: { booking: { ...moved.data.object.booking, status: 'PENDING' } } },
    };
    expect(seen(tell(square, [made, asked]), id)).toMatchObject({ over: false, from: '2020-12-17T16:00:00.000Z' });
  });

  test('a status that nobody knows is kept aside, not taken for one of ours', () => {
    const strange = {
      ...made,
      data: { ...made.data, object: { booking: { ...made.data.object.booking, status: 'WAITLISTED' } } },
    };
    expect(readAs(square, { body: strange }).arrival().items).toMatchObject([{ outcome: 'quarantined', externalId: id }]);
  });

  test('the address is part of what is signed', () => {
    const vector = vectors.find(({ system }) => system === 'square')!;
    const body = bytesOf('square', 'booking.created.json');
    const other = presetOf('square', { secret: vector.secret, url: 'https://keys.example.edu/hooks/other' });
    expect(() => readAs(other, { body, headers: vector.headers })).toThrow();
    expect(readAs(presetOf('square', vector), { body, headers: vector.headers }).arrival().items).toHaveLength(1);
  });
});

describe('Zoom', () => {
  const zoom = unsignedPreset('zoom');
  const payload = (file: string): Foreign => documentOf('zoom', `${file}.json`);
  const [made, moved, deleted, started, ended] = ['created', 'updated.moved', 'deleted', 'started', 'ended'].map((event) =>
    payload(`meeting.${event}.composed`),
  );
  const id = '111111111';

  test('a change names only what changed, and the rest stays', () => {
    const topic = payload('meeting.updated.topic-only.composed');
    for (const order of ordersOf([made, moved, topic]))
      expect(seen(tell(zoom, order), id)).toEqual({
        over: false,
        from: '2026-03-02T10:00:00.000Z',
        to: '2026-03-02T11:30:00.000Z',
        holders: ['uLoRgfbbTayCX6r2Q_qQsQ'],
      });
  });

  test.each([{ duration: 120 }, { start_time: '2026-03-03T10:00:00Z' }])(
    'a change of %o alone says no end: kept aside, nothing is guessed',
    (change) => {
      const half = { ...moved, payload: { ...moved.payload, object: { id: 111111111, ...change } } };
      const [item] = readAs(zoom, { body: half }).arrival().items;
      expect(item).toMatchObject({ outcome: 'quarantined', externalId: id, reason: expect.stringContaining('endsAt') });
    },
  );

  test('there and back again: what was said before counts when it is said again', () => {
    const back = {
      ...moved,
      event_ts: moved.event_ts + 60_000,
      payload: { ...moved.payload, object: { id: 111111111, start_time: '2026-03-02T09:00:00Z', duration: 60 } },
    };
    const again = { ...moved, event_ts: moved.event_ts + 120_000 };
    for (const order of ordersOf([made, moved, back, again]))
      expect(seen(tell(zoom, order), id)).toMatchObject({ from: '2026-03-02T10:00:00.000Z' });
  });

  test('a trial run the day before neither moves nor ends what was booked', () => {
    const early = { start_time: '2026-03-01T15:00:00Z', end_time: '2026-03-01T15:10:00Z', duration: 10 };
    const trial = [started, ended].map((event) => ({
      ...event,
      event_ts: 1772377800000,
      payload: { ...event.payload, object: { ...event.payload.object, ...early } },
    }));
    for (const order of ordersOf([made, ...trial]))
      expect(seen(tell(zoom, order), id)).toMatchObject({
        over: false,
        from: '2026-03-02T09:00:00.000Z',
        to: '2026-03-02T10:00:00.000Z',
      });
  });

  test('a meeting that ends early may start again: the key stays for its time', () => {
    for (const order of ordersOf([made, started, ended])) expect(seen(tell(zoom, order), id)).toMatchObject({ over: false });
    const overrun = {
      ...ended,
      payload: { ...ended.payload, object: { ...ended.payload.object, end_time: '2026-03-02T10:20:00Z' } },
    };
    expect(seen(tell(zoom, [made, started, overrun]), id)).toMatchObject({ over: 'ended' });
  });

  test('what is deleted is over, whatever else is heard', () => {
    for (const order of ordersOf([made, moved, started, deleted])) expect(openOf(tell(zoom, order))).toEqual([]);
  });

  test('each time of a series is a booking, and one that is deleted leaves the others', () => {
    const [series, one] = [payload('meeting.created.recurring.composed'), payload('meeting.deleted.one-occurrence.composed')];
    for (const order of ordersOf([series, one])) expect(openOf(tell(zoom, order))).toEqual(['333333333/1773050400000']);
    const whole = { ...one, payload: { ...one.payload, object: { ...one.payload.object, occurrences: undefined } } };
    expect(readAs(zoom, { body: whole }).arrival().items).toMatchObject([{ outcome: 'quarantined' }]);
  });

  test('a last repetition comes 85 minutes later and may have its first signature; what is older is refused', () => {
    const signed = presetOf('zoom', { secret: 'token' });
    const body = Buffer.from(JSON.stringify(made));
    const at = 1772352001;
    const headers = {
      'x-zm-request-timestamp': String(at),
      'x-zm-signature': `v0=${digest('token', `v0:${at}:${body.toString()}`)}`,
    };
    const after = (minutes: number) =>
      readAs(signed, { body, headers, now: new Date(at * 1000 + minutes * MINUTE) }).arrival().items;
    expect(dedupesOf(after(85))).toEqual(dedupesOf(after(0)));
    expect(() => after(91)).toThrow();
  });

  test('only 200 counts as delivered', () => {
    expect(zoom.answers).toMatchObject({ accepted: 200, duplicate: 200, ignored: 200, quarantined: 200 });
  });

  test('the challenge is answered to nobody who cannot sign it', () => {
    const signed = presetOf('zoom', { secret: 'token' });
    expect(() => readAs(signed, { body: bytesOf('zoom', 'endpoint.url_validation.json') })).toThrow();
  });
});
