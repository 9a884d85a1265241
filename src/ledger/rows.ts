import { sql, type Kysely, type RawBuilder, type Selectable } from 'kysely';
import type { Database } from './schema.ts';

/*
 * Many rows as one parameter. The statement is then the same for any number of them: it is composed once, and parsed and planned once on each
 * connection, where a VALUES list of its own for every size costs more than writing the rows.
 */

type Table = keyof Database;
type Column<T extends Table> = keyof Selectable<Database[T]> & string;

/** Rows as they are read back: JSON as the value it holds, instants as Date. */
export type RowsOf<T extends Table, C extends Column<T>> = readonly Pick<Selectable<Database[T]>, C>[];

/** `insert into table (columns)` of all rows, in their order; for the caller to add what happens on a conflict, and what to return. */
export function insertRows<T extends Table, C extends Column<T>>(
  db: Kysely<Database>,
  table: T,
  { columns, rows }: { readonly columns: readonly C[]; readonly rows: RowsOf<T, C> },
) {
  const selected = sql`select ${sql.join(columns.map((column) => sql.ref(column)))} from ${recordset(table, columns, rows)}`;
  return db
    .insertInto(table)
    .columns(columns as never)
    .expression(selected as never);
}

/** Sets, in the row of each id, the columns to that row's own values; only where it `holds` of the row as it is, called `held`. Returns the ids of those that were set. */
export async function updateRows<T extends Table, C extends Column<T>>(
  db: Kysely<Database>,
  table: T,
  change: {
    readonly columns: readonly C[];
    readonly rows: RowsOf<T, C | (Column<T> & 'id')>;
    readonly holds?: RawBuilder<unknown>;
  },
): Promise<string[]> {
  const { columns, rows, holds = sql`true` } = change;
  if (rows.length === 0) return [];
  const sets = columns.map((column) => sql`${sql.ref(column)} = ${sql.ref(`changed.${column}`)}`);
  const changed = recordset(table, ['id', ...columns] as C[], rows as unknown as RowsOf<T, C>);
  const { rows: set } = await sql<{ id: string }>`
    update ${sql.table(table)} as held set ${sql.join(sets)}
    from ${changed} as changed
    where held.id = changed.id and ${holds} returning held.id`.execute(db);
  return set.map(({ id }) => id);
}

/** For `id = any(...)`: one parameter, however many there are. */
export function anyOf(values: readonly string[]): RawBuilder<string> {
  return sql<string>`any(${values}::text[])`;
}

function recordset<T extends Table, C extends Column<T>>(table: T, columns: readonly C[], rows: RowsOf<T, C>) {
  const named = columns.map((column) => [column, JSON.stringify(snake(column))] as const);
  const members = (row: RowsOf<T, C>[number]) => named.map(([column, name]) => `${name}:${textOf(row[column])}`);
  const text = `[${rows.map((row) => `{${members(row).join(',')}}`).join(',')}]`;
  return sql`json_populate_recordset(null::${sql.table(table)}, ${text}::json)`;
}

function textOf(value: unknown): string {
  // What JavaScript writes as +010000 is 10000 to PostgreSQL.
  if (value instanceof Date) return `"${value.toISOString().replace(/^\+0*/u, '')}"`;
  return JSON.stringify(value) ?? 'null';
}

function snake(column: string): string {
  return column.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
