import { sql, type Kysely, type Transaction } from 'kysely';
import { chunksOf } from './chunks.ts';
import { insertRows } from './rows.ts';
import type { BulkItemRow, BulkRow, Database } from './schema.ts';

type Reader = Kysely<Database> | Transaction<Database>;
export type NewItem = Omit<BulkItemRow, 'bulkId'>;

/** Work on many keys at once: what was asked for, item by item, and what became of it. */
export async function insertBulk(db: Transaction<Database>, bulk: BulkRow, items: readonly NewItem[]): Promise<void> {
  await db.insertInto('bulk').values(bulk).execute();
  const columns = ['bulkId', 'place', 'state', 'asked', 'result', 'sealedValue', 'error'] as const;
  const rows = items.map((item) => ({ ...item, bulkId: bulk.id }));
  for (const chunk of chunksOf(rows)) await insertRows(db, 'bulkItem', { columns, rows: chunk }).execute();
}

export async function findBulk(db: Reader, id: string): Promise<BulkRow | undefined> {
  return await db.selectFrom('bulk').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function runningBulks(db: Reader): Promise<string[]> {
  const rows = await db.selectFrom('bulk').select('id').where('state', '=', 'running').orderBy('id').execute();
  return rows.map(({ id }) => id);
}

/** Items that nobody has done yet, in their order, locked; those that another run has in hand are left out. */
export async function lockWaiting(db: Transaction<Database>, bulkId: string, limit: number): Promise<BulkItemRow[]> {
  return await db
    .selectFrom('bulkItem')
    .selectAll()
    .where('bulkId', '=', bulkId)
    .where('state', '=', 'waiting')
    .orderBy('place')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute();
}

export interface ItemEnd {
  readonly place: number;
  readonly state: 'done' | 'failed';
  readonly result: Record<string, unknown> | null;
  readonly sealedValue: string | null;
  readonly error: string | null;
}

export async function endItems(db: Transaction<Database>, bulkId: string, ends: readonly ItemEnd[]): Promise<void> {
  if (ends.length === 0) return;
  const list = JSON.stringify(ends.map(({ sealedValue, ...end }) => ({ ...end, sealed_value: sealedValue })));
  await sql`
    update bulk_item set state = e.state, result = e.result, sealed_value = e.sealed_value, error = e.error
    from jsonb_to_recordset(${list}::jsonb) as e (place int, state text, result jsonb, sealed_value text, error text)
    where bulk_id = ${bulkId} and bulk_item.place = e.place and bulk_item.state = 'waiting'
  `.execute(db);
}

/** True when this ended it: when nothing waits any more, and nobody else has ended it. */
export async function endBulk(db: Transaction<Database>, id: string, now: Date): Promise<boolean> {
  const ended = await db
    .updateTable('bulk')
    .set({ state: 'done', doneAt: now })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('bulkItem').select('place').where('bulkId', '=', id).where('state', '=', 'waiting'))),
    )
    .returning('id')
    .executeTakeFirst();
  return ended !== undefined;
}

export interface BulkProgress {
  readonly done: number;
  readonly failed: number;
  /** How many created values nobody has fetched. */
  readonly values: number;
}

export async function bulkProgress(db: Reader, id: string): Promise<BulkProgress> {
  return await db
    .selectFrom('bulkItem')
    .select([
      sql<number>`count(*) filter (where state = 'done')`.as('done'),
      sql<number>`count(*) filter (where state = 'failed')`.as('failed'),
      sql<number>`count(sealed_value)`.as('values'),
    ])
    .where('bulkId', '=', id)
    .executeTakeFirstOrThrow();
}

export interface ItemPage {
  readonly state?: BulkItemRow['state'];
  readonly after: number;
  readonly limit: number;
}

export async function pageItems(db: Reader, bulkId: string, { state, after, limit }: ItemPage): Promise<BulkItemRow[]> {
  let query = db.selectFrom('bulkItem').selectAll().where('bulkId', '=', bulkId).where('place', '>', after);
  if (state) query = query.where('state', '=', state);
  return await query.orderBy('place').limit(limit).execute();
}

/** The values that nobody has fetched, and from then on nobody can. */
export async function takeValues(db: Transaction<Database>, bulkId: string): Promise<BulkItemRow[]> {
  const rows = await db
    .selectFrom('bulkItem')
    .selectAll()
    .where('bulkId', '=', bulkId)
    .where('sealedValue', 'is not', null)
    .orderBy('place')
    .forUpdate()
    .execute();
  await db
    .updateTable('bulkItem')
    .set({ sealedValue: null })
    .where('bulkId', '=', bulkId)
    .where('sealedValue', 'is not', null)
    .execute();
  return rows;
}

/** Values that nobody fetched in time are wiped. */
export async function wipeValues(db: Reader, doneBefore: Date): Promise<void> {
  await db
    .updateTable('bulkItem')
    .set({ sealedValue: null })
    .where('sealedValue', 'is not', null)
    .where('bulkId', 'in', (from) => from.selectFrom('bulk').select('id').where('doneAt', '<=', doneBefore))
    .execute();
}

/** How many keys are still to be made by bulks of a project. */
export async function waitingCreations(db: Reader, project: string): Promise<number> {
  const { waiting } = await db
    .selectFrom('bulkItem')
    .innerJoin('bulk', 'bulk.id', 'bulkItem.bulkId')
    .select((of) => of.fn.countAll<number>().as('waiting'))
    .where('bulk.project', '=', project)
    .where('bulk.verb', '=', 'create')
    .where('bulk.state', '=', 'running')
    .where('bulkItem.state', '=', 'waiting')
    .executeTakeFirstOrThrow();
  return waiting;
}
