create table "audit" (
  "seq" bigint not null,
  "at" timestamp with time zone not null,
  "actor" text not null,
  "action" text not null,
  "subject" text not null,
  "detail" jsonb not null,
  "mac" text not null,
  PRIMARY KEY (seq)
);
CREATE INDEX audit_subject ON public.audit USING btree (subject, seq);

create table "audit_head" (
  "id" integer not null,
  "seq" bigint not null,
  "mac" text not null,
  CHECK ((id = 1)),
  PRIMARY KEY (id)
);

create table "claim" (
  "id" text not null,
  "key_id" text not null,
  "lease_id" text not null,
  "token_hash" text not null,
  "sealed_token" text,
  "confirm" text not null,
  "code_hash" text,
  "sealed_code" text,
  "expires_at" timestamp with time zone not null,
  "claimed_at" timestamp with time zone,
  "claimed_ip" text,
  "claimed_agent" text,
  "sealed_again" text,
  "reveals" integer not null default 0,
  "refusals" integer not null default 0,
  "created_at" timestamp with time zone not null,
  CHECK ((confirm = ANY (ARRAY['none'::text, 'email'::text, 'code'::text]))),
  FOREIGN KEY (key_id) REFERENCES key(id),
  FOREIGN KEY (lease_id) REFERENCES lease(id),
  PRIMARY KEY (id),
  UNIQUE (key_id),
  UNIQUE (token_hash)
);
CREATE INDEX claim_again ON public.claim USING btree (claimed_at) WHERE (sealed_again IS NOT NULL);
CREATE INDEX claim_lease ON public.claim USING btree (lease_id);

create table "delivery" (
  "id" text not null,
  "dedupe" text not null,
  "lease_id" text,
  "claim_id" text,
  "channel" text not null,
  "kind" text not null,
  "target" text not null,
  "body" jsonb not null,
  "state" text not null,
  "attempts" integer not null default 0,
  "next_at" timestamp with time zone,
  "last_status" integer,
  "last_error" text,
  "created_at" timestamp with time zone not null,
  "delivered_at" timestamp with time zone,
  CHECK ((channel = ANY (ARRAY['callback'::text, 'log'::text, 'email'::text, 'webhook'::text]))),
  CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text]))),
  FOREIGN KEY (claim_id) REFERENCES claim(id),
  FOREIGN KEY (lease_id) REFERENCES lease(id),
  PRIMARY KEY (id),
  UNIQUE (dedupe)
);
CREATE INDEX delivery_due ON public.delivery USING btree (next_at) WHERE (state = 'pending'::text);
CREATE INDEX delivery_lease ON public.delivery USING btree (lease_id);

create table "event" (
  "id" text not null,
  "source" text not null,
  "dedupe" text not null,
  "outcome" text not null,
  "reason" text,
  "type" text,
  "external_id" text,
  "event" jsonb,
  "sealed_body" text,
  "request_id" text not null,
  "received_at" timestamp with time zone not null,
  "seen" integer not null default 1,
  "last_seen_at" timestamp with time zone not null,
  CHECK ((outcome = ANY (ARRAY['accepted'::text, 'ignored'::text, 'quarantined'::text]))),
  PRIMARY KEY (id),
  UNIQUE (source, dedupe)
);
CREATE INDEX event_booking ON public.event USING btree (source, external_id, id);
CREATE INDEX event_quarantined ON public.event USING btree (received_at) WHERE (outcome = 'quarantined'::text);

create table "hook" (
  "id" text not null,
  "url" text not null,
  "sealed_secret" text not null,
  "kinds" jsonb not null,
  "created_at" timestamp with time zone not null,
  "disabled_at" timestamp with time zone,
  PRIMARY KEY (id)
);

create table "inventory" (
  "provider" text not null,
  "taken_at" timestamp with time zone,
  "report" jsonb,
  "asked" jsonb,
  "running" jsonb,
  "failed" jsonb,
  PRIMARY KEY (provider)
);

create table "key" (
  "id" text not null,
  "lease_id" text not null,
  "generation" integer not null,
  "name" text not null,
  "provider" text not null,
  "state" text not null,
  "opens_at" timestamp with time zone not null,
  "closes_at" timestamp with time zone not null,
  "sealed_secret" text,
  "hint" text not null,
  "handle" jsonb,
  "confirmed_at" timestamp with time zone,
  "active_at" timestamp with time zone,
  "suspended_at" timestamp with time zone,
  "revoke_reason" text,
  "revoking_at" timestamp with time zone,
  "revoked_at" timestamp with time zone,
  "proof" jsonb,
  "attempts" integer not null default 0,
  "retry_at" timestamp with time zone,
  "last_error" text,
  "last_error_kind" text,
  "created_at" timestamp with time zone not null,
  "revealed_at" timestamp with time zone,
  "missing_at" timestamp with time zone,
  "drift" jsonb,
  CHECK ((state = ANY (ARRAY['intended'::text, 'active'::text, 'revoking'::text, 'revoked'::text]))),
  FOREIGN KEY (lease_id) REFERENCES lease(id),
  PRIMARY KEY (id),
  UNIQUE (lease_id, generation),
  UNIQUE (name)
);
CREATE INDEX key_active ON public.key USING btree (provider, name) WHERE (state = 'active'::text);
CREATE INDEX key_revoking ON public.key USING btree (revoking_at) WHERE (state = 'revoking'::text);

create table "lease" (
  "id" text not null,
  "reservation_id" text not null,
  "holder_id" text not null,
  "plan" text not null,
  "provider" text not null,
  "resource_id" text not null,
  "state" text not null,
  "reason" text,
  "grant" jsonb,
  "opens_at" timestamp with time zone,
  "closes_at" timestamp with time zone,
  "generation" integer not null default 1,
  "overlap_until" timestamp with time zone,
  "suspended_at" timestamp with time zone,
  "revoked_by" jsonb,
  "wake_at" timestamp with time zone,
  "turn" bigint not null default 0,
  "held_until" timestamp with time zone,
  "attempts" integer not null default 0,
  "last_error" text,
  "created_at" timestamp with time zone not null,
  "updated_at" timestamp with time zone not null,
  CHECK ((state = ANY (ARRAY['pending'::text, 'issuing'::text, 'active'::text, 'suspended'::text, 'revoking'::text, 'revoked'::text, 'refused'::text, 'stuck'::text]))),
  FOREIGN KEY (reservation_id) REFERENCES reservation(id),
  PRIMARY KEY (id),
  UNIQUE (reservation_id, holder_id, resource_id)
);
CREATE INDEX lease_resource ON public.lease USING btree (resource_id, closes_at);
CREATE INDEX lease_state ON public.lease USING btree (state, id);
CREATE INDEX lease_wake ON public.lease USING btree (wake_at) WHERE (wake_at IS NOT NULL);

create table "local_key" (
  "id" text not null,
  "name" text not null,
  "hash" text not null,
  "lease_id" text not null,
  "holder" text not null,
  "rights" jsonb not null,
  "opens_at" timestamp with time zone not null,
  "closes_at" timestamp with time zone not null,
  "suspended_at" timestamp with time zone,
  "revoked_at" timestamp with time zone,
  "last_used_at" timestamp with time zone,
  "created_at" timestamp with time zone not null,
  PRIMARY KEY (id),
  UNIQUE (hash),
  UNIQUE (name)
);

create table "lock" (
  "name" text not null,
  "holder" text not null,
  "until" timestamp with time zone not null,
  PRIMARY KEY (name)
);

create table "master_key" (
  "id" integer not null,
  "key_id" text not null,
  CHECK ((id = 1)),
  PRIMARY KEY (id)
);

create table "operator" (
  "id" text not null,
  "name" text not null,
  "role" text not null,
  "token_hash" text not null,
  "created_at" timestamp with time zone not null,
  "disabled_at" timestamp with time zone,
  CHECK ((role = ANY (ARRAY['admin'::text, 'operator'::text, 'viewer'::text]))),
  PRIMARY KEY (id),
  UNIQUE (name),
  UNIQUE (token_hash)
);

create table "pace" (
  "provider" text not null,
  "action" text not null,
  "next_at" timestamp with time zone not null,
  PRIMARY KEY (provider, action)
);

create table "reservation" (
  "id" text not null,
  "source" text not null,
  "external_id" text not null,
  "state" jsonb not null,
  "resource_id" text,
  "resource_name" text,
  "starts_at" timestamp with time zone,
  "ends_at" timestamp with time zone,
  "closed" boolean not null default false,
  "problem" text,
  "created_at" timestamp with time zone not null,
  "updated_at" timestamp with time zone not null,
  PRIMARY KEY (id),
  UNIQUE (source, external_id)
);

create table "rotation" (
  "id" text not null,
  "filter" jsonb not null,
  "overlap_ms" bigint not null,
  "reason" text not null,
  "actor" text not null,
  "state" text not null,
  "created_at" timestamp with time zone not null,
  "done_at" timestamp with time zone,
  CHECK ((state = ANY (ARRAY['running'::text, 'done'::text]))),
  PRIMARY KEY (id)
);

create table "rotation_item" (
  "rotation_id" text not null,
  "lease_id" text not null,
  "state" text not null,
  "generation" integer,
  "error" text,
  CHECK ((state = ANY (ARRAY['waiting'::text, 'done'::text, 'failed'::text]))),
  FOREIGN KEY (lease_id) REFERENCES lease(id),
  FOREIGN KEY (rotation_id) REFERENCES rotation(id),
  PRIMARY KEY (rotation_id, lease_id)
);

create table "stray" (
  "provider" text not null,
  "name" text not null,
  "handle" jsonb,
  "first_seen_at" timestamp with time zone not null,
  "last_seen_at" timestamp with time zone not null,
  "revoked_at" timestamp with time zone,
  PRIMARY KEY (provider, name)
);

create table "usage" (
  "lease_id" text not null,
  "hour" timestamp with time zone not null,
  "code" text not null,
  "count" bigint not null,
  PRIMARY KEY (lease_id, hour, code)
);
