import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findLocalKeyByName } from '../src/ledger/local-keys.ts';
import { DELIVERIES_KEPT_DAYS, forgetOld } from '../src/ledger/retention.ts';
import { addUsage, sumUsage, usageByDay } from '../src/ledger/usage.ts';
import { describeEngines, type TestLedger } from './engines.ts';

const NOW = new Date('2027-06-15T12:00:00Z');
const daysAgo = (days: number) => new Date(NOW.getTime() - days * 86_400_000);
const KEPT = DELIVERIES_KEPT_DAYS;

describeEngines('retention', (engine) => {
  let open: TestLedger;
  beforeAll(async () => (open = await engine.open({ now: () => NOW })));
  afterAll(() => open.close());

  const key = (leaseId: string, more: { revokedAt?: Date; rights?: object } = {}) =>
    open.ledger.db
      .insertInto('localKey')
      .values({
        id: `${leaseId}-1`,
        name: `${leaseId}-1`,
        hash: leaseId,
        leaseId,
        holder: 'ada',
        createdAt: daysAgo(900),
        opensAt: daysAgo(900),
        closesAt: daysAgo(-900),
        revokedAt: more.revokedAt,
        rights: JSON.stringify({ scopes: [], methods: [], endpoints: [], ...more.rights }),
      })
      .execute();
  const ids = async (table: 'alert' | 'bulk' | 'budget') =>
    (await open.ledger.db.selectFrom(table).select('id').orderBy('id').execute()).map(({ id }) => id);

  test('hours that are long over become months, and a quota for the whole of a reservation finds every request', async () => {
    const quota = { limit: 1000, per: 'reservation' };
    await key('lse_long', { rights: { quota } });
    await key('lse_dead', { revokedAt: daysAgo(KEPT + 1) });
    await key('lse_died', { revokedAt: daysAgo(KEPT - 1) });
    const used = (leaseId: string, hour: string, count: number, code = 'VALID') => ({
      leaseId,
      keyId: `${leaseId}-1`,
      hour: new Date(hour),
      count,
      code,
    });
    await addUsage(open.ledger.db, [
      used('lse_long', '2026-03-01T00:00:00Z', 1),
      used('lse_long', '2026-03-02T05:00:00Z', 2),
      used('lse_long', '2026-03-31T23:00:00Z', 4),
      used('lse_long', '2026-03-31T23:00:00Z', 9, 'EXPIRED'),
      used('lse_long', '2026-04-01T00:00:00Z', 8),
      used('lse_long', '2027-06-15T11:00:00Z', 16),
      used('lse_dead', '2026-03-02T05:00:00Z', 32),
      used('lse_dead', '2027-03-02T05:00:00Z', 64),
      used('lse_died', '2026-03-02T05:00:00Z', 128),
    ]);
    for (let twice = 0; twice < 2; twice++) {
      await forgetOld(open.ledger.db, NOW);
      expect((await findLocalKeyByName(open.ledger.db, 'lse_long-1', NOW))?.used).toBe(31);
      const range = { from: new Date(0), to: NOW };
      expect(await usageByDay(open.ledger.db, { leaseId: 'lse_long', ...range })).toEqual([
        { day: '2026-03-01', code: 'EXPIRED', count: 9 },
        { day: '2026-03-01', code: 'VALID', count: 7 },
        { day: '2026-04-01', code: 'VALID', count: 8 },
        { day: '2027-06-15', code: 'VALID', count: 16 },
      ]);
      expect([await sumUsage(open.ledger.db, 'lse_dead'), await sumUsage(open.ledger.db, 'lse_died')]).toEqual([
        { VALID: 64 },
        { VALID: 128 },
      ]);
    }
  });

  test('alerts go with their deliveries, unless something is still to be held back; work in bulk goes when it is done', async () => {
    const { db } = open.ledger;
    const alert = (id: string, at: Date, suspendAt: Date | null = null) => ({
      id,
      ruleId: 'arl_1',
      project: 'default',
      type: 'USAGE_ANOMALY',
      subject: id,
      crossing: 'an hour',
      detail: '{}',
      at,
      suspendAt,
      suspend: suspendAt && ('owed' as const),
    });
    const old = daysAgo(KEPT + 1);
    await db
      .insertInto('alert')
      .values([alert('alr_1', old), alert('alr_2', old, NOW), alert('alr_3', daysAgo(KEPT - 1))])
      .execute();
    for (const [id, doneAt] of Object.entries({ blk_1: old, blk_2: null, blk_3: daysAgo(KEPT - 1) })) {
      const state = doneAt ? 'done' : 'running';
      const bulk = { id, project: 'default', verb: 'revoke', state, total: 1, actor: 'ada', createdAt: old, doneAt } as const;
      await db.insertInto('bulk').values(bulk).execute();
      await db.insertInto('bulkItem').values({ bulkId: id, place: 0, state: 'done', asked: '{}' }).execute();
    }
    await forgetOld(db, NOW);
    expect([await ids('alert'), await ids('bulk')]).toEqual([
      ['alr_2', 'alr_3'],
      ['blk_2', 'blk_3'],
    ]);
    const { rows } = await sql`select bulk_id from bulk_item order by bulk_id`.execute(db);
    expect(rows).toEqual([{ bulkId: 'blk_2' }, { bulkId: 'blk_3' }]);
  });

  test('what is known of keys goes when they are long dead, but for what staff decided', async () => {
    const { db } = open.ledger;
    await key('lse_lives');
    await key('lse_gone', { revokedAt: daysAgo(31) });
    await key('lse_fresh', { revokedAt: daysAgo(29) });
    await key('lse_added', { revokedAt: daysAgo(31) });
    const leases = ['lse_lives', 'lse_gone', 'lse_fresh', 'lse_never'];
    const seen = leases.map((leaseId) => ({ leaseId, address: '192.0.2.1', firstSeenAt: daysAgo(500) }));
    await db.insertInto('knownAddress').values(seen).execute();
    const budget = (id: string, more: { frozenAt?: Date; quotaExtra?: number; updatedAt?: Date } = {}) => ({
      id,
      reached: '{}',
      updatedAt: daysAgo(500),
      ...more,
    });
    await db
      .insertInto('budget')
      .values([
        ...leases.map((id) => budget(id)),
        budget('project:lab'),
        budget('lse_added', { quotaExtra: 5 }),
        budget('pky_added', { quotaExtra: 5 }),
        budget('pky_frozen', { frozenAt: daysAgo(500) }),
        budget('pky_made', { updatedAt: NOW }),
      ])
      .execute();
    await forgetOld(db, NOW);
    const known = await db.selectFrom('knownAddress').select('leaseId').orderBy('leaseId').execute();
    expect(known.map(({ leaseId }) => leaseId)).toEqual(['lse_fresh', 'lse_lives']);
    expect(await ids('budget')).toEqual(['lse_added', 'lse_fresh', 'lse_lives', 'pky_frozen', 'pky_made', 'project:lab']);
  });
});
