import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Parameters } from '../src/reservation/event.ts';
import { emptyReservation, fold } from '../src/reservation/fold.ts';
import { rateWithin, secondsOf } from '../src/reservation/limits.ts';
import { matchPlan, narrow } from '../src/reservation/narrow.ts';
import { isPathPattern, patternCovers } from '../src/reservation/patterns.ts';
import { windowFor } from '../src/reservation/window.ts';
import type { Grant } from '../src/reservation/lease.ts';
import { PERIODS, type Plan, type Scopes } from '../src/reservation/plan.ts';
import { ofDefault, plan as base, scopes } from './fixtures/plan.ts';

const plan: Plan = {
  ...base,
  scopes: { default: ['read'], allowed: ['read', 'write'] },
  endpoints: { default: ['/api/**'], allowed: ['/api/**', '/status'] },
  quota: { default: 100, max: 500, per: 'reservation' },
  rateLimit: { default: { limit: 1, per: 'minute' }, max: { limit: 100, per: 'hour' } },
};
const refusal = (asked: Parameters): readonly string[] => {
  const narrowed = narrow(plan, scopes, asked);
  return 'refused' in narrowed ? narrowed.refused : [];
};

describe('narrow', () => {
  test.each<[string, Parameters, RegExp]>([
    [
      'a scope the plan does not grant',
      { scopes: ['read', 'admin'] },
      /scope "admin" is not granted by plan lab; allowed: read, write/,
    ],
    ['a scope nobody knows', { scopes: ['root'] }, /scope "root" does not exist/],
    ['a quota above the ceiling', { quota: 501 }, /quota 501 is more than plan lab grants \(500 per reservation\)/],
    ['a quota that is no whole number', { quota: 1.5 }, /whole positive number/],
    ['a rate above the ceiling', { rateLimit: '101/hour' }, /101\/hour is more than plan lab grants \(100\/hour\)/],
    ['a rate whose burst is above the ceiling', { rateLimit: '1000/day' }, /more than/],
    ['a rate that cannot be read', { rateLimit: 'fast' }, /not of the form 100\/hour/],
    ['an endpoint outside', { endpoints: ['/admin/**'] }, /endpoint "\/admin\/\*\*" is not within plan lab/],
    ['an endpoint that climbs out', { endpoints: ['/api/../admin'] }, /is not a path/],
    ['a negative life', { expirationHours: -1 }, /expirationHours/],
    ['parameters that could not be read', { problem: 'customParameters is not JSON' }, /not JSON/],
  ])('refuses %s, with a reason', (_, asked, reason) => {
    expect(refusal(asked).join('\n')).toMatch(reason);
  });

  test('gives every reason at once', () => {
    expect(refusal({ scopes: ['admin'], quota: 9999, rateLimit: '9/second' })).toHaveLength(3);
  });

  test('quotes a foreign word only in part, and of very many reasons some', () => {
    const words = Array.from({ length: 500 }, (_, n) => `${n}-${'x'.repeat(5000)}`);
    const reasons = refusal({ scopes: words, endpoints: words, rateLimit: words[0]! });
    expect(reasons).toHaveLength(11);
    expect(reasons.at(-1)).toBe('and 991 more');
    expect(reasons.join('; ').length).toBeLessThan(2000);
  });

  test('grants the plan’s defaults when nothing is asked for', () => {
    expect(narrow(plan, scopes, {})).toEqual({
      grant: {
        scopes: ['read'],
        methods: ['GET'],
        endpoints: ['/api/**'],
        quota: { limit: 100, per: 'reservation' },
        rateLimit: { limit: 1, per: 'minute' },
        allowedIps: undefined,
      },
    });
  });

  test('a wildcard stands for the scopes that there are now, and is asked for only within a wildcard of the plan', () => {
    const known: Scopes = {
      'a:x:read': { methods: ['GET'], endpoints: ['/x/**'] },
      'a:x:write': { methods: ['POST'] },
      'a:y:read': { methods: ['GET'] },
      read: { methods: ['GET'] },
    };
    const asks = (scopes: string[], allowed: string[]) =>
      narrow({ ...plan, scopes: { default: ['read'], allowed } }, known, { scopes });
    expect(asks(['a:x:*'], ['a:*'])).toMatchObject({ grant: { scopes: ['a:x:read', 'a:x:write'] } });
    expect(asks(['a:x:read', 'a:x:*'], ['a:x:*'])).toMatchObject({ grant: { scopes: ['a:x:read', 'a:x:write'] } });
    for (const [wanted, allowed] of [
      [['a:*'], ['a:x:*']],
      [['*'], ['a:*', 'read']],
      [['a:x:*'], ['a:x:read', 'a:x:write']],
      [['a:y:read'], ['a:x:*']],
      [['b:*'], ['*']],
    ])
      expect(asks(wanted!, allowed!), JSON.stringify([wanted, allowed])).toHaveProperty('refused');
  });

  test('what scopes open where is a rule for each, once one of them is for some paths only', () => {
    const known: Scopes = { read: { methods: ['GET'] }, write: { methods: ['POST'], endpoints: ['/api/runs'] } };
    const rulesOf = (...scopes: string[]) => (narrow(plan, known, { scopes }) as { grant: Grant }).grant.rules;
    expect(rulesOf('read')).toBeUndefined();
    expect(rulesOf('read', 'write')).toEqual([
      { methods: ['GET'], endpoints: ['/**'] },
      { methods: ['POST'], endpoints: ['/api/runs'] },
    ]);
  });

  test('what a booking cannot ask for is as the plan says, whatever it asks for', () => {
    const strict: Plan = {
      ...plan,
      furtherLimits: [{ limit: 9, per: 'day' }],
      deniedIps: ['10.0.9.0/24'],
      hours: [{ from: '08:00', to: '18:00', zone: 'UTC' }],
      tokenType: 'jwt',
    };
    const { furtherLimits: limits, deniedIps, hours, tokenType } = strict;
    const asked = { limits: [], deniedIps: [], hours: [], tokenType: 'opaque', rules: [], scopes: ['read'] } as Parameters;
    expect(narrow(strict, scopes, asked)).toMatchObject({ grant: { limits, deniedIps, hours, tokenType, rules: undefined } });
  });

  test('no parameters ever exceed their plan', () => {
    const asked = fc.record(
      {
        scopes: fc.array(fc.constantFrom('read', 'write', 'admin', 'delete', 'constructor', '')),
        quota: fc.oneof(fc.integer(), fc.double()),
        rateLimit: fc.oneof(
          fc.string(),
          fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.constantFrom(...PERIODS)).map(([limit, per]) => `${limit}/${per}`),
        ),
        expirationHours: fc.double(),
        endpoints: fc.array(
          fc.constantFrom('/api/**', '/api/*', '/api', '/api/a/b', '/**', '/status', '/*', '/api/**/x', '/a//b', '/api/*/**'),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(asked, (parameters) => {
        const narrowed = narrow(plan, scopes, parameters);
        if ('refused' in narrowed) {
          expect(narrowed.refused.length).toBeGreaterThan(0);
          return;
        }
        const { grant } = narrowed;
        expect(grant.scopes.every((scope) => plan.scopes.allowed.includes(scope))).toBe(true);
        expect(grant.methods).not.toContain('DELETE');
        expect(grant.quota!.limit).toBeLessThanOrEqual(500);
        expect(grant.endpoints.every((endpoint) => endpoint === '/status' || endpoint.startsWith('/api'))).toBe(true);
        const perHour = grant.rateLimit!.limit * Math.max(1, 3600 / secondsOf(grant.rateLimit!.per as 'hour'));
        expect(perHour).toBeLessThanOrEqual(100);
      }),
      { numRuns: 1000 },
    );
  });

  test('a wider pattern never passes for a narrower one', () => {
    const segment = fc.constantFrom('a', 'b', '*', '**');
    const pattern = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
    const path = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 5 }).map((parts) => `/${parts.join('/')}`);
    fc.assert(
      fc.property(pattern, pattern, path, (allowed, requested, tried) => {
        fc.pre(patternCovers(allowed, requested) && patternCovers(requested, tried));
        expect(patternCovers(allowed, tried)).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(isPathPattern('/a/b*')).toBe(false);
  });

  test.each([
    ['60/minute within 3600/hour', { limit: 60, per: 'minute' }, { limit: 3600, per: 'hour' }, true],
    ['61/minute within 3600/hour', { limit: 61, per: 'minute' }, { limit: 3600, per: 'hour' }, false],
    ['100/day within 100/hour', { limit: 100, per: 'day' }, { limit: 100, per: 'hour' }, true],
    ['2400/day within 100/hour', { limit: 2400, per: 'day' }, { limit: 100, per: 'hour' }, false],
  ] as const)('%s: %s', (_, asked, max, within) => {
    expect(rateWithin(asked, max)).toBe(within);
  });
});

describe('matchPlan', () => {
  test('takes the first plan whose globs match source, resource and type', () => {
    const plans: Plan[] = [
      { ...plan, name: 'gpu', match: { resource: 'gpu-*' } },
      { ...plan, name: 'lab', match: { source: 'default', resourceType: 'API Key' } },
    ];
    const named = (name: string, type: string) => matchPlan({ ...ofDefault, plans }, 'default', { id: '1', name, type })?.name;
    expect([named('gpu-1', ''), named('x', 'API Key'), named('x', 'Server'), named('gpu.1', 'API Key')]).toEqual([
      'gpu',
      'lab',
      undefined,
      'lab',
    ]);
  });
});

describe('windowFor', () => {
  const booking = (startsAt: string, endsAt?: string, parameters?: Parameters) =>
    fold(emptyReservation('lab', '1'), {
      type: 'created',
      reservationId: '1',
      version: 1,
      startsAt: new Date(startsAt),
      endsAt: endsAt === undefined ? undefined : new Date(endsAt),
      parameters,
    });
  const margins = (window: Partial<Plan['window']>): Plan => ({ ...plan, window: { ...plan.window, ...window } });

  test('moves the booking’s window by the plan’s margins', () => {
    expect(
      windowFor(
        margins({ opensBeforeMs: 60_000, closesAfterMs: 120_000 }),
        booking('2026-03-29T01:30:00+01:00', '2026-03-29T03:30:00+02:00'),
      ),
    ).toEqual({
      window: { opensAt: new Date('2026-03-29T00:29:00Z'), closesAt: new Date('2026-03-29T01:32:00Z') },
    });
  });

  test('expirationHours shortens and never lengthens', () => {
    const short = windowFor(plan, booking('2026-01-01T10:00:00Z', '2026-01-01T12:00:00Z', { expirationHours: 1 }));
    const long = windowFor(plan, booking('2026-01-01T10:00:00Z', '2026-01-01T12:00:00Z', { expirationHours: 24 }));
    expect(short).toMatchObject({ window: { closesAt: new Date('2026-01-01T11:00:00Z') } });
    expect(long).toMatchObject({ window: { closesAt: new Date('2026-01-01T12:00:00Z') } });
  });

  test.each([
    ['ends before it starts', booking('2026-01-01T12:00:00Z', '2026-01-01T10:00:00Z'), /before it starts/],
    ['has no length', booking('2026-01-01T12:00:00Z', '2026-01-01T12:00:00Z'), /before it starts/],
    ['is longer than the plan allows', booking('2026-01-01T00:00:00Z', '2026-01-01T08:00:01Z'), /grants at most 8 h/],
  ])('refuses a booking that %s', (_, reservation, reason) => {
    const opened = windowFor(margins({ longestMs: 8 * 3_600_000 }), reservation);
    expect('refused' in opened && opened.refused).toMatch(reason);
  });

  test('a booking without an end ends after the plan’s longest window', () => {
    expect(windowFor(margins({ longestMs: 3_600_000 }), booking('2026-01-01T10:00:00Z'))).toMatchObject({
      window: { closesAt: new Date('2026-01-01T11:00:00Z') },
    });
    expect(windowFor(margins({ longestMs: undefined }), booking('2026-01-01T10:00:00Z'))).toHaveProperty('refused');
  });
});
