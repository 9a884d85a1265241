import type { Hours, TokenType } from './rights.ts';

/** What a resource grants. Built from the configuration by policy.ts; the rules only read it. */

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export type Method = (typeof METHODS)[number];

export const PERIODS = ['second', 'minute', 'hour', 'day', 'month', 'reservation'] as const;
export type Period = (typeof PERIODS)[number];

/** `limit` requests in any window of `per`. `reservation` counts over the whole life of the lease. */
export interface Limit {
  readonly limit: number;
  readonly per: Period;
  /** `requests` counts each call once; without it a call counts for the cost that its caller says. */
  readonly unit?: 'requests';
}

export interface Scope {
  readonly methods: readonly Method[];
  /** The only paths its methods are for; absent for all. */
  readonly endpoints?: readonly string[];
  readonly description?: string;
}

export interface Plan {
  readonly name: string;
  /** Only bookings of this project's sources get it. */
  readonly project: string;
  /** Globs (`*`, `?`) over the source's name and the booking's resource; an absent one matches everything. */
  readonly match: { readonly source?: string; readonly resource?: string; readonly resourceType?: string };
  readonly provider: string;
  readonly scopes: { readonly default: readonly string[]; readonly allowed: readonly string[] };
  /** Path patterns: `*` is one segment, `**` any number of them. */
  readonly endpoints: { readonly default: readonly string[]; readonly allowed: readonly string[] };
  readonly quota?: { readonly default: number; readonly max: number; readonly per: Period; readonly unit?: Limit['unit'] };
  readonly rateLimit?: { readonly default: Limit; readonly max: Limit };
  /** Further limits, each a sliding window; a booking cannot ask for others. */
  readonly furtherLimits?: readonly Limit[];
  readonly allowedIps?: readonly string[];
  readonly deniedIps?: readonly string[];
  /** When in the week its keys work; absent for always. */
  readonly hours?: readonly Hours[];
  readonly tokenType: TokenType;
  readonly window: {
    readonly opensBeforeMs: number;
    readonly closesAfterMs: number;
    /** A booking longer than this is refused; a booking without an end ends after it. */
    readonly longestMs?: number;
    /** How long before the window opens the key may be made at a provider that refuses it until then. */
    readonly issueBeforeMs: number;
  };
  readonly handover: { readonly by: readonly Channel[]; readonly confirm: Confirmation };
  readonly rotation?: { readonly everyMs: number; readonly overlapMs: number };
  /** Limits the driver declares as not enforced, knowingly accepted. */
  readonly acceptsUnenforced: boolean;
}

export const CHANNELS = ['callback', 'email', 'webhook'] as const;
export type Channel = (typeof CHANNELS)[number];

export const CONFIRMATIONS = ['none', 'email', 'code'] as const;
export type Confirmation = (typeof CONFIRMATIONS)[number];

/** By name. */
export type Scopes = Readonly<Record<string, Scope>>;

/** What the rules ask of the configuration in force. */
export interface Catalogue {
  /** Those that a project knows: what the configuration describes, and what its own catalogue adds. */
  scopesOf(project: string): Scopes;
  /** Whose a source is; undefined for one that is not configured any more. */
  projectOf(source: string): string | undefined;
  /** In the order of the file: the first of its project that matches is the plan. */
  readonly plans: readonly Plan[];
}
