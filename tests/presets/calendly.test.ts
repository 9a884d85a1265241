import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { dedupesOf, inOneForm, openOf, ordersOf, seen, tell } from './bookings.ts';
import { bytesOf, documentOf, presetOf, readAs, unsignedPreset, type Foreign } from './payloads.ts';

/** Habits of Calendly, and what they do to a booking. */

const digest = (secret: string, text: string) => createHmac('sha256', secret).update(text).digest('hex');

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

  test('one that has its first signature is the same too, as long as Calendly tries; what is older is refused', () => {
    const signed = presetOf('calendly', { secret: 'key' });
    const body = bytesOf('calendly', 'invitee.created.json');
    const sent = 1_760_000_000;
    const headers = { 'Calendly-Webhook-Signature': `t=${sent},v1=${digest('key', `${sent}.${body.toString()}`)}` };
    const after = (hours: number) =>
      dedupesOf(readAs(signed, { body, headers, now: new Date((sent + hours * 3600) * 1000) }).arrival().items);
    expect(after(24)).toEqual(after(0));
    expect(() => after(26)).toThrow();
  });

  test('sent again by whoever caught it, an old message brings nothing back', () => {
    const seats = ['group.1-invitee.created.ana', 'group.3-invitee.canceled.ana'].map((file) => payload(`${file}.composed`));
    expect(openOf(tell(calendly, [...seats, seats[0]!]))).toEqual([]);
    const moved = {
      ...made,
      payload: {
        ...made.payload,
        updated_at: '2027-01-01T00:00:00Z',
        scheduled_event: { ...made.payload.scheduled_event, end_time: '2026-10-16T23:00:00Z' },
      },
    };
    expect(seen(tell(calendly, [made, moved, made]), after)).toMatchObject({ to: '2026-10-16T23:00:00.000Z' });
  });
});
