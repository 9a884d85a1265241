import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { dedupesOf, openOf, ordersOf, seen, tell } from './bookings.ts';
import { bytesOf, documentOf, presetOf, readAs, unsignedPreset, type Foreign } from './payloads.ts';

/** Habits of Zoom, and what they do to a booking. */

const MINUTE = 60_000;
const digest = (secret: string, text: string) => createHmac('sha256', secret).update(text).digest('hex');

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
