import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DriverError, type Driver } from '../providers/driver.ts';
import { backoffMs } from '../src/lease/backoff.ts';
import { createCaller, type Slot } from '../src/lease/call.ts';
import { createGate, Postponed } from '../src/lease/gate.ts';
import { createRate, type Rate } from '../src/lease/rate.ts';

/** A provider that takes so many calls in any second, and one caller that has as much to do as it is let. */
function callFor(rate: Rate, seconds: number, manager: { perSecond: number; retryAfterMs: number }) {
  const passed: number[] = [];
  const refused: number[] = [];
  for (let at = 0; at < seconds * 1000;) {
    const turn = rate.reserve(at);
    if ('comeBackMs' in turn) {
      at += Math.ceil(turn.comeBackMs);
      continue;
    }
    at += Math.ceil(turn.waitMs);
    const oldest = passed.at(-manager.perSecond);
    if (oldest !== undefined && at - oldest < 1000) {
      refused.push(at);
      rate.limited(at, at + manager.retryAfterMs);
    } else {
      passed.push(at);
      rate.succeeded(at);
    }
    at += 1;
  }
  return { passed, refused };
}

describe('the rate of a provider', () => {
  test('is not kept to before the provider says that it has one', () => {
    const rate = createRate(() => 0);
    for (let n = 0; n < 5000; n += 1) expect(rate.reserve(1000)).toEqual({ waitMs: 0 });
  });

  test('is found from the answers: after a minute few are refused and most of what it takes is used', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 200 }), fc.constantFrom(1000, 3000), (perSecond, retryAfterMs) => {
        const { passed, refused } = callFor(
          createRate(() => 0.5),
          180,
          { perSecond, retryAfterMs },
        );
        const late = (times: number[]) => times.filter((at) => at > 60_000).length;
        expect(late(refused)).toBeLessThanOrEqual(0.05 * late(passed));
        expect(late(passed)).toBeGreaterThan(0.4 * perSecond * 120);
      }),
      { numRuns: 40 },
    );
  });

  test('many refusals of one moment are one', () => {
    const [one, many] = [createRate(() => 0), createRate(() => 0)];
    for (const rate of [one, many]) for (let n = 0; n < 40; n += 1) rate.succeeded(5000);
    one.limited(5500, 6500);
    for (let n = 0; n < 30; n += 1) many.limited(5500 + n, 6500);
    expect(many.reserve(6500)).toEqual(one.reserve(6500));
    expect(many.reserve(6500)).toEqual(one.reserve(6500));
  });

  test('a crowd that cannot wait comes back one by one, and nobody after more than half a minute', () => {
    const rate = createRate(() => 1);
    for (let n = 0; n < 8; n += 1) rate.succeeded(5000);
    rate.limited(5000, 10_000);
    const returns = Array.from({ length: 200 }, () => rate.reserve(5000)).map((turn) =>
      'comeBackMs' in turn ? turn.comeBackMs : 0,
    );
    expect(returns.slice(0, 3)).toEqual([5250, 5500, 5750]);
    expect(Math.max(...returns)).toBe(30_000);
  });
});

describe('the gate', () => {
  const tooMany = new DriverError('rate-limited', 'campus: answered 429', { retryAfterMs: 7000 });
  const open = () => {
    let at = Date.parse('2026-01-01T10:00:00Z');
    const recovered: string[] = [];
    const gate = createGate({ now: () => new Date(at), random: () => 0, onRecovery: (name) => void recovered.push(name) });
    return { gate, recovered, forward: (ms: number) => void (at += ms) };
  };

  test('leaves a provider alone for as long as it asked, whatever an earlier call still brings', () => {
    const { gate, forward } = open();
    for (let n = 0; n < 10; n += 1) gate.enter('campus');
    gate.failed('campus', tooMany);
    for (let n = 0; n < 9; n += 1) gate.succeeded('campus');
    expect(() => gate.enter('campus')).toThrow(Postponed);
    expect(() => gate.stillOpen('campus')).toThrow(Postponed);
    forward(6999);
    expect(() => gate.stillOpen('campus')).toThrow(Postponed);
    forward(1);
    expect(() => gate.stillOpen('campus')).not.toThrow();
    expect(gate.enter('campus')).toBe(0);
    expect(gate.enter('campus')).toBeGreaterThan(0);
  });

  test('holds up no other provider', () => {
    const { gate } = open();
    gate.failed('campus', tooMany);
    expect(gate.enter('cloud')).toBe(0);
  });

  test('rests a provider that does not answer for seconds at most, and tells when it is back', () => {
    const { gate, recovered, forward } = open();
    for (let n = 0; n < 50; n += 1) gate.failed('campus', new DriverError('transient', 'campus: no answer'));
    expect(() => gate.enter('campus')).toThrow(Postponed);
    forward(5000);
    expect(gate.enter('campus')).toBe(0);
    gate.succeeded('campus');
    expect(recovered).toEqual(['campus']);
  });

  test('names a provider that does not answer when it was not asked for a while, so that somebody tries', () => {
    const { gate, forward } = open();
    gate.enter('campus');
    for (let n = 0; n < 5; n += 1) gate.failed('campus', new DriverError('transient', 'campus: no answer'));
    expect(gate.untried()).toEqual([]);
    forward(10_000);
    expect(gate.untried()).toEqual(['campus']);
    gate.enter('campus');
    expect(gate.untried()).toEqual([]);
    forward(10_000);
    gate.succeeded('campus');
    expect(gate.untried()).toEqual([]);
  });
});

describe('a call', () => {
  const START = Date.parse('2026-01-01T10:00:00Z');
  const open = (driver: Partial<Driver<unknown>>) => {
    let at = START;
    const slots: Slot[] = [];
    const gate = createGate({ now: () => new Date(at), random: () => 0, onRecovery: () => {} });
    const call = createCaller({
      providers: (name) => ({ name, driver: driver as Driver<unknown>, parseHandle: (stored) => stored }),
      gate,
      pace: async (slot) => (slots.push(slot), 0),
      deadlineMs: 50,
      stopping: new AbortController().signal,
    });
    return { call, gate, slots, forward: (ms: number) => void (at += ms) };
  };
  const failing = (retryAfterMs: number) => async () => {
    throw new DriverError('rate-limited', 'campus: answered 429', { retryAfterMs, status: 429 });
  };

  test.for([7000, 31_536_000_000, 1e23, Infinity, NaN])(
    'is made again within minutes, though the provider asked to wait for %d ms',
    async (asked) => {
      const { call, gate, forward } = open({});
      const failure: unknown = await call('campus', 'usage', failing(asked)).catch((error: unknown) => error);
      expect(failure).toMatchObject({ kind: 'rate-limited', status: 429, message: 'campus: answered 429' });
      const again = backoffMs(failure as DriverError, 3, () => 1);
      expect(again).toBeGreaterThanOrEqual(7000);
      expect(again).toBeLessThanOrEqual(5 * 60_000);
      expect(() => gate.stillOpen('campus')).toThrow(Postponed);
      forward(5 * 60_000);
      expect(gate.enter('campus')).toBe(0);
      expect(() => gate.stillOpen('campus')).not.toThrow();
    },
  );

  test('on keys waits until its provider has room, also after one that failed; a question how the provider is waits for none', async () => {
    const { call } = open({ deadlineMs: 10_000, pace: { issuePerSecond: 1000, revokePerSecond: 1000, concurrency: 2 } });
    const doors: PromiseWithResolvers<void>[] = [];
    const through = () => {
      const door = Promise.withResolvers<void>();
      doors.push(door);
      return door.promise;
    };
    const aMoment = () => new Promise((resolve) => setImmediate(resolve));
    const calls = (['issue', 'revoke', 'issue', 'retime'] as const).map((action) => call('campus', action, through));
    await aMoment();
    expect(doors).toHaveLength(2);
    await expect(call('campus', 'check', async () => 'well')).resolves.toBe('well');
    doors[0]!.resolve();
    doors[1]!.reject(new DriverError('rejected', 'campus: answered 400'));
    await expect(Promise.allSettled(calls.slice(0, 2))).resolves.toMatchObject([{ status: 'fulfilled' }, { status: 'rejected' }]);
    await aMoment();
    expect(doors).toHaveLength(4);
    for (const door of doors) door.resolve();
    await Promise.all(calls.slice(2));
  });

  test('that lists takes up no room, outlasts the others, and waits for each of its turns', async () => {
    const pace = { issuePerSecond: 1000, revokePerSecond: 1000, concurrency: 1, operations: { all: 10 } };
    const { call, slots } = open({ pace });
    const end = Promise.withResolvers<string>();
    const listing = call('campus', 'list', async (_open, { turn }) => {
      await turn('all');
      return await end.promise;
    });
    await call('campus', 'issue', async (_open, { turn }) => await turn('all'));
    await expect(call('campus', 'usage', () => new Promise(() => {}))).rejects.toMatchObject({ kind: 'transient' });
    end.resolve('every key');
    await expect(listing).resolves.toBe('every key');
    const [list, issue] = slots.filter(({ operation }) => operation === 'all').map(({ furthestMs }) => furthestMs);
    expect([list, issue]).toEqual([15 * 60_000, expect.any(Number)]);
    expect(issue).toBeLessThan(60_000);
  });

  test('has as long as its provider is given, though others have less', async () => {
    const slow = () => new Promise((resolve) => setTimeout(resolve, 80, 'done'));
    await expect(open({}).call('campus', 'usage', slow)).rejects.toMatchObject({ kind: 'transient' });
    await expect(open({ deadlineMs: 5000 }).call('campus', 'usage', slow)).resolves.toBe('done');
  });
});
