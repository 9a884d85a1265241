import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { sql, type Kysely } from 'kysely';
import { expect, test } from 'vitest';
import type { Database } from '../src/ledger/schema.ts';
import { describeEngines } from './engines.ts';

/** The whole schema as text, so that a migration shows up in review. After one: UPDATE_GOLDEN=1 npm test -- tests/schema.test.ts */

const golden = new URL('schema.sql', import.meta.url);

describeEngines('the schema', (engine) => {
  test('is what tests/schema.sql says', async () => {
    const open = await engine.open();
    const dump = await dumpSchema(open.ledger.db);
    await open.close();
    if (process.env.UPDATE_GOLDEN === '1' || !existsSync(golden)) writeFileSync(golden, dump);
    expect(dump).toBe(readFileSync(golden, 'utf8'));
  });
});

interface Column {
  table: string;
  name: string;
  type: string;
  required: boolean;
  preset: string | null;
}

async function dumpSchema(db: Kysely<Database>): Promise<string> {
  const columns = (
    await sql<Column>`
      select c.relname as "table", a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
             pg_get_expr(d.adbin, d.adrelid) as preset
      from pg_attribute a
      join pg_class c on c.oid = a.attrelid and c.relkind = 'r'
      join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attnum > 0 and not a.attisdropped and c.relname not like 'kysely%'
      order by c.relname collate "C", a.attnum`.execute(db)
  ).rows;
  // PostgreSQL 18 lists NOT NULL among the constraints as well; older versions do not.
  const constraints = (
    await sql<{ table: string; text: string }>`
      select c.relname as "table", pg_get_constraintdef(k.oid) as text
      from pg_constraint k
      join pg_class c on c.oid = k.conrelid
      join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
      where k.contype <> 'n' and c.relname not like 'kysely%'`.execute(db)
  ).rows;
  const indexes = (
    await sql<{ table: string; text: string }>`
      select tablename as "table", indexdef as text from pg_indexes
      where schemaname = 'public' and tablename not like 'kysely%'
        and not exists (select from pg_constraint k where k.conname = indexname)`.execute(db)
  ).rows;
  return [...new Set(columns.map((column) => column.table))]
    .map((table) => dumpTable(table, columns, constraints, indexes))
    .join('\n');
}

type Lines = readonly { table: string; text: string }[];

function dumpTable(table: string, columns: readonly Column[], constraints: Lines, indexes: Lines): string {
  const of = (lines: Lines) =>
    lines
      .filter((line) => line.table === table)
      .map((line) => line.text)
      .toSorted();
  const rows = columns
    .filter((column) => column.table === table)
    .map(
      ({ name, type, required, preset }) =>
        `"${name}" ${type}${required ? ' not null' : ''}${preset === null ? '' : ` default ${preset}`}`,
    );
  const body = [...rows, ...of(constraints)].map((line) => `  ${line}`).join(',\n');
  return `create table "${table}" (\n${body}\n);\n${of(indexes)
    .map((index) => `${index};\n`)
    .join('')}`;
}
