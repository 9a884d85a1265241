import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** What the built-in key manager needs to be one by itself: projects, keys without a booking, budgets, scopes, tokens, alerts, work in bulk. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const statement of UNDO) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `alter table operator add column project text`,

  `create table project_key (
    id text primary key,
    project text not null,
    name text not null,
    by_name boolean not null default false,
    budget text not null,
    description text,
    owner text not null,
    contact text,
    environment text,
    metadata jsonb not null,
    rights jsonb not null,
    policies jsonb,
    token_type text not null check (token_type in ('opaque', 'jwt')),
    prefix text not null,
    hint text not null,
    generation integer not null,
    opens_at timestamptz not null,
    closes_at timestamptz not null,
    rotation jsonb,
    rotate_at timestamptz,
    rotated_at timestamptz,
    rotation_asked jsonb,
    sealed_value text,
    suspended_at timestamptz,
    suspend_reason text,
    revoked_at timestamptz,
    revoke_reason text,
    deleted_at timestamptz,
    created_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
  )`,
  `create index project_key_project on project_key (project, id)`,
  `create index project_key_created on project_key (project, created_at)`,
  `create unique index project_key_by_name on project_key (project, name) where by_name`,
  `create index project_key_rotate on project_key (rotate_at) where rotate_at is not null`,
  `create index project_key_closes on project_key (closes_at) where revoked_at is null`,

  `create table creation (
    project text not null,
    token_hash text not null,
    asked_hash text not null,
    project_key_id text not null,
    sealed_value text,
    created_at timestamptz not null,
    primary key (project, token_hash)
  )`,
  `create index creation_created on creation (created_at)`,

  `alter table local_key
    add column project text not null default 'default',
    add column project_key_id text,
    add column token_type text not null default 'opaque',
    add column token_kid text,
    add column token_from timestamptz,
    add column token_until timestamptz,
    add column token_stale boolean not null default false,
    add column last_ip text`,
  `create index local_key_token on local_key (token_until) where token_until is not null`,
  `create index local_key_kid on local_key (token_kid, token_until) where token_kid is not null`,
  `alter table key add column token_from timestamptz, add column token_until timestamptz`,
  `create index local_key_project_key on local_key (project_key_id) where project_key_id is not null`,
  `create index local_key_lease on local_key (lease_id)`,

  `alter table usage add column key_id text not null default ''`,
  `alter table usage drop constraint usage_pkey, add primary key (lease_id, key_id, hour, code)`,
  `create index usage_hour on usage (hour)`,

  `create table window_use (
    budget text not null,
    name text not null,
    at timestamptz not null,
    node text not null,
    count bigint not null,
    gone_at timestamptz,
    primary key (budget, name, at, node)
  )`,
  `create index window_use_gone_at on window_use (gone_at)`,
  `create table budget (
    id text primary key,
    quota_extra bigint not null default 0,
    quota_extra_from timestamptz,
    frozen_at timestamptz,
    frozen_reason text,
    reached jsonb not null,
    reached_at timestamptz,
    updated_at timestamptz not null
  )`,
  `create index budget_reached on budget (reached_at)`,

  `create table scope (
    project text not null,
    name text not null,
    methods jsonb not null,
    endpoints jsonb,
    description text,
    origin text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (project, name)
  )`,

  `create table signing_key (
    kid text primary key,
    algorithm text not null check (algorithm in ('EdDSA', 'ES256', 'RS256')),
    public_jwk jsonb not null,
    issuer text not null,
    audience text,
    sealed_private text,
    created_at timestamptz not null,
    signs_from timestamptz not null,
    signs_until timestamptz,
    gone_at timestamptz
  )`,
  `create unique index signing_key_newest on signing_key ((true)) where signs_until is null`,

  `create table alert_rule (
    id text primary key,
    project text not null,
    name text not null,
    type text not null,
    operator text not null,
    threshold double precision not null,
    channels jsonb not null,
    cooldown_ms bigint not null,
    severity text not null check (severity in ('info', 'warning', 'critical')),
    auto_suspend boolean not null default false,
    key_filter jsonb,
    created_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    disabled_at timestamptz
  )`,
  `create table alert (
    id text primary key,
    rule_id text not null,
    project text not null,
    type text not null,
    subject text not null,
    crossing text not null,
    detail jsonb not null,
    at timestamptz not null,
    suspend text check (suspend in ('owed', 'done', 'dead')),
    suspend_attempts integer not null default 0,
    suspend_at timestamptz,
    suspend_error text,
    check ((suspend is not distinct from 'owed') = (suspend_at is not null))
  )`,
  `create unique index alert_crossing on alert (rule_id, subject, crossing)`,
  `create index alert_project on alert (project, id)`,
  `create index alert_at on alert (at)`,
  `create index alert_owed on alert (suspend_at) where suspend_at is not null`,
  `create index alert_subject on alert (rule_id, subject, at)`,
  `create table known_address (
    lease_id text not null,
    address text not null,
    first_seen_at timestamptz not null,
    primary key (lease_id, address)
  )`,

  `create table bulk (
    id text primary key,
    project text not null,
    verb text not null check (verb in ('create', 'update', 'revoke')),
    state text not null check (state in ('running', 'done')),
    total integer not null,
    reason text,
    actor text not null,
    created_at timestamptz not null,
    done_at timestamptz
  )`,
  `create table bulk_item (
    bulk_id text not null references bulk (id),
    place integer not null,
    state text not null check (state in ('waiting', 'done', 'failed')),
    asked jsonb not null,
    result jsonb,
    sealed_value text,
    error text,
    primary key (bulk_id, place)
  )`,
  `create index bulk_waiting on bulk_item (bulk_id, place) where state = 'waiting'`,
];

const UNDO = [
  `drop table bulk_item, bulk, known_address, alert, alert_rule, signing_key, scope, budget, window_use`,
  `insert into usage (lease_id, key_id, hour, code, count)
    select lease_id, '', hour, code, sum(count) from usage where key_id <> '' group by lease_id, hour, code
    on conflict (lease_id, key_id, hour, code) do update set count = usage.count + excluded.count`,
  `delete from usage where key_id <> ''`,
  `drop index usage_hour`,
  `alter table usage drop constraint usage_pkey, drop column key_id, add primary key (lease_id, hour, code)`,
  `delete from local_key where project_key_id is not null`,
  `drop index local_key_lease`,
  `alter table local_key drop column project, drop column project_key_id, drop column token_type,
    drop column token_kid, drop column token_from, drop column token_until, drop column token_stale,
    drop column last_ip`,
  `alter table key drop column token_from, drop column token_until`,
  `drop table creation, project_key`,
  `delete from operator where project is not null`,
  `alter table operator drop column project`,
];
