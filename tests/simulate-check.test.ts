import { describe, expect, test } from 'vitest';
import { judge, type Held, type Mistake } from '../src/cli/simulate/check.ts';
import { MINUTE, type Life } from '../src/cli/simulate/world.ts';

/* Whether a service that is wrong is found out. */

const clock = (at: number) => new Date(Date.parse('2026-01-01T09:00:00Z') + at);
const version = { at: 0, startsAt: 10 * MINUTE, endsAt: 60 * MINUTE, user: 'ann', resource: 'lab-1' };
const lease: Held['leases'][number] = {
  id: 'lse_1',
  externalId: '7',
  holderId: 'ann',
  resourceId: 'lab-1',
  state: 'active',
  closesAt: clock(60 * MINUTE).toISOString(),
  reason: null,
};
const key: Held['keys'][number] = { leaseId: 'lse_1', state: 'active', closesAt: lease.closesAt! };

interface About {
  readonly at?: number;
  readonly life?: Partial<Life>;
  readonly before?: readonly Mistake[];
}

function verdict(held: Held, { at = 30 * MINUTE, life = {}, before = [] }: About = {}) {
  const world = { lengthMs: 120 * MINUTE, lives: [{ id: 7, versions: [version], ...life }] };
  return judge(held, { world, clock, at, graceMs: MINUTE, unknowable: new Set(), before });
}

describe('judge', () => {
  test('lets pass what is as it should be, and either way where it is just changing', () => {
    expect(verdict({ leases: [lease], keys: [key] })).toMatchObject({ ok: true, byStanding: { running: 1 } });
    expect(verdict({ leases: [lease], keys: [key] }, { at: 60 * MINUTE + 1000 }).ok).toBe(true);
    expect(verdict({ leases: [], keys: [] }, { life: { deletedAt: 5 * MINUTE } }).ok).toBe(true);
  });

  test.each<[string, Held, Parameters<typeof verdict>[1]]>([
    ['a key that outlives its booking', { leases: [lease], keys: [key] }, { at: 70 * MINUTE }],
    ['a key of a deleted booking', { leases: [lease], keys: [key] }, { life: { deletedAt: 20 * MINUTE } }],
    ['two keys of one lease', { leases: [lease], keys: [key, key] }, {}],
    ['a key of whoever had it before', { leases: [{ ...lease, holderId: 'bob' }], keys: [key] }, {}],
    ['a booking without a lease', { leases: [], keys: [] }, {}],
    ['a lease that is not active while the booking runs', { leases: [{ ...lease, state: 'pending' }], keys: [] }, {}],
    ['another end', { leases: [{ ...lease, closesAt: clock(50 * MINUTE).toISOString() }], keys: [key] }, {}],
  ])('finds %s', (_what, held, about) => {
    expect(verdict(held, about)).toMatchObject({ ok: false, mistakes: [{ booking: 7, wrong: expect.any(String) }] });
  });

  test('does not count a booking that may stand either way', () => {
    expect(verdict({ leases: [], keys: [] }, { at: 60 * MINUTE + 1000 })).toMatchObject({
      ok: true,
      changing: 1,
      byStanding: {},
    });
  });

  test('what never had a key is not mended by being over; what has one now is', () => {
    const { mistakes: before } = verdict({ leases: [], keys: [] });
    expect(before).toHaveLength(1);
    for (const at of [60 * MINUTE + 1000, 70 * MINUTE])
      expect(verdict({ leases: [], keys: [] }, { at, before })).toMatchObject({ ok: false, mistakes: before });
    expect(verdict({ leases: [lease], keys: [key] }, { at: 31 * MINUTE, before }).ok).toBe(true);
  });
});
