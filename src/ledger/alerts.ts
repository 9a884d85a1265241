import { sql, type Kysely, type Transaction } from 'kysely';
import type { AlertRow, AlertRuleRow, Database } from './schema.ts';

/** Queries on alert rules, on what they watch, and on what they found. */

type Reader = Kysely<Database> | Transaction<Database>;

export async function alertRules(db: Reader, project?: string): Promise<AlertRuleRow[]> {
  const query = db.selectFrom('alertRule').selectAll().orderBy('id');
  return await (project === undefined ? query : query.where('project', '=', project)).execute();
}

/** A value of one lease or key, and whose it is. */
export interface Measure {
  readonly project: string;
  /** A lease, a key of a project, or `project:<name>`. */
  readonly subject: string;
  readonly value: number;
  /** The same crossing is told once: the hour, the period, the address. */
  readonly crossing: string;
}

const MOST_MEASURES = 2000;

/** Calls with one of these verify codes in the hour, of who had at least so many; the most first. */
export async function callsInHour(
  db: Reader,
  { codes, hour, least }: { readonly codes: readonly string[]; readonly hour: Date; readonly least: number },
): Promise<Measure[]> {
  const total = sql<number>`sum(usage.count)::bigint`;
  const rows = await db
    .selectFrom('usage')
    .select(['leaseId', total.as('value')])
    .select((is) =>
      is.selectFrom('localKey').select('project').whereRef('localKey.leaseId', '=', 'usage.leaseId').limit(1).as('project'),
    )
    .where('hour', '=', hour)
    .where('code', 'in', codes)
    .groupBy('leaseId')
    .having(total, '>=', least)
    .orderBy(total, 'desc')
    .limit(MOST_MEASURES)
    .execute();
  return rows.flatMap(({ leaseId: subject, project, value }) =>
    project === null ? [] : [{ project, subject, value, crossing: hour.toISOString() }],
  );
}

/** The highest threshold that each budget has reached, of those that reached one since. */
export async function thresholdsReached(db: Reader, since: Date): Promise<Measure[]> {
  const rows = await db
    .selectFrom('budget')
    .select(['id', 'reached'])
    .select((is) =>
      is.selectFrom('localKey').select('project').whereRef('localKey.leaseId', '=', 'budget.id').limit(1).as('project'),
    )
    .where('updatedAt', '>=', since)
    .limit(MOST_MEASURES)
    .execute();
  return rows.flatMap(({ id, reached, project }) =>
    Object.entries(reached).flatMap(([limit, { percent, start }]) => {
      const owner = id.startsWith('project:') ? id.slice('project:'.length) : project;
      return owner === null ? [] : [{ project: owner, subject: id, value: percent, crossing: `${limit}:${start}:${percent}` }];
    }),
  );
}

/** Hours until keys without a booking end, of those that end before and lived at least twice as long. */
export async function hoursLeft(db: Reader, { now, before }: { readonly now: Date; readonly before: Date }): Promise<Measure[]> {
  const rows = await db
    .selectFrom('projectKey')
    .select(['id', 'project', 'closesAt', 'opensAt'])
    .where('revokedAt', 'is', null)
    .where('deletedAt', 'is', null)
    .where('closesAt', '>', now)
    .where('closesAt', '<=', before)
    .orderBy('closesAt')
    .limit(MOST_MEASURES)
    .execute();
  return rows
    .filter(({ closesAt, opensAt }) => closesAt.getTime() - opensAt.getTime() >= 2 * (before.getTime() - now.getTime()))
    .map(({ id, project, closesAt }) => ({
      project,
      subject: id,
      value: (closesAt.getTime() - now.getTime()) / 3_600_000,
      crossing: closesAt.toISOString(),
    }));
}

/** Addresses that keys were last used from and that are not known yet. `isFirst`: nothing is known of it at all. */
export async function newAddresses(db: Reader, since: Date): Promise<(Measure & { readonly isFirst: boolean })[]> {
  const rows = await db
    .selectFrom('localKey')
    .select(['project', 'leaseId', 'lastIp'])
    .distinct()
    .select((is) =>
      is
        .selectFrom('knownAddress')
        .select(is.fn.countAll<number>().as('n'))
        .whereRef('leaseId', '=', 'localKey.leaseId')
        .as('known'),
    )
    .where('lastUsedAt', '>=', since)
    .where('lastIp', 'is not', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('knownAddress')
            .select('address')
            .whereRef('knownAddress.leaseId', '=', 'localKey.leaseId')
            .whereRef('knownAddress.address', '=', 'localKey.lastIp'),
        ),
      ),
    )
    .limit(MOST_MEASURES)
    .execute();
  return rows
    .filter(({ known }) => Number(known) < MOST_ADDRESSES)
    .map(({ project, leaseId, lastIp, known }) => ({
      project,
      subject: leaseId,
      value: 1,
      crossing: lastIp!,
      isFirst: Number(known) === 0,
    }));
}

/** Of one lease: who comes from everywhere is not watched any more. */
const MOST_ADDRESSES = 100;

export async function noteAddress(db: Transaction<Database>, { subject, crossing }: Measure, at: Date): Promise<void> {
  await db
    .insertInto('knownAddress')
    .values({ leaseId: subject, address: crossing, firstSeenAt: at })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Until the end of the transaction no other node tells of anything. */
export async function lockAlerts(tx: Transaction<Database>): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('alerts', 0))`.execute(tx);
}

/** What was told of a lease or key by a rule: since then, or ever of this crossing. */
export async function wasTold(
  db: Reader,
  {
    ruleId,
    subject,
    crossing,
    since,
  }: { readonly ruleId: string; readonly subject: string; readonly crossing: string; readonly since: Date },
): Promise<boolean> {
  const row = await db
    .selectFrom('alert')
    .select('id')
    .where('ruleId', '=', ruleId)
    .where('subject', '=', subject)
    .where(({ or, eb }) => or([eb('at', '>', since), eb(sql`detail ->> 'crossing'`, '=', crossing)]))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function insertAlert(db: Transaction<Database>, row: AlertRow): Promise<void> {
  await db
    .insertInto('alert')
    .values({ ...row, detail: JSON.stringify(row.detail) })
    .execute();
}

/** Those whose lease or key is still to be held back. */
export async function owedSuspensions(db: Reader): Promise<AlertRow[]> {
  return await db
    .selectFrom('alert')
    .selectAll()
    .where(sql`detail ->> 'suspend'`, '=', 'owed')
    .orderBy('id')
    .limit(100)
    .execute();
}

export async function noteSuspension(db: Transaction<Database>, id: string, outcome: 'done' | 'failed'): Promise<void> {
  await db
    .updateTable('alert')
    .set({ detail: sql`detail || jsonb_build_object('suspend', ${outcome}::text)` })
    .where('id', '=', id)
    .execute();
}

/** The living keys of a project that count under this budget, which several by name may share. */
export async function projectKeysUnder(
  db: Reader,
  { project, budget, now }: { readonly project: string; readonly budget: string; readonly now: Date },
): Promise<string[]> {
  const rows = await db
    .selectFrom('projectKey')
    .select('id')
    .where('project', '=', project)
    .where('budget', '=', budget)
    .where('revokedAt', 'is', null)
    .where('closesAt', '>', now)
    .orderBy('id')
    .execute();
  return rows.map(({ id }) => id);
}
