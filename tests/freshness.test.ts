import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createFreshness, type Freshness } from '../src/keys/freshness.ts';

/* How long a node may answer from memory. The database is a promise here: it answers, it fails, or it says nothing. */

let database: 'answers' | 'fails' | 'says nothing';
let freshness: Freshness;
let asked: number;

beforeEach(() => {
  vi.useFakeTimers();
  database = 'answers';
  asked = 0;
  const caughtUp = async () => {
    asked += 1;
    if (database === 'fails') throw new Error('away');
    if (database === 'says nothing') await new Promise(() => {});
  };
  freshness = createFreshness({ caughtUp, withoutMs: 30_000 });
});

afterEach(() => {
  freshness.stop();
  vi.useRealTimers();
});

/** The process does nothing while time passes, as after SIGSTOP: no timer runs. */
function stopFor(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

test('while the database answers, nobody waits', async () => {
  for (let seconds = 0; seconds < 60; seconds++) {
    await vi.advanceTimersByTimeAsync(1000);
    expect(freshness.isFresh()).toBe(true);
  }
});

test.each(['fails', 'says nothing'] as const)(
  'a database that %s leaves memory good for as long as is stated, and nothing after that',
  async (how) => {
    database = how;
    await vi.advanceTimersByTimeAsync(1500);
    expect(freshness.isFresh()).toBe(false);
    await vi.advanceTimersByTimeAsync(28_000);
    await expect(freshness.confirm()).resolves.toBeUndefined();
    await vi.advanceTimersByTimeAsync(1000);
    await expect(freshness.confirm()).rejects.toMatchObject({ code: 'unavailable' });
    database = 'answers';
    await vi.advanceTimersByTimeAsync(1500);
    expect(freshness.isFresh()).toBe(true);
  },
);

test('while the database is known to be away no request waits for it', async () => {
  database = 'says nothing';
  await vi.advanceTimersByTimeAsync(3000);
  const before = asked;
  let answered = false;
  const confirmed = freshness.confirm().then(() => (answered = true));
  await vi.advanceTimersByTimeAsync(0);
  expect(answered).toBe(true);
  expect(asked).toBe(before);
  await confirmed;
});

test('a process that was stopped asks before its first answer, whatever it knew before', async () => {
  await vi.advanceTimersByTimeAsync(1000);
  const before = asked;
  stopFor(60_000);
  expect(freshness.isFresh()).toBe(false);
  await freshness.confirm();
  expect(asked).toBeGreaterThan(before);
  expect(freshness.isFresh()).toBe(true);
});

test('a process that was stopped for longer than is stated, and finds no database, refuses', async () => {
  database = 'fails';
  stopFor(60_000);
  await expect(freshness.confirm()).rejects.toMatchObject({ code: 'unavailable' });
});

test('an answer to what was asked before the stop is not believed', async () => {
  let answer = () => {};
  const asks: number[] = [];
  freshness.stop();
  freshness = createFreshness({
    caughtUp: () => new Promise<void>((resolve) => (asks.push(Date.now()), (answer = resolve))),
    withoutMs: 30_000,
  });
  await vi.advanceTimersByTimeAsync(250);
  expect(asks).toHaveLength(1);
  stopFor(60_000);
  const confirmed = freshness.confirm();
  answer();
  await vi.advanceTimersByTimeAsync(0);
  expect(asks).toHaveLength(2);
  answer();
  await confirmed;
  expect(freshness.isFresh()).toBe(true);
});
