import { sql, type Kysely, type Transaction } from 'kysely';
import { chunksOf } from './chunks.ts';
import type { Database, ScopeRow } from './schema.ts';

/** Queries on the scopes that were described by API. */

type Reader = Kysely<Database> | Transaction<Database>;

export async function scopesOfProject(db: Reader, project: string): Promise<ScopeRow[]> {
  return await db.selectFrom('scope').selectAll().where('project', '=', project).orderBy('name').execute();
}

export async function allScopes(db: Reader): Promise<ScopeRow[]> {
  return await db.selectFrom('scope').selectAll().orderBy('project').orderBy('name').execute();
}

/** Until the end of the transaction nobody else changes the scopes of this project. */
export async function lockScopes(tx: Transaction<Database>, project: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`scopes:${project}`}, 0))`.execute(tx);
}

/** Adds them, or writes them over those of the same names; when those were made stays. */
export async function putScopes(tx: Transaction<Database>, rows: readonly ScopeRow[]): Promise<void> {
  for (const chunk of chunksOf(rows))
    await tx
      .insertInto('scope')
      .values(
        chunk.map((row) => ({
          ...row,
          methods: JSON.stringify(row.methods),
          endpoints: row.endpoints && JSON.stringify(row.endpoints),
        })),
      )
      .onConflict((conflict) =>
        conflict.columns(['project', 'name']).doUpdateSet(({ ref }) => ({
          methods: ref('excluded.methods'),
          endpoints: ref('excluded.endpoints'),
          description: ref('excluded.description'),
          origin: ref('excluded.origin'),
          updatedAt: ref('excluded.updatedAt'),
        })),
      )
      .execute();
}

export async function deleteScopes(tx: Transaction<Database>, project: string, names: readonly string[]): Promise<void> {
  for (const chunk of chunksOf(names))
    await tx.deleteFrom('scope').where('project', '=', project).where('name', 'in', chunk).execute();
}
