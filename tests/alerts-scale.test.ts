import { sql } from 'kysely';
import type { KyselyPlugin } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { evaluateAlerts } from '../src/alerts/evaluate.ts';
import { createRuleAlert } from '../src/handover/rule-alert.ts';
import type { Ledger, Tx } from '../src/ledger/database.ts';
import { insertHook } from '../src/ledger/hooks.ts';
import { describeEngines, type TestLedger } from './engines.ts';
import { clockAt } from './workshop.ts';

/* Far more leases over a threshold than one look takes. What each sees is asked in alerts.test.ts. */

/** An embedded database has a house's number of keys, a server a provider's. */
const KEYS = { embedded: 450, postgres: 3000 } as const;
const SOME = 300;
const A_PAGE = 200;
/** Lock, addresses, rules, alerts, hooks, deliveries, known addresses; jobs and the audit trail are not counted. */
const A_PAGE_ASKS = 7;
const NOTHING_NEW_ASKS = 5;

describeEngines('alerts at scale', (engine) => {
  const keys = KEYS[engine.name];
  const clock = clockAt('2026-03-01T10:05:00Z');
  let open: TestLedger;
  beforeAll(async () => {
    open = await engine.open({ now: clock.now });
    const hook = { id: 'hok_1', url: 'https://siem.example.org/', sealedSecret: 'sealed', kinds: '["alert"]' };
    await insertHook(open.ledger.db, { ...hook, createdAt: clock.now() });
    await sql`
      insert into local_key (id, name, hash, lease_id, holder, rights, opens_at, closes_at, last_used_at, last_ip, created_at)
      select 'key_' || n, 'key_' || n, 'hash ' || n, 'lse_' || n, 'ada', '{}', ${clock.now()}, 'infinity', ${clock.now()}, '192.0.2.1', ${clock.now()}
      from generate_series(1, ${keys}::int) as n`.execute(open.ledger.db);
  });
  afterAll(() => open.close());

  const announce = createRuleAlert({ now: clock.now, jobs: { enqueue: async () => {} }, smtp: false, alarm() {} });
  /** How much was told, and with how many statements. */
  async function look(): Promise<{ told: number; asks: number }> {
    let asks = 0;
    const ledger = counted(open.ledger, () => asks++);
    const told = await evaluateAlerts({ ledger, projects: () => ['default', 'lab', 'physics'], announce }, clock.now());
    return { told, asks };
  }
  /** Looks until nothing is new, which costs next to nothing; how much was told in all. */
  async function lookOften(): Promise<number> {
    let sum = 0;
    for (;;) {
      const { told, asks } = await look();
      sum += told;
      if (asks <= NOTHING_NEW_ASKS) return sum;
      // The last page of each of two questions may be empty, or another node's.
      expect(asks).toBeLessThanOrEqual(NOTHING_NEW_ASKS + (Math.ceil(told / A_PAGE) + 3) * A_PAGE_ASKS);
    }
  }
  const toldOf = async (type: string) => {
    const { rows } = await sql<{ alerts: number; subjects: number; deliveries: number }>`
      select count(*) as alerts, count(distinct subject) as subjects,
        (select count(*) from delivery d where d.body -> 'alert' ->> 'type' = ${type}) as deliveries
      from alert where type = ${type}`.execute(open.ledger.db);
    return rows[0];
  };

  test('every lease over a threshold is told once, and what was told costs nothing afterwards', async () => {
    // The first addresses are no news, and known from here on.
    while ((await look()).asks > NOTHING_NEW_ASKS);
    await sql`
      insert into usage (lease_id, key_id, hour, code, count)
      select lease_id, id, date_trunc('hour', ${clock.now()}::timestamptz), 'VALID', 1001 from local_key`.execute(open.ledger.db);
    const together = await Promise.all([lookOften(), lookOften()]);
    expect(together[0] + together[1]).toBe(keys);
    expect(await toldOf('USAGE_ANOMALY')).toEqual({ alerts: keys, subjects: keys, deliveries: keys });
    clock.forward(31 * 60_000);
    expect(await lookOften(), 'the cooldown is over, the hour is not').toBe(0);
  });

  test('so are new addresses, and thresholds', async () => {
    await sql`update local_key set last_ip = '192.0.2.2', last_used_at = ${clock.now()}
      where id in (select id from local_key limit ${SOME})`.execute(open.ledger.db);
    await sql`
      insert into budget (id, reached, reached_at, updated_at)
      select lease_id, '{"quota": {"percent": 80, "start": 1}}', ${clock.now()}, ${clock.now()} from local_key limit ${SOME}`.execute(
      open.ledger.db,
    );
    expect(await lookOften()).toBe(2 * SOME);
    const ofSome = { alerts: SOME, subjects: SOME, deliveries: SOME };
    expect([await toldOf('NEW_ADDRESS'), await toldOf('RATE_LIMIT_THRESHOLD')]).toEqual([ofSome, ofSome]);
  });
});

function counted(ledger: Ledger, count: () => void): Ledger {
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => {
      count();
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  return {
    ...ledger,
    db: ledger.db.withPlugin(plugin),
    transact: (work, how) => ledger.transact((tx: Tx) => work({ ...tx, db: tx.db.withPlugin(plugin) }), how),
  };
}
