import { afterAll, beforeAll, expect, test } from 'vitest';
import { bookingAt, openCampus, type Campus } from '../campus.ts';
import { aMoment, livingKeys, soon } from './sight.ts';

/* Scenario 27: clocks, zones and calendars as booking systems write them. One clock for all, so the tests come in the order of their dates. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

let campus: Campus;
beforeAll(async () => {
  campus = await openCampus({ env: { NOTIFICATION_ENDPOINT: '', WEBHOOK_LOG_ENDPOINT: '', SMTP_URL: '' } });
});
afterAll(async () => await campus.close());

const moveTo = (iso: string, ms = 0) => campus.forward(Date.parse(iso) + ms - campus.now().getTime());
const keys = () => livingKeys(campus.manager);
const book = (id: number, eventStart: string, eventEnd: string) =>
  campus.post({ ...bookingAt(campus, id).flat('EVENT_START'), eventStart, eventEnd });
const lease = async (id: number) => (await campus.adminApi<{ items: Lease[] }>(`/leases?holder=user-${id}`)).items[0];

interface Lease {
  readonly state: string;
  readonly reason: string | null;
  readonly wakeAt: string | null;
}

test.each([
  {
    id: 1,
    over: 'the hour that does not exist, in spring',
    window: ['2027-03-28T01:30:00+01:00', '2027-03-28T03:30:00+02:00'],
    means: ['2027-03-28T00:30:00.000Z', '2027-03-28T01:30:00.000Z'],
  },
  {
    id: 2,
    over: 'midnight in a zone far to the west',
    window: ['2027-05-31T23:30:00-07:00', '2027-06-01T00:30:00-07:00'],
    means: ['2027-06-01T06:30:00.000Z', '2027-06-01T07:30:00.000Z'],
  },
  {
    id: 3,
    over: 'the hour that comes twice, in autumn',
    window: ['2027-10-31T02:30:00+02:00', '2027-10-31T02:30:00+01:00'],
    means: ['2027-10-31T00:30:00.000Z', '2027-10-31T01:30:00.000Z'],
  },
  {
    id: 4,
    over: 'a leap day',
    window: ['2028-02-29T23:30:00Z', '2028-03-01T00:30:00Z'],
    means: ['2028-02-29T23:30:00.000Z', '2028-03-01T00:30:00.000Z'],
  },
])('scenario 27: a window over $over opens and closes when it says', async ({ id, window, means }) => {
  const [opens = '', closes = ''] = means;
  moveTo(opens, -5 * MINUTE);
  expect((await book(id, window[0]!, window[1]!)).body.status).toBe('accepted');
  moveTo(opens, -10 * SECOND);
  await aMoment();
  expect(keys()).toEqual([]);
  moveTo(opens);
  await expect.poll(keys, soon).toEqual([String(id)]);
  expect(campus.manager.keys()[0]!.expires_at).toBe(closes);
  moveTo(closes, -10 * SECOND);
  await aMoment();
  expect(keys()).toEqual([String(id)]);
  moveTo(closes);
  await expect.poll(keys, soon).toEqual([]);
});

test('scenario 27: a clock that steps back an hour lengthens no key and brings none back', async () => {
  moveTo('2029-06-01T10:00:00Z');
  await book(11, '2029-06-01T10:00:00Z', '2029-06-01T11:00:00Z');
  await book(12, '2029-06-01T10:00:00Z', '2029-06-01T12:00:00Z');
  await expect.poll(() => keys().toSorted(), soon).toEqual(['11', '12']);
  const lasting = campus.manager.keys().filter(({ metadata }) => metadata.reservation_id === '12');
  campus.forward(HOUR);
  await expect.poll(keys, soon).toEqual(['12']);
  campus.forward(-HOUR);
  await aMoment();
  await campus.restart();
  await aMoment();
  expect(campus.manager.keys()).toEqual(lasting);
  campus.forward(2 * HOUR);
  await expect.poll(keys, soon).toEqual([]);
});

test('scenario 27: a window that ends before it starts, or as it starts, is refused with the reason; one in 2100 waits', async () => {
  moveTo('2030-06-01T10:00:00Z');
  await book(21, '2030-06-01T11:00:00Z', '2030-06-01T10:00:00Z');
  await book(22, '2030-06-01T10:00:00Z', '2030-06-01T10:00:00Z');
  await book(23, '2100-02-28T23:00:00Z', '2100-03-01T01:00:00Z');
  for (const id of [21, 22]) {
    await expect.poll(async () => (await lease(id))?.state, soon).toBe('refused');
    expect((await lease(id))!.reason).toMatch(/ends .* before it starts/);
  }
  await expect.poll(async () => (await lease(23))?.wakeAt, soon).toMatch(/^2100-02-28T2/);
  expect(await lease(23)).toMatchObject({ state: 'pending' });
  await aMoment();
  expect(keys()).toEqual([]);
  moveTo('2100-02-28T23:00:00Z');
  await expect.poll(keys, soon).toEqual(['23']);
  // 2100 is no leap year: these are two hours.
  moveTo('2100-03-01T01:00:00Z');
  await expect.poll(keys, soon).toEqual([]);
});
