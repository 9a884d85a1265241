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
  return sql`json_populate_recordset(null::${sql.table(table)}, ${jsonOf(columns, rows)}::json)`;
}

/** Rows as JSON, by the names of their columns. Thousands are written each second, so what repeats is written out once. */
export function jsonOf<C extends string>(columns: readonly C[], rows: readonly { readonly [column in C]?: unknown }[]): string {
  const named = columns.map((column, place) => [column, `${place === 0 ? '{' : ','}${JSON.stringify(snake(column))}:`] as const);
  const textOf = writer();
  let text = '';
  for (const row of rows) {
    text += text === '' ? '[' : '},';
    for (const [column, name] of named) text += name + textOf(row[column]);
  }
  return text === '' ? '[]' : `${text}}]`;
}

/** Most rows have the instants of the row before them. */
function writer(): (value: unknown) => string {
  const known = new Map<number, string>();
  return (value) => {
    if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : 'null';
    if (!(value instanceof Date)) return JSON.stringify(value) ?? 'null';
    const at = value.getTime();
    let text = known.get(at);
    // What JavaScript writes as +010000 is 10000 to PostgreSQL.
    if (text === undefined) known.set(at, (text = `"${value.toISOString().replace(/^\+0*/u, '')}"`));
    return text;
  };
}

function snake(column: string): string {
  return column.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
