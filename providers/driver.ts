import type { z } from 'zod';
import type { Secret } from '../src/secret/secret.ts';

/*
 * A driver makes one key and destroys one key. It keeps no state, reads no environment, retries nothing and logs nothing:
 * the core does.
 *
 *  - Every call may be repeated, also after a crash that lost its answer. However often `issue` runs for one name,
 *    one key is alive afterwards, and it has all its policies.
 *  - Name everything after `request.name` (unique per lease and generation), so that `revoke` finds it with no handle.
 *  - `revoke` of something already gone is success. Anything you cannot finish, throw: silence means the key is dead.
 *  - Honour `call.signal`: a call past its deadline is aborted, and will be made again.
 *  - A failure is a `DriverError` whose kind says what the core does next. Never let a vendor's body or a secret into it.
 */

/** Who keeps a promise: the gateway exactly, the gateway roughly, Latchkey by its own clock, or nobody. */
export type Enforcement = 'gateway' | 'approximate' | 'latchkey' | 'none';

export const ENFORCED = ['scopes', 'endpoints', 'methods', 'quota', 'rate', 'allowedIps', 'notBefore', 'expiry'] as const;

/** What the holder may rely on, limit by limit, with a sentence for people. */
export type LimitReport = Readonly<Record<(typeof ENFORCED)[number], { readonly by: Enforcement; readonly note?: string }>>;

/** The provider's control-plane rates, shared by all nodes: calls per second, and how many may run at once. */
export interface Pace {
  readonly issuePerSecond: number;
  readonly revokePerSecond: number;
  readonly concurrency: number;
}

/** One call's surroundings. `signal` aborts at the deadline. */
export interface Call {
  readonly signal: AbortSignal;
  readonly requestId: string;
}

export interface RateLimit {
  readonly limit: number;
  readonly per: 'second' | 'minute' | 'hour' | 'day' | 'month' | 'reservation';
}

export interface IssueRequest {
  /** Deterministic, unique per lease and generation, `[a-z0-9-]{1,60}`. */
  readonly name: string;
  /** What Latchkey calls the key, to people and gateways. */
  readonly keyId: string;
  /** The key's value, already sealed in the ledger. A provider that makes its own value ignores it and returns one. */
  readonly secret: Secret;
  /** Owner of the budget: limits and usage belong to the lease and survive rotation. */
  readonly lease: string;
  readonly reservation: { readonly source: string; readonly id: string };
  readonly resource: { readonly id: string; readonly name: string; readonly type: string };
  readonly holder: { readonly id: string; readonly name: string };
  readonly scopes: readonly string[];
  /** Methods by scope, for providers whose policies are written by scope. */
  readonly methodsByScope: Readonly<Record<string, readonly string[]>>;
  readonly endpoints: readonly string[];
  readonly quota?: RateLimit;
  readonly rateLimit?: RateLimit;
  readonly allowedIps?: readonly string[];
  readonly window: KeyWindow;
}

export interface KeyWindow {
  readonly opensAt: Date;
  readonly closesAt: Date;
}

export interface Issued<Handle> {
  readonly handle: Handle;
  /** Only where the provider makes the value itself. */
  readonly secret?: Secret;
  /** It was there before, from a call whose answer was lost, and has the window of that call. */
  readonly existed?: boolean;
}

/** A key as the core remembers it. After a lost answer there is no handle, but name and secret are there. */
export interface KeyRef<Handle> {
  readonly name: string;
  readonly handle: Handle | null;
  readonly secret: Secret | null;
}

export interface Usage {
  readonly used: number;
  readonly limit?: number;
  readonly refused?: number;
}

export interface Range {
  readonly from: Date;
  readonly to: Date;
}

export interface Health {
  readonly ok: boolean;
  /** What an operator should know, e.g. a gateway on which a key restricts nothing. */
  readonly warnings: readonly string[];
}

export interface Driver<Handle> {
  readonly limits: LimitReport;
  readonly pace: Pace;
  /** How long the longest call may take, where the core's minute is not enough. */
  readonly deadlineMs?: number;
  issue(request: IssueRequest, call: Call): Promise<Issued<Handle>>;
  revoke(key: KeyRef<Handle>, call: Call): Promise<void>;
  issueMany?(requests: readonly IssueRequest[], call: Call): Promise<readonly Issued<Handle>[]>;
  /** Moves a living key's window without changing the key. The request is what the key should be now. */
  retime?(key: KeyRef<Handle>, request: IssueRequest, call: Call): Promise<void>;
  /** Holds a key back, and lets it go again, without changing it. After `suspend` no request passes. */
  suspend?(key: KeyRef<Handle>, call: Call): Promise<void>;
  resume?(key: KeyRef<Handle>, call: Call): Promise<void>;
  usage?(key: KeyRef<Handle>, range: Range, call: Call): Promise<Usage>;
  /** Everything at the provider that carries our name, all pages. */
  list?(call: Call): AsyncIterable<KeyRef<Handle>>;
  /** The cheapest authenticated read. */
  check(call: Call): Promise<Health>;
}

export const FAILURES = ['transient', 'rate-limited', 'gone', 'refused', 'denied', 'rejected', 'full'] as const;
/**
 * transient     try again with backoff          rate-limited  try again after `retryAfterMs`
 * gone          it is not there any more        refused       the provider blocks this for now: tell the operator, keep trying slowly
 * denied        our credentials lack a right    rejected      this request can never succeed: stop, tell the owner
 * full          a cap at the provider
 */
export type Failure = (typeof FAILURES)[number];

/** A failed driver call. `message` is safe to show to an operator: no secret, no raw vendor body. */
export class DriverError extends Error {
  readonly kind: Failure;
  readonly retryAfterMs: number | undefined;
  readonly status: number | undefined;

  constructor(kind: Failure, message: string, options: { retryAfterMs?: number; status?: number } = {}) {
    super(message);
    this.name = 'DriverError';
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status;
  }
}

/** A record of the built-in key manager, as its driver writes it. Only a hash of the secret is kept. */
export interface LocalKey {
  readonly name: string;
  /** Of a key that a lease has; a key that is made directly gets one. */
  readonly id?: string;
  readonly secret: Secret;
  readonly lease: string;
  readonly holder: string;
  readonly scopes: readonly string[];
  readonly methods: readonly string[];
  readonly endpoints: readonly string[];
  readonly quota?: RateLimit;
  readonly rateLimit?: RateLimit;
  readonly allowedIps?: readonly string[];
  readonly window: KeyWindow;
}

/** The built-in key manager, as far as its driver needs it. */
export interface KeyManager {
  /** Creates or replaces the key of that name. The same name and secret twice leaves one key. */
  put(key: LocalKey): Promise<{ keyId: string }>;
  /** Moves the window; false when there is no such key. */
  retime(name: string, window: KeyWindow): Promise<boolean>;
  /** Holds the key back and lets it go again; false when there is no such key. */
  suspend(name: string): Promise<boolean>;
  resume(name: string): Promise<boolean>;
  /** After it resolves no request is let through, on any node that can still answer. Absent names are fine. */
  remove(name: string): Promise<void>;
  usage(name: string): Promise<Usage | undefined>;
  list(): AsyncIterable<{ name: string; keyId: string }>;
}

/** What a driver is given to work with. */
export interface Tools {
  readonly keys: KeyManager;
  readonly userAgent: string;
  /** Which instance of the provider this is, for messages. */
  readonly provider: string;
}

export interface DriverDefinition<Config extends z.ZodType = z.ZodType, Handle extends z.ZodType = z.ZodType> {
  readonly id: string;
  /** What the `providers:` section takes, next to `driver:`. */
  readonly config: Config;
  /** What is stored to find a key again. Fields of type `z.instanceof(Secret)` are sealed at rest and wiped after revocation. */
  readonly handle: Handle;
  open(config: z.output<Config>, tools: Tools): Driver<z.output<Handle>>;
}

/** Types a driver's definition; the only way to make one. */
export function defineDriver<Config extends z.ZodType, Handle extends z.ZodType>(
  definition: DriverDefinition<Config, Handle>,
): DriverDefinition<Config, Handle> {
  return definition;
}
