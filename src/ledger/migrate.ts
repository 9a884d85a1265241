import { Migrator, type Migration } from 'kysely/migration';
import { sql, type Kysely } from 'kysely';
import * as wholeLife from './migrations/001-whole-life.ts';
import * as clouds from './migrations/002-clouds.ts';
import * as keyManager from './migrations/003-key-manager.ts';
import * as sources from './migrations/004-sources.ts';

/** Every migration, in order. A name once released never changes; nor does what it does. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '001-whole-life': wholeLife,
  '002-clouds': clouds,
  '003-key-manager': keyManager,
  '004-sources': sources,
};

/**
 * Brings the database to the newest schema. All pending migrations run in one transaction, so being killed in the middle leaves
 * nothing half done, under an advisory lock on PostgreSQL, so any number of nodes may start at once. Throws what the migration threw,
 * or when the database has a migration that this version does not know.
 */
export async function migrate(db: Kysely<unknown>, migrations = MIGRATIONS): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error instanceof Error ? error : new Error('migrate: failed', { cause: error });
}

/** Throws when a migration of this version has not run. */
export async function assertMigrated(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  const done = new Set(rows.map((row) => row.name));
  const missing = Object.keys(MIGRATIONS).filter((name) => !done.has(name));
  if (missing.length > 0) throw new Error(`migrate: not applied yet: ${missing.join(', ')}`);
}
