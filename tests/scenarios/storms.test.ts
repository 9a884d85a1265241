import { createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bookingAt, openCampus, SECRET, type Campus } from '../campus.ts';
import { engines } from '../engines.ts';
import { aMoment, auditRows, livingKeys, metric, numbersFrom, oneEach, soon } from './sight.ts';

/* Many at once, again and again, and one bad among them. The numbers are those of the list of scenarios in issue 2. */

const MINUTE = 60_000;

/** Nobody is told: what is looked at is the keys, and a notice costs more than a key. */
const QUIET = { NOTIFICATION_ENDPOINT: '', WEBHOOK_LOG_ENDPOINT: '', SMTP_URL: '' };

const keysOf = ({ manager }: Campus, ids: readonly number[]) =>
  livingKeys(manager)
    .filter((id) => ids.includes(Number.parseInt(id, 10)))
    .toSorted();

const startAll = (campus: Campus, ids: readonly number[]) =>
  Promise.all(ids.map((id) => campus.post(bookingAt(campus, id).flat('EVENT_START'))));
const endAll = (campus: Campus, ids: readonly number[]) =>
  Promise.all(ids.map((id) => campus.post(bookingAt(campus, id).flat('EVENT_END'))));

describe('a sender that repeats itself', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await openCampus();
  });
  afterAll(async () => await campus.close());
  const mailsTo = (user: string) => campus.mailbox.mails.filter(({ to }) => to.includes(`${user}@campus.example`));

  test('scenario 3: a start sent again in sequence, at once, re-stamped and over restarts is one key and one mail', async () => {
    const { flat } = bookingAt(campus, 3);
    const first = flat('EVENT_START');
    for (let n = 0; n < 2; n += 1) await campus.post(first);
    await campus.restart();
    await Promise.all(Array.from({ length: 5 }, () => campus.post(first)));
    campus.forward(1000);
    const restart = campus.restart();
    // Some of these meet a service that is stopping or not there; the sender sends them again, with a new time stamp.
    const lost = await Promise.allSettled(Array.from({ length: 20 }, () => campus.post(flat('EVENT_START'))));
    await restart;
    await Promise.all(lost.map(() => campus.post(flat('EVENT_START'))));
    await Promise.all(Array.from({ length: 100 }, () => campus.post(first)));
    await expect.poll(() => keysOf(campus, [3]), soon).toEqual(['3']);
    await expect.poll(() => mailsTo('user-3').length, soon).toBe(1);
    await aMoment();
    expect(keysOf(campus, [3])).toEqual(['3']);
    expect(mailsTo('user-3')).toHaveLength(1);
  });

  test('scenario 17: one that hangs up before our answer and then sends again for two hours makes one key and no new entry', async () => {
    const { flat } = bookingAt(campus, 17, { minutes: 300 });
    const body = JSON.stringify(flat('EVENT_START'));
    for (let n = 0; n < 3; n += 1) await sendAndHangUp(campus, body);
    await campus.post(flat('EVENT_START'));
    await expect.poll(() => keysOf(campus, [17]), soon).toEqual(['17']);
    await expect.poll(() => mailsTo('user-17').length, soon).toBe(1);
    await aMoment();
    const trail = () => campus.adminApi<{ items: { id: string }[] }>('/leases?holder=user-17').then(trailOf);
    const trailOf = async ({ items }: { items: { id: string }[] }) =>
      (await campus.adminApi<{ items: object[] }>(`/audit?subject=${items[0]!.id}&limit=100`)).items;
    const before = await trail();
    for (let minute = 0; minute < 120; minute += 1) {
      campus.forward(MINUTE);
      expect((await campus.post(flat('EVENT_START'))).body.status).toBe('duplicate');
    }
    await aMoment();
    expect(keysOf(campus, [17])).toEqual(['17']);
    expect(mailsTo('user-17')).toHaveLength(1);
    expect(before.length).toBeGreaterThan(0);
    expect(await trail()).toEqual(before);
    expect((await campus.adminApi<{ items: object[] }>('/events?externalId=17')).items).toHaveLength(1);
    expect(await auditRows(campus)).toBeGreaterThan(0);
  });
});

describe('a storm at the key manager', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await openCampus({ env: QUIET });
  });
  afterAll(async () => await campus.close());

  test('scenario 16: of 300 starts at once each is acknowledged and each becomes its own key', async () => {
    campus.manager.latencyMs = 20;
    const ids = numbersFrom(1000, 300);
    const answers = await startAll(campus, ids);
    expect(answers.map(({ status, body }) => `${status} ${body.status}`)).toEqual(ids.map(() => '202 accepted'));
    await expect.poll(() => keysOf(campus, ids), soon).toEqual(oneEach(ids));
    campus.manager.latencyMs = 0;
    expect((await endAll(campus, ids)).every(({ status }) => status === 202)).toBe(true);
    await expect.poll(() => keysOf(campus, ids), soon).toEqual([]);
  });

  test('scenario 18: in a batch of ten for one user the one that fails at the manager holds up none of the others', async () => {
    const ids = numbersFrom(1800, 10);
    campus.manager.fail({ on: 'issue', how: '500', times: Number.POSITIVE_INFINITY, about: '"1803"' });
    expect((await campus.post(batchOf(campus, ids, 'dora'))).body).toMatchObject({ status: 'accepted' });
    await expect.poll(() => keysOf(campus, ids), soon).toEqual(oneEach(ids.filter((id) => id !== 1803)));
    campus.manager.heal();
    await expect.poll(() => keysOf(campus, ids), soon).toEqual(oneEach(ids));
  });

  test('scenario 21: a booking that can never be served holds up none of 300, is seen by an operator, and tried again by hand', async () => {
    const ids = numbersFrom(21_000, 300);
    const poison = 21_150;
    const others = ids.filter((id) => id !== poison);
    campus.manager.fail({ on: 'issue', how: '500', times: Number.POSITIVE_INFINITY, about: `"${poison}"` });
    await startAll(campus, ids);
    await expect.poll(() => keysOf(campus, ids), soon).toEqual(oneEach(others));

    const { items } = await campus.adminApi<{ items: Lease[] }>(`/leases?state=issuing&holder=user-${poison}`);
    expect(items).toMatchObject([{ externalId: String(poison), lastError: expect.stringContaining('500') }]);
    expect(items[0]!.attempts).toBeGreaterThan(0);
    campus.manager.heal();
    expect(await campus.adminApi(`/leases/${items[0]!.id}/retry`, {})).toMatchObject({ lease: { state: 'active' } });
    expect(keysOf(campus, [poison])).toEqual([String(poison)]);
  });

  test('scenario 21: a key that cannot be revoked holds up none of the others and is a debt that all can see, until somebody tries again', async () => {
    const ids = numbersFrom(22_000, 20);
    await startAll(campus, ids);
    await expect.poll(() => keysOf(campus, ids), soon).toEqual(oneEach(ids));
    const poisoned = campus.manager.keys().find((key) => key.metadata.reservation_id === '22007')!.api_key;
    campus.manager.fail({ on: 'revoke', how: '500', times: Number.POSITIVE_INFINITY, about: poisoned });
    await endAll(campus, ids);
    await expect.poll(() => keysOf(campus, ids), soon).toEqual(['22007']);
    const debts = async () => (await campus.adminApi<{ items: Debt[] }>('/debts')).items;
    await expect.poll(async () => (await debts()).map(({ externalId }) => externalId), soon).toEqual(['22007']);
    expect(await metric(campus.url(), 'latchkey_debts')).toBe(1);
    await expect
      .poll(async () => {
        campus.forward(MINUTE);
        return (await debts())[0]?.overdue;
      }, soon)
      .toBe(true);
    const [debt] = await debts();
    expect(JSON.stringify(debt)).not.toContain(poisoned);
    campus.manager.heal();
    await campus.adminApi(`/debts/${debt!.id}/retry`, {});
    expect(keysOf(campus, ids)).toEqual([]);
    await expect.poll(debts, soon).toEqual([]);
    expect(await auditRows(campus)).toBeGreaterThan(0);
  });
});

describe('a storm at the built-in key manager', () => {
  let campus: Campus;
  beforeAll(async () => {
    // Where there is a server, on the server: the storm above was on the embedded database.
    campus = await openCampus({ engine: engines.at(-1)!.name, env: { ...QUIET, API_MANAGEMENT_ENDPOINT: '' } });
  });
  afterAll(async () => await campus.close());
  const active = () => metric(campus.url(), 'latchkey_leases{state="active"}');
  const works = async (holder: string, booking: number) => {
    const { items } = await campus.adminApi<{ items: Lease[] }>(`/leases?holder=${holder}`);
    const lease = items.find(({ externalId }) => externalId === String(booking))!;
    const { url } = await campus.adminApi<{ url: string }>(`/leases/${lease.id}/claim-link`, {});
    const { body } = await campus.claim(new URL(url).pathname, `${holder}@campus.example`);
    return (await fetch(`${campus.url()}/verify`, { headers: { 'x-api-key': body.key } })).status === 200;
  };

  test('scenario 16: of 1,000 starts at once each is acknowledged and each becomes a key that works', async () => {
    const answers = await startAll(campus, numbersFrom(1, 1000));
    expect(answers.filter(({ status, body }) => status === 202 && body.status === 'accepted')).toHaveLength(1000);
    await expect.poll(active, { timeout: 50_000, interval: 250 }).toBe(1000);
    for (const id of [1, 500, 1000]) expect(await works(`user-${id}`, id)).toBe(true);
  });

  test('scenario 18: a batch of 1,000 bookings and one of ten of another user at the same time are all served', async () => {
    const [many, few] = [numbersFrom(20_000, 1000), numbersFrom(30_000, 10)];
    const before = await active();
    const answers = await Promise.all([campus.post(batchOf(campus, many, 'emma')), campus.post(batchOf(campus, few, 'fred'))]);
    expect(answers.map(({ status, body }) => `${status} ${body.status}`)).toEqual(['202 accepted', '202 accepted']);
    await expect.poll(active, { timeout: 50_000, interval: 250 }).toBe(before + 1010);
    const { items } = await campus.adminApi<{ items: Lease[] }>('/leases?holder=fred');
    expect(items.map(({ externalId }) => externalId).toSorted()).toEqual(oneEach(few));
  });
});

describe.concurrent('scenario 15: a manager that takes twenty calls a second', () => {
  test.each(['seconds', 'date'] as const)(
    'and says when to come again in %s is not pressed, and no booking is lost',
    async (retryAfter) => {
      const campus = await openCampus({ manager: { limit: { perSecond: 20, retryAfter, restSeconds: 3 } } });
      const { manager } = campus;
      const ids = numbersFrom(1, 40);
      await Promise.all(ids.map((id) => campus.post(bookingAt(campus, id).flat('EVENT_START'))));
      await expect.poll(() => livingKeys(manager).toSorted(), { timeout: 55_000, interval: 100 }).toEqual(oneEach(ids));

      const calm = manager.requests[0]!.at + 1000;
      const refused = manager.refusals.filter((at) => at > calm);
      const asked = manager.requests.filter(({ at }) => at > calm);
      expect(refused.length).toBeLessThanOrEqual(0.05 * asked.length);
      // Calls that were on their way when the answer came are not counted.
      for (const at of manager.refusals)
        expect(manager.requests.filter((request) => request.at > at + 1500 && request.at < at + 2900)).toEqual([]);
      await campus.close();
    },
  );
});

interface Lease {
  readonly id: string;
  readonly externalId: string;
  readonly attempts: number;
  readonly lastError: string | null;
}

interface Debt {
  readonly id: string;
  readonly externalId: string;
  readonly overdue: boolean;
}

/** Several bookings of one user in one request, as the sender makes it at the top of the hour. */
function batchOf(campus: Campus, ids: readonly number[], user: string): object {
  const { eventId: _, ...around } = bookingAt(campus, 0, { user }).flat('EVENT_START');
  return { ...around, eventCount: ids.length, events: ids.map((id) => ({ eventId: String(id), resourceId: 1 })) };
}

/** A request whose answer nobody waits for, as after a time-out. */
function sendAndHangUp(campus: Campus, body: string): Promise<void> {
  const signature = createHmac('sha256', SECRET).update(body).digest('base64');
  return new Promise((resolve) => {
    const request = httpRequest(`${campus.url()}/webhook`, { method: 'POST', headers: { 'x-webhook-signature': signature } });
    request.on('error', () => {});
    request.on('close', () => resolve());
    request.end(body, () => request.destroy());
  });
}
