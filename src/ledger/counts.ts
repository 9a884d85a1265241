import { sql, type Kysely } from 'kysely';
import { debtsAt } from './debts.ts';
import type { Database } from './schema.ts';

/** For metrics: how many leases are in each state. */
export async function leasesByState(db: Kysely<Database>): Promise<Record<string, number>> {
  const rows = await db
    .selectFrom('lease')
    .select(['state', (count) => count.fn.countAll<number>().as('leases')])
    .groupBy('state')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.state, row.leases]));
}

/** How many keys each provider still has to revoke one day. */
export async function livingKeysByProvider(db: Kysely<Database>): Promise<Record<string, number>> {
  const rows = await db
    .selectFrom('key')
    .select(['provider', (count) => count.fn.countAll<number>().as('keys')])
    .where('state', '!=', 'revoked')
    .groupBy('provider')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.provider, row.keys]));
}

/** By provider, of those that have any: keys that should be dead and are not, and keys that wait for the next call about them. */
export async function owedByProvider(db: Kysely<Database>, now: Date): Promise<Map<string, { debts: number; waiting: number }>> {
  const rows = await db
    .selectFrom('key')
    .select([
      'provider',
      sql<number>`count(*) filter (where ${debtsAt(now)})`.as('debts'),
      sql<number>`count(*) filter (where retry_at > ${now} and proof is null)`.as('waiting'),
    ])
    .where('state', '!=', 'revoked')
    .groupBy('provider')
    .execute();
  return new Map(rows.map(({ provider, ...owed }) => [provider, owed]));
}

/** For metrics: how many debts there are, and the age of the oldest in seconds. */
export async function debtCount(db: Kysely<Database>, now: Date): Promise<{ count: number; oldestSeconds: number }> {
  const row = await db
    .selectFrom('key')
    .select([(count) => count.fn.countAll<number>().as('debts'), (min) => min.fn.min('revokingAt').as('oldest')])
    .where(debtsAt(now))
    .executeTakeFirstOrThrow();
  return { count: row.debts, oldestSeconds: row.oldest ? Math.max(0, (now.getTime() - row.oldest.getTime()) / 1000) : 0 };
}

/** For metrics: what the last inventory of each provider found and is still so, and its age in seconds. */
export async function inventoryStates(db: Kysely<Database>, now: Date) {
  const taken = await db.selectFrom('inventory').select(['provider', 'takenAt']).where('takenAt', 'is not', null).execute();
  const strays = await db
    .selectFrom('stray')
    .select(['provider', (count) => count.fn.countAll<number>().as('strays')])
    .where('revokedAt', 'is', null)
    .groupBy('provider')
    .execute();
  const keys = await db
    .selectFrom('key')
    .select(['provider', (count) => count.fn.count<number>('missingAt').as('missing')])
    .select((count) => count.fn.count<number>('drift').as('drifted'))
    .where('state', '=', 'active')
    .where((where) => where.or([where('missingAt', 'is not', null), where('drift', 'is not', null)]))
    .groupBy('provider')
    .execute();
  return taken.map(({ provider, takenAt }) => {
    const { missing = 0, drifted = 0 } = keys.find((row) => row.provider === provider) ?? {};
    const ageSeconds = Math.max(0, (now.getTime() - takenAt!.getTime()) / 1000);
    return { provider, strays: strays.find((row) => row.provider === provider)?.strays ?? 0, missing, drifted, ageSeconds };
  });
}
