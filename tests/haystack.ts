import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { sql, type Kysely } from 'kysely';
import { SECRET_FILES } from '../src/first-start.ts';
import type { Database } from '../src/ledger/schema.ts';

/** Looking for secrets where none may be, as they are and as encodings leave them. */

export interface Hay {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Named, so that a finding can be reported without being one. */
export type Needles = ReadonlyMap<string, string | Buffer>;

/** `needle in hay` for each that was found. */
export function findIn(hays: readonly Hay[], needles: Needles): string[] {
  const forms = [...needles].flatMap(([name, needle]) => formsOf(Buffer.from(needle as string)).map((form) => ({ name, form })));
  const found = hays.flatMap(({ name: where, bytes }) =>
    forms.flatMap(({ name, form }) => (bytes.includes(form) ? `${name} in ${where}` : [])),
  );
  return [...new Set(found)];
}

/** Every file below a folder, but the secrets' own files. */
export function filesIn(folder: string): Hay[] {
  const own: readonly string[] = Object.values(SECRET_FILES);
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => lstatSync(path).isFile() && !own.includes(relative(folder, path)))
    .map((path) => ({ name: `file ${relative(folder, path)}`, bytes: readFileSync(path) }));
}

/** Every row of every table as text, as a dump has it: what a page compresses is plain here. */
export async function tablesOf(db: Kysely<Database>): Promise<Hay[]> {
  const { rows: tables } = await sql<{ name: string }>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema')`.execute(db);
  return await Promise.all(
    tables.map(async ({ name }) => {
      const { rows } = await sql<{ line: string }>`select t::text as line from ${sql.raw(name)} t`.execute(db);
      return { name: `table ${name}`, bytes: Buffer.from(rows.map(({ line }) => line).join('\n')) };
    }),
  );
}

function formsOf(needle: Buffer): Buffer[] {
  const plain = needle.toString('latin1');
  const forms = new Set([plain, needle.toString('hex'), encodeURIComponent(plain), ...base64FormsOf(needle)]);
  return [...forms].map((form) => Buffer.from(form, 'latin1'));
}

/** In the middle of something encoded it stands at any of three places; what its neighbours share with it is left off. */
function base64FormsOf(needle: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), needle])
      .toString('base64')
      .replace(/=+$/, '');
    const inner = encoded.slice(before === 0 ? 0 : before + 1, (before + needle.length) % 3 === 0 ? undefined : -1);
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
