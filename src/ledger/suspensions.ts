import { sql, type Kysely, type Transaction } from 'kysely';
import type { AlertRow, Database } from './schema.ts';

/** Queries on what alerts are to hold back. */

type Reader = Kysely<Database> | Transaction<Database>;

export interface OwedSuspension extends Pick<AlertRow, 'id' | 'project' | 'subject' | 'suspendAttempts'> {
  readonly reason: string;
  /** When it is tried again, unless this attempt succeeds. */
  readonly suspendAt: Date;
}

const FIRST_PAUSE_SECONDS = 15;
const LONGEST_PAUSE_SECONDS = 600;

/** Those that are due, the longest first. Each counts as tried and is due again after a pause, also when who took it dies: 15 s, then twice as long up to ten minutes. */
export async function takeOwedSuspensions(
  db: Reader,
  { now, limit }: { readonly now: Date; readonly limit: number },
): Promise<OwedSuspension[]> {
  const { rows } = await sql<OwedSuspension>`
    update alert set suspend_attempts = suspend_attempts + 1,
      suspend_at = ${now}::timestamptz
        + make_interval(secs => least(${FIRST_PAUSE_SECONDS} * power(2, least(suspend_attempts, 20)), ${LONGEST_PAUSE_SECONDS}))
    where id in (select id from alert where suspend_at <= ${now} order by suspend_at, id limit ${limit} for update skip locked)
    returning id, project, subject, suspend_attempts, suspend_at, detail ->> 'reason' as reason`.execute(db);
  return rows;
}

/** `dead`: nothing is left that could be held back. */
export async function endSuspension(db: Reader, id: string, suspend: 'done' | 'dead'): Promise<void> {
  await db.updateTable('alert').set({ suspend, suspendAt: null, suspendError: null }).where('id', '=', id).execute();
}

export async function noteSuspensionError(db: Reader, id: string, suspendError: string): Promise<void> {
  await db.updateTable('alert').set({ suspendError }).where('id', '=', id).where('suspend', '=', 'owed').execute();
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
