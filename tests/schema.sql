create table "alert" (
  "id" text not null,
  "rule_id" text not null,
  "project" text not null,
  "type" text not null,
  "subject" text not null,
  "crossing" text not null,
  "detail" jsonb not null,
  "at" timestamp with time zone not null,
  "suspend" text,
  "suspend_attempts" integer not null default 0,
  "suspend_at" timestamp with time zone,
  "suspend_error" text,
  CHECK (((NOT (suspend IS DISTINCT FROM 'owed'::text)) = (suspend_at IS NOT NULL))),
  CHECK ((suspend = ANY (ARRAY['owed'::text, 'done'::text, 'dead'::text]))),
  PRIMARY KEY (id)
);
CREATE INDEX alert_at ON public.alert USING btree (at);
CREATE INDEX alert_owed ON public.alert USING btree (suspend_at) WHERE (suspend_at IS NOT NULL);
CREATE INDEX alert_project ON public.alert USING btree (project, id);
CREATE INDEX alert_subject ON public.alert USING btree (rule_id, subject, at);
CREATE UNIQUE INDEX alert_crossing ON public.alert USING btree (rule_id, subject, crossing);

create table "alert_rule" (
  "id" text not null,
  "project" text not null,
  "name" text not null,
  "type" text not null,
  "operator" text not null,
  "threshold" double precision not null,
  "channels" jsonb not null,
  "cooldown_ms" bigint not null,
  "severity" text not null,
  "auto_suspend" boolean not null default false,
  "key_filter" jsonb,
  "created_by" text not null,
  "created_at" timestamp with time zone not null,
  "updated_at" timestamp with time zone not null,
  "disabled_at" timestamp with time zone,
  CHECK ((severity = ANY (ARRAY['info'::text, 'warning'::text, 'critical'::text]))),
  PRIMARY KEY (id)
);

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

create table "budget" (
  "id" text not null,
  "quota_extra" bigint not null default 0,
  "quota_extra_from" timestamp with time zone,
  "frozen_at" timestamp with time zone,
  "frozen_reason" text,
  "reached" jsonb not null,
  "reached_at" timestamp with time zone,
  "updated_at" timestamp with time zone not null,
  PRIMARY KEY (id)
);
CREATE INDEX budget_reached ON public.budget USING btree (reached_at);

create table "bulk" (
  "id" text not null,
  "project" text not null,
  "verb" text not null,
  "state" text not null,
  "total" integer not null,
  "reason" text,
  "actor" text not null,
  "created_at" timestamp with time zone not null,
  "done_at" timestamp with time zone,
  CHECK ((state = ANY (ARRAY['running'::text, 'done'::text]))),
  CHECK ((verb = ANY (ARRAY['create'::text, 'update'::text, 'revoke'::text]))),
  PRIMARY KEY (id)
);

create table "bulk_item" (
  "bulk_id" text not null,
  "place" integer not null,
  "state" text not null,
  "asked" jsonb not null,
  "result" jsonb,
  "sealed_value" text,
  "error" text,
  CHECK ((state = ANY (ARRAY['waiting'::text, 'done'::text, 'failed'::text]))),
  FOREIGN KEY (bulk_id) REFERENCES bulk(id),
  PRIMARY KEY (bulk_id, place)
);
CREATE INDEX bulk_waiting ON public.bulk_item USING btree (bulk_id, place) WHERE (state = 'waiting'::text);

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

create table "creation" (
  "project" text not null,
  "token_hash" text not null,
  "asked_hash" text not null,
  "project_key_id" text not null,
  "sealed_value" text,
  "created_at" timestamp with time zone not null,
  PRIMARY KEY (project, token_hash)
);
CREATE INDEX creation_created ON public.creation USING btree (created_at);

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
  "token_from" timestamp with time zone,
  "token_until" timestamp with time zone,
  CHECK ((state = ANY (ARRAY['intended'::text, 'active'::text, 'revoking'::text, 'revoked'::text]))),
  FOREIGN KEY (lease_id) REFERENCES lease(id),
  PRIMARY KEY (id),
  UNIQUE (lease_id, generation),
  UNIQUE (name)
);
CREATE INDEX key_active ON public.key USING btree (provider, name) WHERE (state = 'active'::text);
CREATE INDEX key_revoking ON public.key USING btree (revoking_at) WHERE (state = 'revoking'::text);

create table "known_address" (
  "lease_id" text not null,
  "address" text not null,
  "first_seen_at" timestamp with time zone not null,
  PRIMARY KEY (lease_id, address)
);

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
  "project" text not null default 'default'::text,
  "project_key_id" text,
  "token_type" text not null default 'opaque'::text,
  "token_kid" text,
  "token_from" timestamp with time zone,
  "token_until" timestamp with time zone,
  "token_stale" boolean not null default false,
  "last_ip" text,
  PRIMARY KEY (id),
  UNIQUE (hash),
  UNIQUE (name)
);
CREATE INDEX local_key_kid ON public.local_key USING btree (token_kid, token_until) WHERE (token_kid IS NOT NULL);
CREATE INDEX local_key_lease ON public.local_key USING btree (lease_id);
CREATE INDEX local_key_project_key ON public.local_key USING btree (project_key_id) WHERE (project_key_id IS NOT NULL);
CREATE INDEX local_key_token ON public.local_key USING btree (token_until) WHERE (token_until IS NOT NULL);

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
  "project" text,
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

create table "poll" (
  "source" text not null,
  "validators" jsonb not null,
  "next_at" timestamp with time zone not null,
  "claimed_until" timestamp with time zone,
  "polled_at" timestamp with time zone,
  "read_at" timestamp with time zone,
  "failing_since" timestamp with time zone,
  "failures" integer not null default 0,
  "error" text,
  "bookings" integer not null default 0,
  PRIMARY KEY (source)
);

create table "polled_booking" (
  "source" text not null,
  "external_id" text not null,
  "origin" text,
  "meaning" text not null,
  "version" bigint not null,
  "generation" integer not null default 1,
  "cancelled" boolean not null default false,
  "starts_at" timestamp with time zone,
  "ends_at" timestamp with time zone,
  "seen_at" timestamp with time zone not null,
  "missed" integer not null default 0,
  "missing_since" timestamp with time zone,
  PRIMARY KEY (source, external_id)
);

create table "project_key" (
  "id" text not null,
  "project" text not null,
  "name" text not null,
  "by_name" boolean not null default false,
  "budget" text not null,
  "description" text,
  "owner" text not null,
  "contact" text,
  "environment" text,
  "metadata" jsonb not null,
  "rights" jsonb not null,
  "policies" jsonb,
  "token_type" text not null,
  "prefix" text not null,
  "hint" text not null,
  "generation" integer not null,
  "opens_at" timestamp with time zone not null,
  "closes_at" timestamp with time zone not null,
  "rotation" jsonb,
  "rotate_at" timestamp with time zone,
  "rotated_at" timestamp with time zone,
  "rotation_asked" jsonb,
  "sealed_value" text,
  "suspended_at" timestamp with time zone,
  "suspend_reason" text,
  "revoked_at" timestamp with time zone,
  "revoke_reason" text,
  "deleted_at" timestamp with time zone,
  "created_by" text not null,
  "created_at" timestamp with time zone not null,
  "updated_at" timestamp with time zone not null,
  CHECK ((token_type = ANY (ARRAY['opaque'::text, 'jwt'::text]))),
  PRIMARY KEY (id)
);
CREATE INDEX project_key_closes ON public.project_key USING btree (closes_at) WHERE (revoked_at IS NULL);
CREATE INDEX project_key_created ON public.project_key USING btree (project, created_at);
CREATE INDEX project_key_project ON public.project_key USING btree (project, id);
CREATE INDEX project_key_rotate ON public.project_key USING btree (rotate_at) WHERE (rotate_at IS NOT NULL);
CREATE UNIQUE INDEX project_key_by_name ON public.project_key USING btree (project, name) WHERE by_name;

create table "recording" (
  "source" text not null,
  "until" timestamp with time zone not null,
  "started_by" text not null,
  "started_at" timestamp with time zone not null,
  PRIMARY KEY (source)
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

create table "sample" (
  "id" text not null,
  "source" text not null,
  "received_at" timestamp with time zone not null,
  "outcome" text not null,
  "reason" text,
  "sealed_sample" text not null,
  PRIMARY KEY (id)
);
CREATE INDEX sample_source ON public.sample USING btree (source, id);

create table "scope" (
  "project" text not null,
  "name" text not null,
  "methods" jsonb not null,
  "endpoints" jsonb,
  "description" text,
  "origin" text not null,
  "created_at" timestamp with time zone not null,
  "updated_at" timestamp with time zone not null,
  PRIMARY KEY (project, name)
);

create table "signing_key" (
  "kid" text not null,
  "algorithm" text not null,
  "public_jwk" jsonb not null,
  "issuer" text not null,
  "audience" text,
  "sealed_private" text,
  "created_at" timestamp with time zone not null,
  "signs_from" timestamp with time zone not null,
  "signs_until" timestamp with time zone,
  "gone_at" timestamp with time zone,
  CHECK ((algorithm = ANY (ARRAY['EdDSA'::text, 'ES256'::text, 'RS256'::text]))),
  PRIMARY KEY (kid)
);
CREATE UNIQUE INDEX signing_key_newest ON public.signing_key USING btree ((true)) WHERE (signs_until IS NULL);

create table "source_secret" (
  "source" text not null,
  "fingerprint" text not null,
  "uses" bigint not null,
  "last_used_at" timestamp with time zone not null,
  PRIMARY KEY (source, fingerprint)
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
  "key_id" text not null default ''::text,
  PRIMARY KEY (lease_id, key_id, hour, code)
);
CREATE INDEX usage_hour ON public.usage USING btree (hour);

create table "window_use" (
  "budget" text not null,
  "name" text not null,
  "at" timestamp with time zone not null,
  "node" text not null,
  "count" bigint not null,
  "gone_at" timestamp with time zone,
  PRIMARY KEY (budget, name, at, node)
);
CREATE INDEX window_use_gone_at ON public.window_use USING btree (gone_at);
