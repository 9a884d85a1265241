import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bookingAt, openCampus, type Campus } from '../campus.ts';
import { aMoment, auditRows, livingKeys, metric, numbersFrom, oneEach, soon } from './sight.ts';

/* A sender that falls silent, a manager that does not answer, answers that are lost, events in the wrong order. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const always = { times: Number.POSITIVE_INFINITY };
/** Nobody is told: what is looked at is the keys. */
const QUIET = { NOTIFICATION_ENDPOINT: '', WEBHOOK_LOG_ENDPOINT: '', SMTP_URL: '' };
/** What the list of scenarios gives a queue to be empty in once the manager is back. */
const drained = { timeout: 20_000, interval: 50 };

const keysOf = ({ manager }: Campus, ids: readonly number[]) =>
  livingKeys(manager)
    .filter((id) => ids.includes(Number.parseInt(id, 10)))
    .toSorted();
const book = (campus: Campus, ids: readonly number[], minutes = 60) =>
  Promise.all(ids.map((id) => campus.post(bookingAt(campus, id, { minutes }).flat('EVENT_START'))));
const end = (campus: Campus, ids: readonly number[]) =>
  Promise.all(ids.map((id) => campus.post(bookingAt(campus, id).flat('EVENT_END'))));
const bookAndSee = async (campus: Campus, ids: readonly number[], minutes = 60) => {
  await book(campus, ids, minutes);
  await expect.poll(() => keysOf(campus, ids), soon).toEqual(oneEach(ids));
};

describe('a sender that falls silent', () => {
  test('scenario 5: keys go at their own time by our clock, not a second before, over restarts, with nobody telling', async () => {
    const campus = await openCampus({ env: QUIET });
    await bookAndSee(campus, [51], 10);
    await bookAndSee(campus, [52, 53], 20);
    campus.forward(10 * MINUTE - 30 * SECOND);
    await aMoment();
    expect(keysOf(campus, [51, 52, 53])).toEqual(['51', '52', '53']);
    campus.forward(30 * SECOND);
    await expect.poll(() => keysOf(campus, [51, 52, 53]), soon).toEqual(['52', '53']);
    await campus.restart();
    expect(keysOf(campus, [51, 52, 53])).toEqual(['52', '53']);
    const restart = campus.restart();
    campus.forward(10 * MINUTE);
    await restart;
    // Not whenever somebody happens to look again.
    await expect.poll(() => keysOf(campus, [51, 52, 53]), { timeout: 15_000, interval: 50 }).toEqual([]);
    await campus.close();
  });
});

describe('a manager that does not answer', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await openCampus({ env: { ...QUIET, API_MANAGEMENT_TIMEOUT: '2' } });
  });
  afterAll(async () => await campus.close());
  const lastly = async (ids: readonly number[]) => {
    campus.forward(30 * HOUR);
    await expect.poll(() => keysOf(campus, ids), soon).toEqual([]);
    // A key of which no answer ever came is looked for a second time a minute later.
    await expect
      .poll(() => {
        campus.forward(5 * SECOND);
        return metric(campus.url(), 'latchkey_debts');
      }, soon)
      .toBe(0);
    expect(await auditRows(campus)).toBeGreaterThan(0);
  };

  test('scenario 6: ten seconds of it lose nothing and double nothing; what waited is done when it is back', async () => {
    const [before, during] = [numbersFrom(6000, 20), numbersFrom(6100, 20)];
    await bookAndSee(campus, before);
    campus.manager.fail({ on: 'any', how: 'refuse', ...always });
    await book(campus, during);
    await end(campus, before);
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    expect([keysOf(campus, before), keysOf(campus, during)]).toEqual([oneEach(before), []]);
    campus.manager.heal();
    await expect.poll(() => [keysOf(campus, before), keysOf(campus, during)], drained).toEqual([[], oneEach(during)]);
    await lastly(during);
  });

  test.each([
    ['half an hour', 5, 30 * MINUTE, 5 * MINUTE, 6200],
    ['a day', 5, 24 * HOUR, HOUR, 6300],
    ['a day, with only one key to be revoked,', 1, 24 * HOUR, HOUR, 6400],
  ])(
    'scenario 6: %s of it neither: revocation is never given up, and what waited is done when it is back',
    async (_, count, lasts, step, first) => {
      const others = count === 1 ? 0 : count;
      const [over, lasting, late] = [numbersFrom(first, count), numbersFrom(first + 10, others), numbersFrom(first + 20, others)];
      await bookAndSee(campus, over, 10);
      await bookAndSee(campus, lasting, 26 * 60);
      campus.manager.fail({ on: 'any', how: 'refuse', ...always });
      await book(campus, late, 26 * 60);
      for (let passed = 0; passed < lasts; passed += step) {
        campus.forward(step);
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      // Now everything waits for its next attempt, minutes away.
      await aMoment();
      await expect.poll(() => metric(campus.url(), 'latchkey_debts'), soon).toBe(count);
      await expect.poll(async () => (await debts(campus)).every(({ overdue }) => overdue), soon).toBe(true);
      campus.manager.heal();
      await expect
        .poll(() => [over, lasting, late].map((ids) => keysOf(campus, ids)), drained)
        .toEqual([[], oneEach(lasting), oneEach(late)]);
      await lastly([...lasting, ...late]);
    },
  );

  test('scenario 14: while it hangs every event is acknowledged and health answers', async () => {
    campus.manager.fail({ on: 'any', how: 'hang', ...always });
    const ids = numbersFrom(14_000, 150);
    const answers = await book(campus, ids);
    expect(answers.every(({ status }) => status === 202)).toBe(true);
    const paths = ['/health', '/health/live', '/health/ready', '/healthz'];
    const health = await Promise.all(paths.map(async (path) => (await fetch(campus.url() + path)).status));
    expect(health).toEqual([200, 200, 200, 200]);
    expect(keysOf(campus, ids)).toEqual([]);
    campus.manager.heal();
    await expect.poll(() => keysOf(campus, ids), soon).toEqual(oneEach(ids));
    await lastly(ids);
  });

  test('scenario 7: of a fifth of all answers lost, to creations, policies and deletions alike, nothing is left over', async () => {
    const ids = numbersFrom(7000, 100);
    campus.manager.fail({ on: 'any', how: 'lost-answer', share: 0.2, ...always });
    await book(campus, ids, 10 * 60);
    /** Time passes faster than here, so that nobody waits for the pauses between attempts. */
    const hurry = (ms: number) => () => {
      campus.forward(ms);
      return keysOf(campus, ids);
    };
    await expect.poll(hurry(3 * SECOND), { timeout: 50_000, interval: 100 }).toEqual(oneEach(ids));
    await aMoment();
    expect(keysOf(campus, ids)).toEqual(oneEach(ids));
    await end(campus, ids);
    await expect.poll(hurry(3 * SECOND), { timeout: 50_000, interval: 100 }).toEqual([]);
    campus.manager.heal();
    await lastly(ids);
  });
});

describe('events in the wrong order', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await openCampus({ env: QUIET });
  });
  afterAll(async () => await campus.close());
  const never = async (ids: readonly number[]) => {
    await aMoment();
    expect(keysOf(campus, ids)).toEqual([]);
    await expect.poll(() => metric(campus.url(), 'latchkey_debts'), soon).toBe(0);
  };

  test('scenario 8: an end while the key is being made leaves none, and the start sent again afterwards makes none', async () => {
    const { flat } = bookingAt(campus, 81);
    const start = flat('EVENT_START');
    campus.manager.latencyMs = 400;
    await campus.post(start);
    await expect.poll(() => campus.manager.requests.length, soon).toBeGreaterThan(0);
    campus.forward(SECOND);
    await campus.post(flat('EVENT_END'));
    await expect.poll(() => campus.manager.requests.some(({ method }) => method === 'DELETE'), soon).toBe(true);
    await expect.poll(() => keysOf(campus, [81]), soon).toEqual([]);
    campus.manager.latencyMs = 0;
    await campus.post(start);
    campus.forward(SECOND);
    await campus.post(flat('EVENT_START'));
    await never([81]);
  });

  test('scenario 8: of a hundred starts and ends at once, in any order, no key stays', async () => {
    const ids = numbersFrom(800, 100);
    const events = ids.flatMap((id) => {
      const { flat } = bookingAt(campus, id);
      return [flat('EVENT_START'), flat('EVENT_END'), flat('EVENT_START')];
    });
    const shuffled = events.map((event, index) => ({ event, place: (index * 7919) % events.length }));
    shuffled.sort((a, b) => a.place - b.place);
    const answers = await Promise.all(shuffled.map(({ event }) => campus.post(event)));
    expect(answers.every(({ status }) => status === 202)).toBe(true);
    await expect.poll(() => keysOf(campus, ids), soon).toEqual([]);
    await never(ids);
    expect(await auditRows(campus)).toBeGreaterThan(0);
  });
});

async function debts(campus: Campus): Promise<{ overdue: boolean }[]> {
  return (await campus.adminApi<{ items: { overdue: boolean }[] }>('/debts')).items;
}
