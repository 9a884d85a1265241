import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bookingAt, openCampus, type Campus } from './campus.ts';

/*
 * The main path and the sender's habits: real HTTP, a real database, the seed's key manager, real mail. Started with nothing but the
 * seed document's environment variables.
 */

const MINUTE = 60_000;
const soon = { timeout: 10_000, interval: 20 };

describe('the life of a booking', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await openCampus();
  });
  afterAll(async () => await campus.close());

  const liveKeys = (id: number) => campus.manager.keys().filter((key) => key.metadata.reservation_id === String(id));
  const oneKey = async (id: number) => {
    await expect.poll(() => liveKeys(id).map((key) => key.complete), soon).toEqual([true]);
    return liveKeys(id)[0]!;
  };
  const noKey = (id: number) => expect.poll(() => liveKeys(id), soon).toEqual([]);
  /** Long enough for a sweep and whatever it would do. */
  const aMoment = () => new Promise((resolve) => setTimeout(resolve, 1500));

  test('a signed start becomes a key that works, in the hands of its holder only; the end takes it away', async () => {
    const { flat } = bookingAt(campus, 101, { parameters: { scopes: ['read', 'write'], quota: 500, rate_limit: '60/hour' } });
    const answer = await campus.post(flat('EVENT_START'));
    expect(answer).toMatchObject({ status: 202, body: { status: 'accepted', reservations: ['101'] } });

    const managed = await oneKey(101);
    expect(managed).toMatchObject({
      scopes: ['read', 'write'],
      quota: 500,
      rate_limit: '60/hour',
      name: 'Lab Server A1-user-101',
    });

    await expect.poll(() => campus.linkFor('user-101@campus.example'), soon).toBeDefined();
    const link = campus.linkFor('user-101@campus.example')!;
    const page = await fetch(`${campus.url()}${link}`, { headers: { accept: 'text/html' } });
    expect(page.status).toBe(200);
    expect(await page.text()).not.toContain(managed.api_key);
    expect((await campus.claim(link, 'somebody@else.example')).status).toBe(403);
    const claimed = await campus.claim(link, 'user-101@campus.example');
    expect(claimed).toMatchObject({ status: 200, body: { key: managed.api_key, scopes: ['read', 'write'] } });
    expect((await campus.claim(link, 'user-101@campus.example')).status).toBe(410);

    expect([
      campus.opens(managed.api_key),
      campus.opens(managed.api_key, 'POST'),
      campus.opens(managed.api_key, 'DELETE'),
    ]).toEqual([true, true, false]);
    await expect.poll(() => campus.api.accepted.map(({ path }) => path), soon).toContain('/api/notifications/webhook');
    expect(JSON.stringify([campus.api.accepted, campus.mailbox.mails])).not.toContain(managed.api_key);

    campus.forward(30 * MINUTE);
    expect((await campus.post(flat('EVENT_END'))).body.status).toBe('accepted');
    await noKey(101);
    expect(campus.opens(managed.api_key)).toBe(false);
    await expect.poll(() => campus.mailbox.mails.at(-1)?.text, soon).toContain('booking was ended');
  });

  test('U1: a start that comes five minutes early makes no key before its time', async () => {
    const { flat } = bookingAt(campus, 1, { startsIn: 5 });
    await campus.post(flat('EVENT_START'));
    await aMoment();
    expect(liveKeys(1)).toEqual([]);
    campus.forward(5 * MINUTE);
    await oneKey(1);
  });

  test('U2: a booking for now, which never gets a start, is made from its creation', async () => {
    await campus.post(bookingAt(campus, 2, { startsIn: -1 }).entity('EVENT_CREATED'));
    await oneKey(2);
  });

  test('U3: an end that is never sent is kept by our clock, also when we were down at that time', async () => {
    await campus.post(bookingAt(campus, 3, { minutes: 10 }).flat('EVENT_START'));
    const key = await oneKey(3);
    campus.forward(10 * MINUTE);
    await campus.restart();
    await noKey(3);
    expect(campus.opens(key.api_key)).toBe(false);
  });

  test('U4: the sender is answered though the manager is down, and the key comes when it is back', async () => {
    campus.manager.fail({ on: 'issue', how: 'refuse', times: Number.POSITIVE_INFINITY });
    const began = performance.now();
    expect((await campus.post(bookingAt(campus, 4).flat('EVENT_START'))).status).toBe(202);
    expect(performance.now() - began).toBeLessThan(5000);
    await aMoment();
    expect(liveKeys(4)).toEqual([]);
    expect((await fetch(`${campus.url()}/health/ready`)).status).toBe(200);
    campus.manager.heal();
    await oneKey(4);
  });

  test('U5: an end sent twice is an end', async () => {
    const { flat } = bookingAt(campus, 5);
    await campus.post(flat('EVENT_START'));
    await oneKey(5);
    const [first, second] = [await campus.post(flat('EVENT_END')), await campus.post(flat('EVENT_END'))];
    expect([first.body.status, second.body.status]).toEqual(['accepted', 'duplicate']);
    await noKey(5);
  });

  test('U6: a burst of identical starts is one key and one mail', async () => {
    const { flat } = bookingAt(campus, 6);
    const answers = await Promise.all(Array.from({ length: 100 }, () => campus.post(flat('EVENT_START'))));
    expect(answers.filter(({ body }) => body.status === 'accepted')).toHaveLength(1);
    expect(answers.filter(({ body }) => body.status === 'duplicate')).toHaveLength(99);
    await oneKey(6);
    await expect.poll(() => campus.linkFor('user-6@campus.example'), soon).toBeDefined();
    await aMoment();
    expect(campus.mailbox.mails.filter(({ to }) => to.includes('user-6@campus.example'))).toHaveLength(1);
  });

  test('U7: a sender that re-sends every minute for two hours with new time stamps changes nothing', async () => {
    const { entity } = bookingAt(campus, 7, { minutes: 300 });
    await campus.post(entity('EVENT_CREATED'));
    const key = await oneKey(7);
    for (let minute = 0; minute < 120; minute += 1) {
      campus.forward(MINUTE);
      expect((await campus.post(entity('EVENT_CREATED'))).body.status).toBe('duplicate');
    }
    expect(liveKeys(7)).toEqual([key]);
  });

  test('U8: the answer does not wait for a manager that hangs', async () => {
    campus.manager.fail({ on: 'issue', how: 'hang', times: 1, about: '"reservation_id":"8"' });
    const began = performance.now();
    expect((await campus.post(bookingAt(campus, 8).flat('EVENT_START'))).status).toBe(202);
    expect(performance.now() - began).toBeLessThan(5000);
    expect((await fetch(`${campus.url()}/health`)).status).toBe(200);
  });

  test('U9: an extension keeps the key, a shortening ends it earlier, a new owner gets another', async () => {
    const { flat, entity, booking } = bookingAt(campus, 9);
    await campus.post(flat('EVENT_START'));
    const key = await oneKey(9);
    const update = async (changes: Partial<typeof booking>) => {
      campus.forward(1000);
      Object.assign(booking, changes, { updatedAt: campus.now() });
      await campus.post(entity('EVENT_UPDATED'));
    };
    await update({ end: new Date(booking.end.getTime() + 120 * MINUTE) });
    await expect.poll(() => liveKeys(9).map(({ expires_at }) => expires_at), soon).toEqual([booking.end.toISOString()]);
    expect(liveKeys(9)[0]!.api_key).toBe(key.api_key);
    campus.forward(90 * MINUTE);
    await aMoment();
    expect(campus.opens(key.api_key)).toBe(true);

    await update({ user: 'user-9-b' });
    await expect.poll(() => liveKeys(9).map(({ user_id }) => user_id), soon).toEqual(['user-9-b']);
    expect(campus.opens(key.api_key)).toBe(false);
    const [second] = liveKeys(9);
    await update({ end: new Date(campus.now().getTime() + MINUTE) });
    campus.forward(MINUTE + 1000);
    await noKey(9);
    expect(campus.opens(second!.api_key)).toBe(false);
  });

  test('U10: a booking deleted before its start never becomes a key', async () => {
    const { entity } = bookingAt(campus, 10, { startsIn: 2 });
    await campus.post(entity('EVENT_CREATED'));
    await campus.post(entity('EVENT_DELETED'));
    campus.forward(3 * MINUTE);
    await aMoment();
    expect(liveKeys(10)).toEqual([]);
  });

  test('U11: an end that overtakes its start leaves no key, and a start sent again afterwards makes none', async () => {
    const { flat } = bookingAt(campus, 11);
    const start = flat('EVENT_START');
    campus.forward(1000);
    await campus.post(flat('EVENT_END'));
    await campus.post(start);
    campus.forward(1000);
    await campus.post({ ...flat('EVENT_START'), eventTitle: 'again' });
    await aMoment();
    expect(liveKeys(11)).toEqual([]);
  });

  test('U12: news about resources ends no booking', async () => {
    await campus.post(bookingAt(campus, 12).flat('EVENT_START'));
    const key = await oneKey(12);
    const { data } = bookingAt(campus, 12).entity('EVENT_CREATED');
    for (const eventType of ['RESOURCE_STATUS_CHANGED', 'RESOURCE_DELETED', 'RESOURCE_UPDATED']) {
      const answer = await campus.post({ eventType, timestamp: campus.now().toISOString(), webhookId: '7', data: data.resource });
      expect(answer).toMatchObject({ status: 202, body: { status: 'ignored' } });
    }
    await aMoment();
    expect(campus.opens(key.api_key)).toBe(true);
  });

  test('a booking that asks for more than its plan is refused with the reason, and its sender is told', async () => {
    await campus.post(bookingAt(campus, 13, { parameters: { scopes: ['root'], quota: 10_000_000 } }).flat('EVENT_START'));
    await expect.poll(() => JSON.stringify(campus.api.accepted.at(-1)), soon).toMatch(/root/);
    expect(liveKeys(13)).toEqual([]);
  });
});
