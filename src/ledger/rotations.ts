import type { Kysely, Transaction } from 'kysely';
import { leasesFrom } from './origins.ts';
import type { Database, RotationRow } from './schema.ts';

type Reader = Kysely<Database> | Transaction<Database>;

export interface RotationFilter {
  readonly plan?: string;
  readonly provider?: string;
  /** Of whose operator it is; absent for one of the whole house. */
  readonly project?: string;
  /** The sources of that project then. */
  readonly sources?: readonly string[];
}

/** The leases that a rotation would reach: those whose key is active. */
export async function listRotatable(
  db: Reader,
  filter: RotationFilter,
): Promise<{ id: string; plan: string; provider: string; holderId: string }[]> {
  let query = db.selectFrom('lease').select(['id', 'plan', 'provider', 'holderId']).where('state', '=', 'active').orderBy('id');
  if (filter.plan) query = query.where('plan', '=', filter.plan);
  if (filter.provider) query = query.where('provider', '=', filter.provider);
  if (filter.sources) query = query.where('id', 'in', leasesFrom(db, filter.sources));
  return await query.execute();
}

export async function insertRotation(
  db: Transaction<Database>,
  rotation: Omit<RotationRow, 'filter' | 'doneAt'> & { filter: RotationFilter },
  leaseIds: readonly string[],
): Promise<void> {
  await db
    .insertInto('rotation')
    .values({ ...rotation, filter: JSON.stringify(rotation.filter) })
    .execute();
  for (let from = 0; from < leaseIds.length; from += 1000) {
    const page = leaseIds
      .slice(from, from + 1000)
      .map((leaseId) => ({ rotationId: rotation.id, leaseId, state: 'waiting' as const }));
    await db.insertInto('rotationItem').values(page).execute();
  }
}

export async function findRotation(db: Reader, id: string): Promise<RotationRow | undefined> {
  return await db.selectFrom('rotation').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function listRotations(db: Reader, limit: number): Promise<RotationRow[]> {
  return await db.selectFrom('rotation').selectAll().orderBy('id', 'desc').limit(limit).execute();
}

export async function runningRotations(db: Reader): Promise<string[]> {
  const rows = await db.selectFrom('rotation').select('id').where('state', '=', 'running').execute();
  return rows.map((row) => row.id);
}

export async function endRotation(db: Reader, id: string, now: Date): Promise<void> {
  await db.updateTable('rotation').set({ state: 'done', doneAt: now }).where('id', '=', id).execute();
}

export interface Progress {
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly failures: readonly { leaseId: string; error: string | null }[];
  /** Asked for, and not there yet because of something. */
  readonly delays: readonly { leaseId: string; error: string | null }[];
}

export async function progressOf(db: Reader, id: string): Promise<Progress> {
  const counts = await db
    .selectFrom('rotationItem')
    .select(['state', (count) => count.fn.countAll<number>().as('items')])
    .where('rotationId', '=', id)
    .groupBy('state')
    .execute();
  const of = (state: string): number => counts.find((row) => row.state === state)?.items ?? 0;
  const troubled = await db
    .selectFrom('rotationItem')
    .select(['leaseId', 'state', 'error'])
    .where('rotationId', '=', id)
    .where((on) => on.or([on('state', '=', 'failed'), on.and([on('state', '=', 'waiting'), on('error', 'is not', null)])]))
    .orderBy('leaseId')
    .execute();
  const those = (state: string) =>
    troubled.filter((row) => row.state === state).map(({ leaseId, error }) => ({ leaseId, error }));
  return {
    total: of('waiting') + of('done') + of('failed'),
    done: of('done'),
    failed: of('failed'),
    failures: those('failed'),
    delays: those('waiting'),
  };
}
