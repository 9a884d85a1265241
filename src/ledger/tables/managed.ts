import type { Generated } from 'kysely';
import type { Json, Nullable, NullableJson } from './columns.ts';
import type { StoredRights } from './built-in.ts';

/** Keys without a booking, and what is done with many. */

/** A key that somebody asked for by API, without a booking. Its generations are rows of `local_key`. */
export interface ProjectKeyTable {
  id: string;
  project: string;
  name: string;
  /** Its maker finds it by its name, which is then the only such one in the project. */
  byName: Generated<boolean>;
  /** What its limits and usage are counted under: its id, or what keys by name share. */
  budget: string;
  description: Nullable<string>;
  /** Whom it is for: what verify tells as the holder. */
  owner: string;
  /** An email address that claim links of rotated values go to. */
  contact: Nullable<string>;
  environment: Nullable<string>;
  metadata: Json<Record<string, unknown>>;
  rights: Json<StoredRights>;
  /** As the seed's /api/policies were given, in their order. */
  policies: NullableJson<readonly unknown[]>;
  tokenType: 'opaque' | 'jwt';
  prefix: string;
  hint: string;
  generation: number;
  opensAt: Date;
  /** The year 9999 for a key that does not expire. */
  closesAt: Date;
  rotation: NullableJson<{ everyMs: number; overlapMs: number }>;
  rotateAt: Nullable<Date>;
  rotatedAt: Nullable<Date>;
  /** What an operator asked the clock for, once and instead of its own rotation. */
  rotationAsked: NullableJson<{ overlapMs: number; reason: string; actor: string }>;
  /** A value that nobody has fetched yet, sealed; null once it was. */
  sealedValue: Nullable<string>;
  suspendedAt: Nullable<Date>;
  suspendReason: Nullable<string>;
  revokedAt: Nullable<Date>;
  revokeReason: Nullable<string>;
  deletedAt: Nullable<Date>;
  createdBy: string;
  createdAt: Date;
  updatedAt: Date;
}

/** A creation that its caller may repeat, by the hashes of the Idempotency-Key and of what was asked. */
export interface CreationTable {
  project: string;
  tokenHash: string;
  askedHash: string;
  projectKeyId: string;
  /** For a short time, so that an answer that was lost can be given again. */
  sealedValue: Nullable<string>;
  createdAt: Date;
}

/** A scope that was not described in the configuration file but by API. */
export interface ScopeTable {
  project: string;
  name: string;
  methods: Json<string[]>;
  /** Null for all. */
  endpoints: NullableJson<string[]>;
  description: Nullable<string>;
  /** `api`, `import` or `openapi`. */
  origin: string;
  createdAt: Date;
  updatedAt: Date;
}

export interface AlertRuleTable {
  id: string;
  project: string;
  name: string;
  type: string;
  operator: string;
  threshold: number;
  channels: Json<unknown[]>;
  cooldownMs: number;
  severity: string;
  autoSuspend: Generated<boolean>;
  keyFilter: NullableJson<Record<string, unknown>>;
  createdBy: string;
  createdAt: Date;
  updatedAt: Date;
  disabledAt: Nullable<Date>;
}

export interface AlertTable {
  id: string;
  ruleId: string;
  project: string;
  type: string;
  subject: string;
  /** The hour, the period, the address: by one rule it is told once of each lease or key. */
  crossing: string;
  detail: Json<Record<string, unknown>>;
  at: Date;
  /** Whether what it found was held back: still to be done, done, or there is nothing left that works. Null where its rule does not ask for it. */
  suspend: Nullable<'owed' | 'done' | 'dead'>;
  suspendAttempts: Generated<number>;
  /** When it is tried next; null where nothing is owed. */
  suspendAt: Nullable<Date>;
  suspendError: Nullable<string>;
}

/** Work on many keys at once, that a restart goes on with. */
export interface BulkTable {
  id: string;
  project: string;
  verb: 'create' | 'update' | 'revoke';
  state: 'running' | 'done';
  total: number;
  reason: Nullable<string>;
  actor: string;
  createdAt: Date;
  doneAt: Nullable<Date>;
}

export interface BulkItemTable {
  bulkId: string;
  place: number;
  state: 'waiting' | 'done' | 'failed';
  asked: Json<Record<string, unknown>>;
  result: NullableJson<Record<string, unknown>>;
  /** A created key's value until it is fetched. */
  sealedValue: Nullable<string>;
  error: Nullable<string>;
}
