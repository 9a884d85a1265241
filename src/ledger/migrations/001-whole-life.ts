import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** Every table of a key's whole life. `lease.wake_at` and `delivery.next_at` are the clocks; jobs only wake. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of TABLES) await sql.raw(`drop table if exists ${table} cascade`).execute(db);
}

const TABLES = [
  'master_key',
  'pace',
  'hook',
  'rotation_item',
  'rotation',
  'operator',
  'audit_head',
  'audit',
  'local_key',
  'usage',
  'delivery',
  'claim',
  'key',
  'lease',
  'reservation',
  'event',
];

const STATEMENTS = [
  `create table event (
    id text primary key,
    source text not null,
    dedupe text not null,
    outcome text not null check (outcome in ('accepted', 'ignored', 'quarantined')),
    reason text,
    type text,
    external_id text,
    event jsonb,
    sealed_body text,
    request_id text not null,
    received_at timestamptz not null,
    seen integer not null default 1,
    last_seen_at timestamptz not null,
    unique (source, dedupe)
  )`,
  `create index event_booking on event (source, external_id, id)`,
  `create index event_quarantined on event (received_at) where outcome = 'quarantined'`,

  `create table reservation (
    id text primary key,
    source text not null,
    external_id text not null,
    state jsonb not null,
    resource_id text,
    resource_name text,
    starts_at timestamptz,
    ends_at timestamptz,
    closed boolean not null default false,
    problem text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (source, external_id)
  )`,

  `create table lease (
    id text primary key,
    reservation_id text not null references reservation (id),
    holder_id text not null,
    plan text not null,
    provider text not null,
    resource_id text not null,
    state text not null check (state in ('pending', 'issuing', 'active', 'suspended', 'revoking', 'revoked', 'refused', 'stuck')),
    reason text,
    "grant" jsonb,
    opens_at timestamptz,
    closes_at timestamptz,
    generation integer not null default 1,
    overlap_until timestamptz,
    suspended_at timestamptz,
    revoked_by jsonb,
    wake_at timestamptz,
    turn bigint not null default 0,
    held_until timestamptz,
    attempts integer not null default 0,
    last_error text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (reservation_id, holder_id, resource_id)
  )`,
  `create index lease_wake on lease (wake_at) where wake_at is not null`,
  `create index lease_state on lease (state, id)`,
  `create index lease_resource on lease (resource_id, closes_at)`,

  `create table key (
    id text primary key,
    lease_id text not null references lease (id),
    generation integer not null,
    name text not null unique,
    provider text not null,
    state text not null check (state in ('intended', 'active', 'revoking', 'revoked')),
    opens_at timestamptz not null,
    closes_at timestamptz not null,
    sealed_secret text,
    hint text not null,
    handle jsonb,
    confirmed_at timestamptz,
    active_at timestamptz,
    suspended_at timestamptz,
    revoke_reason text,
    revoking_at timestamptz,
    revoked_at timestamptz,
    proof jsonb,
    attempts integer not null default 0,
    retry_at timestamptz,
    last_error text,
    last_error_kind text,
    created_at timestamptz not null,
    unique (lease_id, generation)
  )`,
  `create index key_revoking on key (revoking_at) where state = 'revoking'`,

  `create table claim (
    id text primary key,
    key_id text not null unique references key (id),
    lease_id text not null references lease (id),
    token_hash text not null unique,
    sealed_token text,
    confirm text not null check (confirm in ('none', 'email', 'code')),
    code_hash text,
    sealed_code text,
    expires_at timestamptz not null,
    claimed_at timestamptz,
    claimed_ip text,
    claimed_agent text,
    sealed_again text,
    reveals integer not null default 0,
    refusals integer not null default 0,
    created_at timestamptz not null
  )`,
  `create index claim_lease on claim (lease_id)`,
  `create index claim_again on claim (claimed_at) where sealed_again is not null`,

  `create table delivery (
    id text primary key,
    dedupe text not null unique,
    lease_id text references lease (id),
    claim_id text references claim (id),
    channel text not null check (channel in ('callback', 'log', 'email', 'webhook')),
    kind text not null,
    target text not null,
    body jsonb not null,
    state text not null check (state in ('pending', 'delivered', 'failed')),
    attempts integer not null default 0,
    next_at timestamptz,
    last_status integer,
    last_error text,
    created_at timestamptz not null,
    delivered_at timestamptz
  )`,
  `create index delivery_due on delivery (next_at) where state = 'pending'`,
  `create index delivery_lease on delivery (lease_id)`,

  `create table usage (
    lease_id text not null,
    hour timestamptz not null,
    code text not null,
    count bigint not null,
    primary key (lease_id, hour, code)
  )`,

  `create table local_key (
    id text primary key,
    name text not null unique,
    hash text not null unique,
    lease_id text not null,
    holder text not null,
    rights jsonb not null,
    opens_at timestamptz not null,
    closes_at timestamptz not null,
    suspended_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz not null
  )`,

  `create table audit (
    seq bigint primary key,
    at timestamptz not null,
    actor text not null,
    action text not null,
    subject text not null,
    detail jsonb not null,
    mac text not null
  )`,
  `create index audit_subject on audit (subject, seq)`,
  `create table audit_head (
    id integer primary key check (id = 1),
    seq bigint not null,
    mac text not null
  )`,
  `insert into audit_head (id, seq, mac) values (1, 0, '')`,

  `create table operator (
    id text primary key,
    name text not null unique,
    role text not null check (role in ('admin', 'operator', 'viewer')),
    token_hash text not null unique,
    created_at timestamptz not null,
    disabled_at timestamptz
  )`,

  `create table rotation (
    id text primary key,
    filter jsonb not null,
    overlap_ms bigint not null,
    reason text not null,
    actor text not null,
    state text not null check (state in ('running', 'done')),
    created_at timestamptz not null,
    done_at timestamptz
  )`,
  `create table rotation_item (
    rotation_id text not null references rotation (id),
    lease_id text not null references lease (id),
    state text not null check (state in ('waiting', 'done', 'failed')),
    generation integer,
    error text,
    primary key (rotation_id, lease_id)
  )`,

  `create table hook (
    id text primary key,
    url text not null,
    sealed_secret text not null,
    kinds jsonb not null,
    created_at timestamptz not null,
    disabled_at timestamptz
  )`,

  `create table master_key (
    id integer primary key check (id = 1),
    key_id text not null
  )`,

  `create table pace (
    provider text not null,
    action text not null,
    next_at timestamptz not null,
    primary key (provider, action)
  )`,
];
