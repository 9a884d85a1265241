import { sql, type Kysely } from 'kysely';
import { byId, pageBy, type Listed, type Page } from './listing.ts';
import type { Database } from './schema.ts';
import type { RecordingTable, SampleTable } from './tables/sources.ts';

/** Queries on recordings, and on the samples that they keep. */

type Db = Kysely<Database>;

/** Those that go on at an instant. */
export async function recordingsAt(db: Db, now: Date): Promise<RecordingTable[]> {
  return await db.selectFrom('recording').selectAll().where('until', '>', now).execute();
}

/** In place of one that there is. */
export async function putRecording(db: Db, recording: RecordingTable): Promise<void> {
  const { source: _, ...rest } = recording;
  await db
    .insertInto('recording')
    .values(recording)
    .onConflict((conflict) => conflict.column('source').doUpdateSet(rest))
    .execute();
}

/** Answers whether there was one. */
export async function removeRecording(db: Db, source: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('recording').where('source', '=', source).executeTakeFirst();
  return numDeletedRows > 0n;
}

export interface SampleLimits {
  /** When the recording began: only samples since then count. */
  readonly since: Date;
  readonly most: number;
  /** Of those whose sender did not show who they are. */
  readonly mostRefused: number;
}

/** Keeps a sample unless its recording is full. Two nodes at once may keep one too many. */
export async function addSample(db: Db, sample: SampleTable, { since, most, mostRefused }: SampleLimits): Promise<void> {
  const { id, source, receivedAt, outcome, reason, sealedSample } = sample;
  const own = sql`select count(*) from sample where source = ${source} and received_at >= ${since}`;
  await sql`
    insert into sample (id, source, received_at, outcome, reason, sealed_sample)
    select ${id}, ${source}, ${receivedAt}::timestamptz, ${outcome}::text, ${reason}::text, ${sealedSample}::text
    where (${own}) < ${most}::int
      and (${outcome}::text <> ${REFUSED}::text or (${own} and outcome = ${REFUSED}) < ${mostRefused}::int)
  `.execute(db);
}

/** The outcome of a sample whose sender did not show who it is. */
export const REFUSED = 'refused';

export type ListedSample = Omit<SampleTable, 'sealedSample'>;

/** Of a source, as they arrived. */
export async function listSamples(db: Db, source: string, page: Page): Promise<Listed<ListedSample>> {
  return await pageBy(byId<ListedSample>('samples'), page, async (after, limit) => {
    let query = db
      .selectFrom('sample')
      .select(['id', 'source', 'receivedAt', 'outcome', 'reason'])
      .where('source', '=', source)
      .orderBy('id')
      .limit(limit);
    if (after !== undefined) query = query.where('id', '>', after);
    return await query.execute();
  });
}

export async function findSample(db: Db, source: string, id: string): Promise<SampleTable | undefined> {
  return await db.selectFrom('sample').selectAll().where('id', '=', id).where('source', '=', source).executeTakeFirst();
}

/** How many were kept since an instant. */
export async function countSamples(db: Db, source: string, since: Date): Promise<number> {
  const { n } = await db
    .selectFrom('sample')
    .select((count) => count.fn.countAll<number>().as('n'))
    .where('source', '=', source)
    .where('receivedAt', '>=', since)
    .executeTakeFirstOrThrow();
  return n;
}

/** Answers how many there were. */
export async function removeSamples(db: Db, source: string): Promise<number> {
  const { numDeletedRows } = await db.deleteFrom('sample').where('source', '=', source).executeTakeFirst();
  return Number(numDeletedRows);
}
