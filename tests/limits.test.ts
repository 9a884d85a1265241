import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Budget } from '../src/keys/budget.ts';
import { createMemoryLimits } from '../src/keys/limits.ts';
import { periodEnd, periodStart, windowMs } from '../src/keys/periods.ts';
import { createWindow } from '../src/keys/window.ts';
import { PERIODS, type Limit } from '../src/reservation/plan.ts';

const NOON = Date.UTC(2026, 0, 15, 12);
const hourly = (limit: number, lease = 'lse_1'): Budget => ({ lease, rateLimit: { limit, per: 'hour' } });
const quota = (limit: number, per: 'reservation' | 'hour' | 'day' | 'month' = 'reservation'): Budget => ({
  lease: 'lse_1',
  quota: { limit, per },
});

function passed(limits: ReturnType<typeof createMemoryLimits>, budget: Budget, instants: readonly number[]): number {
  return instants.filter((at) => !limits.take(budget, 1, at).refused).length;
}

test('of 500 at once under a limit of 100 exactly 100 pass, of rate and of quota', () => {
  const instants = Array.from({ length: 500 }, () => NOON);
  expect(passed(createMemoryLimits(), hourly(100), instants)).toBe(100);
  expect(passed(createMemoryLimits(), quota(100), instants)).toBe(100);
});

test('a caller at 2 a second is never refused under 5 a second', () => {
  const instants = Array.from({ length: 200 }, (_, n) => NOON + n * 500);
  expect(passed(createMemoryLimits(), { lease: 'l', rateLimit: { limit: 5, per: 'second' } }, instants)).toBe(200);
});

test('the window slides: a place is free exactly one window after its request, not a millisecond earlier', () => {
  const limits = createMemoryLimits();
  const budget: Budget = { lease: 'l', rateLimit: { limit: 2, per: 'minute' } };
  expect(passed(limits, budget, [NOON, NOON + 30_000, NOON + 59_999])).toBe(2);
  expect(limits.take(budget, 1, NOON + 59_999)).toMatchObject({ refused: 'RATE_LIMITED', retryAfterMs: 1 });
  expect(passed(limits, budget, [NOON + 60_000, NOON + 60_001])).toBe(1);
  expect(limits.take(budget, 1, NOON + 60_001).retryAfterMs).toBe(29_999);
});

test('in any window at most the limit passes, and whoever is below it is never refused', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 120 });
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 9 }), (steps, limit) => {
      const limits = createMemoryLimits();
      const budget: Budget = { lease: 'l', rateLimit: { limit, per: 'second' } };
      const through: number[] = [];
      let at = NOON;
      for (const step of steps) {
        at += step;
        const inWindow = through.filter((before) => before > at - 1000).length;
        const { refused } = limits.take(budget, 1, at);
        expect(refused === undefined).toBe(inWindow < limit);
        if (!refused) through.push(at);
      }
    }),
    { numRuns: 500 },
  );
});

test('a refused call burns nothing of either', () => {
  const limits = createMemoryLimits();
  const budget: Budget = { lease: 'l', rateLimit: { limit: 2, per: 'minute' }, quota: { limit: 3, per: 'reservation' } };
  expect(passed(limits, budget, [NOON, NOON, NOON, NOON])).toBe(2);
  expect(limits.take(budget, 1, NOON + 60_000).quota).toMatchObject({ used: 3, remaining: 0, resetAt: null });
  expect(limits.take(budget, 1, NOON + 60_000)).toMatchObject({ refused: 'QUOTA_EXCEEDED', retryAfterMs: undefined });
  // The rate was not touched by the refusal: with more quota one place is still free.
  const more: Budget = { ...budget, quota: { limit: 9, per: 'reservation' } };
  expect(limits.take(more, 1, NOON + 60_000)).toMatchObject({ rateLimit: { remaining: 0 }, quota: { used: 4 } });
});

test('a call that costs more than is left takes nothing, and a cheaper one still passes', () => {
  const limits = createMemoryLimits();
  expect(limits.take(quota(10), 8, NOON).quota).toMatchObject({ used: 8, remaining: 2 });
  expect(limits.take(quota(10), 3, NOON).refused).toBe('QUOTA_EXCEEDED');
  expect(limits.take(quota(10), 2, NOON).refused).toBeUndefined();
  expect(limits.take(hourly(10), 11, NOON)).toMatchObject({ refused: 'RATE_LIMITED', retryAfterMs: undefined });
  expect(limits.take(hourly(10), 10, NOON).rateLimit).toMatchObject({ remaining: 0 });
});

const REFUSED_UNUSED = {
  refused: 'RATE_LIMITED',
  rateLimit: { limit: 3, remaining: 3, resetAt: null },
  retryAfterMs: undefined,
};

test('what costs more than the limit is told no reset where nothing was used, or nothing is any more', () => {
  const limits = createMemoryLimits();
  expect(limits.take(hourly(3), 4, NOON)).toMatchObject(REFUSED_UNUSED);
  limits.take(hourly(3), 3, NOON);
  expect(limits.take(hourly(3), 4, NOON + 3_600_056)).toMatchObject(REFUSED_UNUSED);
});

test.each([
  ['hour', NOON + 1, NOON + 3_600_000],
  ['day', NOON, Date.UTC(2026, 0, 16)],
  ['month', NOON, Date.UTC(2026, 1, 1)],
] as const)('a quota per %s is whole again at the turn of the UTC calendar', (per, at, turns) => {
  const limits = createMemoryLimits();
  expect(passed(limits, quota(2, per), [at, at, at, turns - 1])).toBe(2);
  expect(limits.take(quota(2, per), 1, turns - 1)).toMatchObject({ retryAfterMs: 1, quota: { resetAt: new Date(turns) } });
  expect(passed(limits, quota(2, per), [turns, turns, turns])).toBe(2);
});

test('a month ends where the calendar says', () => {
  const leap = Date.UTC(2028, 1, 29, 23, 59, 59, 999);
  expect(periodStart('month', leap)).toBe(Date.UTC(2028, 1, 1));
  expect(periodEnd('month', leap)).toBe(Date.UTC(2028, 2, 1));
  expect(periodEnd('month', Date.UTC(2026, 11, 31))).toBe(Date.UTC(2027, 0, 1));
});

test('a quota goes on from what the database knows, and never back', () => {
  const limits = createMemoryLimits();
  limits.restore('lse_1', { per: 'day', used: 7, at: NOON });
  expect(limits.take(quota(10, 'day'), 1, NOON).quota).toMatchObject({ used: 8 });
  limits.restore('lse_1', { per: 'day', used: 3, at: NOON });
  expect(limits.take(quota(10, 'day'), 1, NOON).quota).toMatchObject({ used: 9 });
  limits.restore('lse_1', { per: 'day', used: 9, at: NOON + 86_400_000 });
  expect(limits.take(quota(10, 'day'), 1, NOON + 86_400_000).quota).toMatchObject({ used: 10 });
});

test('the budget is the lease’s: another lease has its own, and a new limit counts what was used', () => {
  const limits = createMemoryLimits();
  expect(passed(limits, hourly(3), [NOON, NOON, NOON, NOON])).toBe(3);
  expect(limits.take(hourly(3, 'lse_2'), 1, NOON).refused).toBeUndefined();
  expect(passed(limits, hourly(5), [NOON, NOON, NOON])).toBe(2);
  expect(limits.take(hourly(2), 1, NOON)).toMatchObject({ refused: 'RATE_LIMITED', rateLimit: { remaining: 0 } });
});

test('a clock set back gives nothing again and locks nobody out for longer than a window', () => {
  const limits = createMemoryLimits();
  const budget: Budget = { lease: 'l', rateLimit: { limit: 3, per: 'minute' }, quota: { limit: 4, per: 'hour' } };
  expect(passed(limits, budget, [NOON, NOON, NOON])).toBe(3);
  const back = NOON - 3_600_000;
  expect(passed(limits, budget, [back, back + 59_999])).toBe(0);
  expect(passed(limits, budget, [back + 60_000, back + 60_000])).toBe(1);
});

/** All that passed, kept for ever: the rule itself. */
function modelOf(limits: readonly Limit[]) {
  const through: { at: number; cost: number }[] = [];
  const weight = (limit: Limit, cost: number) => (limit.unit === 'requests' ? 1 : cost);
  const usedAt = (limit: Limit, at: number, lateMs: number) =>
    through.filter((one) => one.at > at - windowMs(limit.per) - lateMs).reduce((sum, { cost }) => sum + weight(limit, cost), 0);
  return {
    /** `lateMs`: how long after its window a place may still be taken. */
    fits: (cost: number, at: number, late: (limit: Limit) => number) =>
      limits.every((limit) => usedAt(limit, at, late(limit)) + weight(limit, cost) <= limit.limit),
    pass: (cost: number, at: number) => void through.push({ at, cost }),
  };
}

const someLimit = fc.record(
  { limit: fc.integer({ min: 1, max: 40 }), per: fc.constantFrom(...PERIODS), unit: fc.constant('requests' as const) },
  { requiredKeys: ['limit', 'per'] },
);
/** Steps around the lengths of the windows and of their ticks. */
const someStep = fc.oneof(
  fc.integer({ min: 0, max: 1500 }),
  fc.constantFrom(999, 1000, 1001, 59_999, 60_000, 3_599_999, 3_600_000, 3_600_056, 86_400_000, 86_401_330, 2_592_000_000),
);

test('under any number of limits what passes is never over one of them, and what is below all of them passes', () => {
  const calls = fc.array(fc.record({ step: someStep, cost: fc.integer({ min: 1, max: 5 }) }), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(
      fc.array(someLimit, { minLength: 1, maxLength: 5 }),
      fc.array(someLimit, { maxLength: 2 }),
      calls,
      (own, shared, steps) => {
        const limits = createMemoryLimits();
        const [rateLimit, ...others] = own;
        const budget: Budget = { lease: 'l', rateLimit, limits: others, project: { id: 'project:p', limits: shared } };
        const model = modelOf([...own, ...shared]);
        let at = NOON;
        for (const { step, cost } of steps) {
          at += step;
          const { refused } = limits.take(budget, cost, at);
          if (!refused) {
            expect(model.fits(cost, at, () => 0)).toBe(true);
            model.pass(cost, at);
          } else {
            expect(model.fits(cost, at, ({ per }) => createWindow(windowMs(per)).tickMs - 1)).toBe(false);
          }
        }
      },
    ),
    { numRuns: 400 },
  );
});

test('the wait that is told is when the call passes, and not a millisecond longer', () => {
  const calls = fc.array(fc.record({ step: someStep, cost: fc.integer({ min: 1, max: 5 }) }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(fc.array(someLimit, { minLength: 1, maxLength: 4 }), calls, (own, steps) => {
      const limits = createMemoryLimits();
      const budget: Budget = { lease: 'l', limits: own, quota: { limit: 100, per: 'day' } };
      let at = NOON;
      for (const { step, cost } of steps) {
        at += step;
        const { refused, retryAfterMs } = limits.take(budget, cost, at);
        if (!refused || retryAfterMs === undefined) continue;
        expect(limits.take(budget, cost, at + retryAfterMs - 1).refused).toBeDefined();
        at += retryAfterMs;
        expect(limits.take(budget, cost, at).refused).toBeUndefined();
      }
    }),
    { numRuns: 300 },
  );
});

test('keys of one project share its limits, and what one of them is refused burns nothing of the others', () => {
  const limits = createMemoryLimits();
  const project = { id: 'project:p', limits: [{ limit: 3, per: 'hour' as const }] };
  const [one, other]: Budget[] = [
    { lease: 'l1', project, rateLimit: { limit: 1, per: 'hour' } },
    { lease: 'l2', project },
  ];
  expect(passed(limits, one!, [NOON, NOON, NOON])).toBe(1);
  expect(passed(limits, other!, [NOON, NOON, NOON])).toBe(2);
  expect(limits.take(other!, 1, NOON)).toMatchObject({
    refused: 'RATE_LIMITED',
    limits: [{ name: 'project-hour', limit: 3, remaining: 0, windowSeconds: 3600, resetMs: 3_600_056 - (NOON % 56 || 56) }],
  });
});

test('other limits of a project are in force at the next request', () => {
  const limits = createMemoryLimits();
  const project = { id: 'project:p', limits: [{ limit: 1, per: 'hour' as const }] };
  const budget: Budget = { lease: 'l', project };
  expect(passed(limits, budget, [NOON, NOON])).toBe(1);
  project.limits = [{ limit: 3, per: 'hour' }];
  expect(passed(limits, budget, [NOON, NOON, NOON])).toBe(2);
});

test('every limit is told by name, the tightest and the quota apart', () => {
  const budget: Budget = {
    lease: 'l',
    rateLimit: { limit: 100, per: 'hour' },
    limits: [
      { limit: 5, per: 'second', unit: 'requests' },
      { limit: 50, per: 'hour' },
    ],
    quota: { limit: 20, per: 'month' },
  };
  expect(createMemoryLimits().take(budget, 4, NOON)).toMatchObject({
    rateLimit: { limit: 5, remaining: 4, resetAt: new Date(NOON + 1000) },
    quota: { limit: 20, used: 4, remaining: 16 },
    limits: [
      { name: 'hour', limit: 50, remaining: 46, windowSeconds: 3600 },
      { name: 'second-requests', limit: 5, remaining: 4, windowSeconds: 1, resetMs: 1000 },
      { name: 'quota', limit: 20, remaining: 16, windowSeconds: 2_592_000, resetMs: Date.UTC(2026, 1, 1) - NOON },
    ],
  });
});

test('a month of a million requests is some hundred kilobytes, a limit of ten some hundred bytes, and what is idle is dropped', () => {
  const limits = createMemoryLimits();
  const busy: Budget = { lease: 'busy', rateLimit: { limit: 1_000_000, per: 'month' } };
  const few: Budget = { lease: 'few', rateLimit: { limit: 10, per: 'minute' } };
  const month = windowMs('month');
  for (let n = 0; n < 1_000_000; n += 1) limits.take(busy, 1, NOON + Math.floor((n * month) / 1_000_000));
  expect(
    passed(
      limits,
      few,
      Array.from({ length: 50 }, (_, n) => NOON + month - 1000 + n),
    ),
  ).toBe(10);
  const ringOf = (id: string) => limits.accounts.find(id)!.meters[0]!.window.ring;
  expect(ringOf('busy').length * 4).toBeLessThanOrEqual(524_288);
  expect(ringOf('few').length).toBeLessThanOrEqual(32);
  expect(limits.take(busy, 1, NOON + month - 1).refused).toBe('RATE_LIMITED');
  limits.accounts.takeMarked();
  limits.accounts.sweep(NOON + month - 1000);
  expect(limits.accounts.size).toBe(2);
  limits.accounts.sweep(NOON + month + 60_000);
  expect(limits.accounts.size).toBe(1);
});
