import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** What providers at a distance need: locks over all nodes, what their inventory found, and which keys are known to somebody. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql.raw('drop table inventory, stray, lock').execute(db);
  await sql.raw('drop index key_active').execute(db);
  await sql.raw('alter table key drop column revealed_at, drop column missing_at, drop column drift').execute(db);
}

const STATEMENTS = [
  `alter table key
    add column revealed_at timestamptz,
    add column missing_at timestamptz,
    add column drift jsonb`,
  `create index key_active on key (provider, name) where state = 'active'`,
  `update key set revealed_at = claim.claimed_at from claim where claim.key_id = key.id`,

  `create table lock (
    name text primary key,
    holder text not null,
    until timestamptz not null
  )`,

  `create table stray (
    provider text not null,
    name text not null,
    handle jsonb,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    revoked_at timestamptz,
    primary key (provider, name)
  )`,

  `create table inventory (
    provider text primary key,
    taken_at timestamptz,
    report jsonb,
    asked jsonb,
    running jsonb,
    failed jsonb
  )`,
];
