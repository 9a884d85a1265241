import type { ColumnType, Generated, Selectable } from 'kysely';
import type { Event } from '../reservation/event.ts';
import type { Granted, KeyState, LeaseState } from '../reservation/lease.ts';
import type { InventoryAsked, InventoryFailure, InventoryProgress, InventoryReport } from '../reservation/inventory.ts';
import type { Limit } from '../reservation/plan.ts';
import type { Hours, Rule } from '../reservation/rights.ts';
import type { Reservation } from '../reservation/reservation.ts';
import type { PolledBookingTable, PollTable, RecordingTable, SampleTable, SourceSecretTable } from './schema-sources.ts';

/** The tables as Kysely sees them. Instants are Date in code and timestamptz in the database; bigint is number (both engines parse it so). */

type Nullable<T> = ColumnType<T | null, T | null | undefined, T | null>;
/** Written as JSON text, read back as the value. */
type Json<T> = ColumnType<T, string, string>;
type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;

export interface EventTable {
  id: string;
  source: string;
  /** Unique per source: the sender's signed id, or the meaning of the event. */
  dedupe: string;
  outcome: 'accepted' | 'ignored' | 'quarantined';
  reason: Nullable<string>;
  type: Nullable<string>;
  externalId: Nullable<string>;
  event: NullableJson<Event>;
  /** The raw body, sealed; kept for quarantined events only. */
  sealedBody: Nullable<string>;
  requestId: string;
  receivedAt: Date;
  seen: Generated<number>;
  lastSeenAt: Date;
}

export interface ReservationTable {
  id: string;
  source: string;
  externalId: string;
  state: Json<Reservation>;
  resourceId: Nullable<string>;
  resourceName: Nullable<string>;
  startsAt: Nullable<Date>;
  endsAt: Nullable<Date>;
  closed: Generated<boolean>;
  /** Why no lease came of it, for `explain`. */
  problem: Nullable<string>;
  createdAt: Date;
  updatedAt: Date;
}

export interface LeaseTable {
  id: string;
  reservationId: string;
  holderId: string;
  plan: string;
  provider: string;
  resourceId: string;
  state: LeaseState;
  /** Why it is refused, stuck or suspended. */
  reason: Nullable<string>;
  /** As last granted; null again when the lease goes over to another plan. */
  grant: NullableJson<Granted>;
  opensAt: Nullable<Date>;
  closesAt: Nullable<Date>;
  /** The generation of the key the holder should have; grows by rotation and reissue. */
  generation: Generated<number>;
  /** Older generations stay good until then. */
  overlapUntil: Nullable<Date>;
  suspendedAt: Nullable<Date>;
  /** An operator's revocation, final for this lease. */
  revokedBy: NullableJson<{ actor: string; reason: string; at: string }>;
  /** When settle must look again; null when nothing is ahead. */
  wakeAt: Nullable<Date>;
  /** Fence: whoever holds the highest turn may write. */
  turn: Generated<number>;
  heldUntil: Nullable<Date>;
  attempts: Generated<number>;
  lastError: Nullable<string>;
  createdAt: Date;
  updatedAt: Date;
}

export interface KeyTable {
  id: string;
  leaseId: string;
  generation: number;
  name: string;
  provider: string;
  state: KeyState;
  opensAt: Date;
  closesAt: Date;
  /** Sealed until claimed, then null. */
  sealedSecret: Nullable<string>;
  /** What people may see of it: prefix and last four characters. */
  hint: string;
  /** The window that a token was made for: it can say no other. Null for other values. */
  tokenFrom: Nullable<Date>;
  tokenUntil: Nullable<Date>;
  handle: NullableJson<unknown>;
  /** When the provider first answered that it exists; null as long as a call that could make it anew may be on its way. */
  confirmedAt: Nullable<Date>;
  activeAt: Nullable<Date>;
  suspendedAt: Nullable<Date>;
  revokeReason: Nullable<string>;
  revokingAt: Nullable<Date>;
  revokedAt: Nullable<Date>;
  /** How we know that it is dead. */
  proof: NullableJson<unknown>;
  attempts: Generated<number>;
  retryAt: Nullable<Date>;
  lastError: Nullable<string>;
  lastErrorKind: Nullable<string>;
  createdAt: Date;
  /** When its holder got the value. */
  revealedAt: Nullable<Date>;
  /** Since when the provider does not list it although it should work. */
  missingAt: Nullable<Date>;
  /** What is otherwise at the provider than it should be, when it was last listed. */
  drift: NullableJson<readonly string[]>;
}

/** What one node does at a time. */
export interface LockTable {
  name: string;
  holder: string;
  until: Date;
}

/** A key under one of our names that our books do not know: of a restored backup, or of another installation. */
export interface StrayTable {
  provider: string;
  name: string;
  handle: NullableJson<unknown>;
  firstSeenAt: Date;
  lastSeenAt: Date;
  revokedAt: Nullable<Date>;
}

/** What the last sweep of a provider found, and the one that is asked for or runs. */
export interface InventoryTable {
  provider: string;
  /** When the last one that came to its end began. */
  takenAt: Nullable<Date>;
  report: NullableJson<InventoryReport>;
  asked: NullableJson<InventoryAsked>;
  running: NullableJson<InventoryProgress>;
  /** Why the last one did not come to its end. */
  failed: NullableJson<InventoryFailure>;
}

export interface ClaimTable {
  id: string;
  keyId: string;
  leaseId: string;
  tokenHash: string;
  /** The token, sealed, so that a notification can be sent again; null once claimed or expired. */
  sealedToken: Nullable<string>;
  confirm: 'none' | 'email' | 'code';
  codeHash: Nullable<string>;
  sealedCode: Nullable<string>;
  expiresAt: Date;
  claimedAt: Nullable<Date>;
  claimedIp: Nullable<string>;
  claimedAgent: Nullable<string>;
  /** The key, sealed for the browser that claimed it and for a minute only; nobody else can open it. */
  sealedAgain: Nullable<string>;
  reveals: Generated<number>;
  /** Wrong confirmations and reveals after the claim. */
  refusals: Generated<number>;
  createdAt: Date;
}

export interface DeliveryTable {
  id: string;
  /** Makes an announcement idempotent. */
  dedupe: string;
  leaseId: Nullable<string>;
  claimId: Nullable<string>;
  channel: 'callback' | 'log' | 'email' | 'webhook';
  kind: string;
  target: string;
  /** What the message is about; never a secret. */
  body: Json<Record<string, unknown>>;
  state: 'pending' | 'delivered' | 'failed';
  attempts: Generated<number>;
  nextAt: Nullable<Date>;
  lastStatus: Nullable<number>;
  lastError: Nullable<string>;
  createdAt: Date;
  deliveredAt: Nullable<Date>;
}

export interface UsageTable {
  /** The budget's owner: a lease, or a key of a project. */
  leaseId: string;
  /** Of `local_key`, a generation of its own; empty where it is not known. */
  keyId: Generated<string>;
  /** Start of the hour, UTC. */
  hour: Date;
  /** A verify code: VALID, RATE_LIMITED, ... */
  code: string;
  count: number;
}

/** What a key may do, as it is stored. A request must pass all that is there. */
export interface StoredRights {
  scopes: string[];
  methods: string[];
  endpoints: string[];
  /** One of them must let the method through on that path; absent where methods and endpoints say it all. */
  rules?: Rule[];
  quota?: Limit;
  rateLimit?: Limit;
  /** Further limits, each a sliding window. */
  limits?: Limit[];
  allowedIps?: string[];
  deniedIps?: string[];
  /** When in the week it works; absent for always. */
  hours?: Hours[];
}

export interface LocalKeyTable {
  id: string;
  project: Generated<string>;
  /** The key of a project that this is a generation of; verify tells its id then. */
  projectKeyId: Nullable<string>;
  tokenType: Generated<'opaque' | 'jwt'>;
  /** What a token says of itself, in whole seconds: which key signed it, and when it is good. Null for other values. */
  tokenKid: Nullable<string>;
  tokenFrom: Nullable<Date>;
  tokenUntil: Nullable<Date>;
  /** Its holder or scopes were changed since, which it does not know. */
  tokenStale: Generated<boolean>;
  lastIp: Nullable<string>;
  name: string;
  /** SHA-256 of the whole key, hex. */
  hash: string;
  leaseId: string;
  holder: string;
  rights: Json<StoredRights>;
  opensAt: Date;
  closesAt: Date;
  suspendedAt: Nullable<Date>;
  revokedAt: Nullable<Date>;
  lastUsedAt: Nullable<Date>;
  createdAt: Date;
}

export interface AuditTable {
  seq: number;
  at: Date;
  actor: string;
  action: string;
  subject: string;
  detail: Json<Record<string, unknown>>;
  mac: string;
}

export interface AuditHeadTable {
  id: number;
  seq: number;
  mac: string;
}

export interface OperatorTable {
  id: string;
  name: string;
  role: 'admin' | 'operator' | 'viewer';
  /** The only one it sees; null for all. */
  project: Nullable<string>;
  tokenHash: string;
  createdAt: Date;
  disabledAt: Nullable<Date>;
}

export interface RotationTable {
  id: string;
  filter: Json<{ plan?: string; provider?: string; project?: string; sources?: string[] }>;
  overlapMs: number;
  reason: string;
  actor: string;
  state: 'running' | 'done';
  createdAt: Date;
  doneAt: Nullable<Date>;
}

export interface RotationItemTable {
  rotationId: string;
  leaseId: string;
  state: 'waiting' | 'done' | 'failed';
  /** Of the key that was asked for; null until it was. */
  generation: Nullable<number>;
  /** Why it failed, or what a waiting one waits for. */
  error: Nullable<string>;
}

/** An outgoing webhook that an operator subscribed by API; its URL is not trusted. */
export interface HookTable {
  id: string;
  url: string;
  sealedSecret: string;
  /** Notice kinds; empty means all. */
  kinds: Json<string[]>;
  createdAt: Date;
  disabledAt: Nullable<Date>;
}

/** Provider pacing, shared by all nodes: when the next call of a kind may start. */
export interface PaceTable {
  provider: string;
  action: string;
  nextAt: Date;
}

/** One row: the master key that this database is under, by its id. */
export interface MasterKeyTable {
  id: number;
  keyId: string;
}

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

/** What went through a budget's long windows by grains of time, and through its quota by period, so that a restart and other nodes know it. */
export interface WindowUseTable {
  budget: string;
  /** `hour`, `day-requests`, `quota-month`, ... */
  name: string;
  /** The beginning of the grain, or of the period; 1970 for a reservation's. */
  at: Date;
  /** A life of a process; empty for what all nodes count together. */
  node: string;
  count: number;
  /** When it no longer counts; null for as long as the budget has keys. */
  goneAt: Nullable<Date>;
}

/** What staff and thresholds did to a budget: of a lease, of a key of a project, or `project:<name>`. */
export interface BudgetTable {
  id: string;
  /** On top of the quota, for the period that `quotaExtraFrom` lies in. */
  quotaExtra: Generated<number>;
  quotaExtraFrom: Nullable<Date>;
  frozenAt: Nullable<Date>;
  frozenReason: Nullable<string>;
  /** By limit, the highest threshold that was told and the period it was told for. */
  reached: Json<Record<string, { percent: number; start: number }>>;
  /** When the last threshold was told. */
  reachedAt: Nullable<Date>;
  updatedAt: Date;
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

/** What tokens are signed with. */
export interface SigningKeyTable {
  kid: string;
  algorithm: 'EdDSA' | 'ES256' | 'RS256';
  publicJwk: Json<Record<string, unknown>>;
  /** What its tokens say, whatever the configuration says later. */
  issuer: string;
  /** Null where it is the token's project. */
  audience: Nullable<string>;
  /** Wiped once it signs no more. */
  sealedPrivate: Nullable<string>;
  createdAt: Date;
  signsFrom: Date;
  /** Null for the newest one only. */
  signsUntil: Nullable<Date>;
  /** When it leaves the JWKS: no token of it is alive any more. */
  goneAt: Nullable<Date>;
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

export interface KnownAddressTable {
  leaseId: string;
  address: string;
  firstSeenAt: Date;
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

export interface Database {
  event: EventTable;
  reservation: ReservationTable;
  lease: LeaseTable;
  key: KeyTable;
  claim: ClaimTable;
  delivery: DeliveryTable;
  usage: UsageTable;
  localKey: LocalKeyTable;
  audit: AuditTable;
  auditHead: AuditHeadTable;
  operator: OperatorTable;
  rotation: RotationTable;
  rotationItem: RotationItemTable;
  hook: HookTable;
  pace: PaceTable;
  masterKey: MasterKeyTable;
  lock: LockTable;
  stray: StrayTable;
  inventory: InventoryTable;
  projectKey: ProjectKeyTable;
  creation: CreationTable;
  windowUse: WindowUseTable;
  budget: BudgetTable;
  scope: ScopeTable;
  signingKey: SigningKeyTable;
  alertRule: AlertRuleTable;
  alert: AlertTable;
  knownAddress: KnownAddressTable;
  bulk: BulkTable;
  bulkItem: BulkItemTable;
  sourceSecret: SourceSecretTable;
  recording: RecordingTable;
  sample: SampleTable;
  poll: PollTable;
  polledBooking: PolledBookingTable;
}

export type EventRow = Selectable<EventTable>;
/** As read back: its JSON is the value. */
export type NewEvent = EventRow;
export type ReservationRow = Selectable<ReservationTable>;
export type LeaseRow = Selectable<LeaseTable>;
export type KeyRow = Selectable<KeyTable>;
export type ClaimRow = Selectable<ClaimTable>;
export type DeliveryRow = Selectable<DeliveryTable>;
export type LocalKeyRow = Selectable<LocalKeyTable>;
export type AuditRow = Selectable<AuditTable>;
export type OperatorRow = Selectable<OperatorTable>;
export type HookRow = Selectable<HookTable>;
export type RotationRow = Selectable<RotationTable>;
export type StrayRow = Selectable<StrayTable>;
export type InventoryRow = Selectable<InventoryTable>;
export type ProjectKeyRow = Selectable<ProjectKeyTable>;
export type SigningKeyRow = Selectable<SigningKeyTable>;
export type ScopeRow = Selectable<ScopeTable>;
export type BudgetRow = Selectable<BudgetTable>;
export type AlertRuleRow = Selectable<AlertRuleTable>;
export type AlertRow = Selectable<AlertTable>;
export type BulkRow = Selectable<BulkTable>;
export type BulkItemRow = Selectable<BulkItemTable>;
