import { sql, type Kysely, type Transaction } from 'kysely';
import type { Database } from './schema.ts';

type Reader = Kysely<Database> | Transaction<Database>;

/** A column of sealed values, and the record that each is bound to. What a browser sealed for itself is not among them: it lives for a minute. */
export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  /** SQL for the context that it was sealed in. */
  readonly context: string;
}

export const SEALED: readonly SealedColumn[] = [
  { table: 'event', column: 'sealed_body', context: `'event:' || id` },
  { table: 'key', column: 'sealed_secret', context: `'key:' || id` },
  { table: 'claim', column: 'sealed_token', context: `'claim-token:' || id` },
  { table: 'claim', column: 'sealed_code', context: `'claim-code:' || id` },
  { table: 'hook', column: 'sealed_secret', context: `'hook:' || id` },
  { table: 'project_key', column: 'sealed_value', context: `'project-key:' || id` },
  { table: 'creation', column: 'sealed_value', context: `'creation:' || project_key_id` },
  { table: 'bulk_item', column: 'sealed_value', context: `'bulk:' || bulk_id || ':' || place` },
  { table: 'sample', column: 'sealed_sample', context: `'sample:' || id` },
  { table: 'signing_key', column: 'sealed_private', context: `'signing-key:' || kid` },
];

export interface SealedValue {
  readonly sealed: string;
  readonly context: string;
}

/** Values under another master key than this one, in the order of their text, after one. */
export async function sealedElsewhere(
  db: Reader,
  { table, column, context }: SealedColumn,
  { keyId, after, limit }: { keyId: string; after: string; limit: number },
): Promise<SealedValue[]> {
  const value = sql.ref(column);
  const { rows } = await sql<SealedValue>`
    select ${value} as sealed, ${sql.raw(context)} as context from ${sql.table(table)}
    where ${value} > ${after} and split_part(${value}, '.', 2) <> ${keyId} order by ${value} limit ${limit}
  `.execute(db);
  return rows;
}

/** Replaces values that are still what they were. */
export async function replaceSealed(
  db: Reader,
  { table, column }: SealedColumn,
  values: readonly { readonly before: string; readonly after: string }[],
): Promise<void> {
  if (values.length === 0) return;
  const pairs = sql.join(values.map(({ before, after }) => sql`(${before}::text, ${after}::text)`));
  await sql`
    update ${sql.table(table)} set ${sql.ref(column)} = v.after from (values ${pairs}) as v (before, after)
    where ${sql.table(table)}.${sql.ref(column)} = v.before
  `.execute(db);
}

/** What drivers keep of their keys that holds a value of another master key than this one, by key. */
export async function handlesAfter(
  db: Reader,
  { keyId, after, limit }: { keyId: string; after: string; limit: number },
): Promise<{ id: string; handle: unknown }[]> {
  return await db
    .selectFrom('key')
    .select(['id', 'handle'])
    .where('id', '>', after)
    .where(sql<boolean>`handle::text ~ ${`"\\$sealed": "v1\\.(?!${keyId}\\.)`}`)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** Answers 0 where it is not what it was. */
export async function replaceHandle(
  db: Reader,
  { id, before, after }: { id: string; before: unknown; after: unknown },
): Promise<number> {
  const done = await db
    .updateTable('key')
    .set({ handle: JSON.stringify(after) })
    .where('id', '=', id)
    .where(sql<boolean>`handle = ${JSON.stringify(before)}::jsonb`)
    .executeTakeFirst();
  return Number(done.numUpdatedRows);
}

/** How many values each master key has sealed, in all columns and in what drivers keep. */
export async function countSealed(db: Reader): Promise<Map<string, number>> {
  const columns = SEALED.map(
    ({ table, column }) =>
      sql`select split_part(${sql.ref(column)}, '.', 2) as id from ${sql.table(table)} where ${sql.ref(column)} is not null`,
  );
  const handles = sql`
    select split_part(found.parts[1], '.', 2) as id from key,
      regexp_matches(key.handle::text, '"\\$sealed": "([^"]+)"', 'g') as found (parts) where key.handle is not null
  `;
  const all = sql.join([...columns, handles], sql` union all `);
  const { rows } = await sql<{
    id: string;
    count: number;
  }>`select id, count(*)::bigint as count from (${all}) as sealed group by id`.execute(db);
  return new Map(rows.map(({ id, count }) => [id, count]));
}
