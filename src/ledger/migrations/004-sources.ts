import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** Every booking system: which secret was last used, samples of what arrives, and what was read from where nothing is pushed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const statement of UNDO) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `create table source_secret (
    source text not null,
    fingerprint text not null,
    uses bigint not null,
    last_used_at timestamptz not null,
    primary key (source, fingerprint)
  )`,

  `create table recording (
    source text primary key,
    until timestamptz not null,
    started_by text not null,
    started_at timestamptz not null
  )`,
  `create table sample (
    id text primary key,
    source text not null,
    received_at timestamptz not null,
    outcome text not null,
    reason text,
    sealed_sample text not null
  )`,
  `create index sample_source on sample (source, id)`,

  `create table poll (
    source text primary key,
    validators jsonb not null,
    next_at timestamptz not null,
    claimed_until timestamptz,
    polled_at timestamptz,
    read_at timestamptz,
    failing_since timestamptz,
    failures integer not null default 0,
    error text,
    bookings integer not null default 0
  )`,
  `create table polled_booking (
    source text not null,
    external_id text not null,
    origin text,
    meaning text not null,
    version bigint not null,
    generation integer not null default 1,
    cancelled boolean not null default false,
    starts_at timestamptz,
    ends_at timestamptz,
    seen_at timestamptz not null,
    missed integer not null default 0,
    missing_since timestamptz,
    primary key (source, external_id)
  )`,
];

const UNDO = ['polled_booking', 'poll', 'sample', 'recording', 'source_secret'].map((table) => `drop table ${table}`);
