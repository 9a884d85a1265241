import type { Generated } from 'kysely';
import type { Limit } from '../../reservation/plan.ts';
import type { Hours, Rule } from '../../reservation/rights.ts';
import type { Json, Nullable } from './columns.ts';

/** The built-in key manager. */

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

export interface KnownAddressTable {
  leaseId: string;
  address: string;
  firstSeenAt: Date;
}
