import type { z } from 'zod';
import type { Secret } from '../src/secret/secret.ts';
import type { KeyManager } from './key-manager.ts';

/*
 * A driver makes one key and destroys one key. It keeps no state, reads no environment, retries nothing and logs nothing:
 * the core does.
 *
 *  - Every call may be repeated, also after a crash that lost its answer. However often `issue` runs for one name,
 *    one key is alive afterwards, and it has all its policies.
 *  - Name everything after `request.name` (unique per lease and generation), so that `revoke` finds it with no handle.
 *  - `revoke` of something already gone is success. Anything you cannot finish, throw: silence means the key is dead.
 *  - Honour `call.signal`: a call past its deadline is aborted, and will be made again.
 *  - Before each request that `pace.operations` names, wait for `call.turn`. What it throws passes through unchanged.
 *  - A failure is a `DriverError` whose kind says what the core does next. Never let a vendor's body or a secret into it.
 */

/** Who keeps a promise: the gateway exactly, the gateway roughly, Latchkey by its own clock, or nobody. */
export type Enforcement = 'gateway' | 'approximate' | 'latchkey' | 'none';

export const ENFORCED = ['scopes', 'endpoints', 'methods', 'quota', 'rate', 'allowedIps', 'notBefore', 'expiry'] as const;

/**
 * What few gateways know: further limits, scopes that are for some paths only, forbidden addresses, hours of the week, and values that are
 * signed tokens. One that a driver does not mention is kept by nobody.
 */
export const FURTHER = ['limits', 'scopeEndpoints', 'deniedIps', 'hours', 'tokens'] as const;

/** All that a plan may ask for. */
export const ASKABLE = [...ENFORCED, ...FURTHER] as const;
export type Askable = (typeof ASKABLE)[number];

/** Who keeps something, with a sentence for people. */
export interface Kept {
  readonly by: Enforcement;
  readonly note?: string;
}

/** What the holder may rely on, limit by limit. */
export type LimitReport = Readonly<Record<(typeof ENFORCED)[number], Kept> & Partial<Record<(typeof FURTHER)[number], Kept>>>;

/** The provider's control-plane rates, shared by all nodes: calls per second, and how many may run at once. */
export interface Pace {
  readonly issuePerSecond: number;
  readonly revokePerSecond: number;
  readonly concurrency: number;
  /** Where one call is several requests: how many a second the provider takes of each operation, by names of the driver's own. */
  readonly operations?: Readonly<Record<string, number>>;
  /** The most keys in one `issueMany`. */
  readonly batch?: number;
}

export interface KeyForm {
  readonly lead?: string;
  readonly joint?: '_' | '';
}

/** One call's surroundings. `signal` aborts at the deadline. */
export interface Call {
  readonly signal: AbortSignal;
  readonly requestId: string;
  /** Waits for the next free moment of an operation that `pace.operations` names. Throws when that is too far ahead: the call is made again later. */
  turn(operation: string): Promise<void>;
  /**
   * Writes down, before the call is over, what finds the key again or goes on with what was begun: the next call for this key has it,
   * `issue` as `request.kept`, the others as their key's handle. Does nothing in `issueMany`.
   */
  keep(handle: unknown): Promise<void>;
  /** Told each request to the provider when somebody tries it out. */
  readonly trace?: (exchange: Exchange) => void;
}

/** One request to the provider, for people. Without headers; the core takes the key out. */
export interface Exchange {
  readonly method: string;
  /** Host, path and query. */
  readonly url: string;
  readonly body?: unknown;
  /** Absent when there was no answer. */
  readonly status?: number;
  readonly ms: number;
}

export interface RateLimit {
  readonly limit: number;
  readonly per: 'second' | 'minute' | 'hour' | 'day' | 'month' | 'reservation';
  /** `requests` counts each call once, whatever it costs. */
  readonly unit?: 'requests';
}

/** Methods on paths that one scope allows. */
export interface ScopeRule {
  readonly methods: readonly string[];
  readonly endpoints: readonly string[];
}

/** `[from, to)` by the wall clock of an IANA zone, on days from 1, Monday, to 7. */
export interface WeeklyHours {
  readonly days?: readonly number[];
  readonly from: string;
  readonly to: string;
  readonly zone: string;
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
  /** Further limits, each a sliding window. */
  readonly limits?: readonly RateLimit[];
  readonly allowedIps?: readonly string[];
  readonly deniedIps?: readonly string[];
  /** Where scopes are for some paths only: one for each, one of which must let a request through. */
  readonly rules?: readonly ScopeRule[];
  readonly hours?: readonly WeeklyHours[];
  /** Whose budget its budget is part of. */
  readonly project?: string;
  /** `jwt`: `secret` is a signed token. */
  readonly tokenType?: 'opaque' | 'jwt';
  readonly window: KeyWindow;
  /** The handle that an earlier call for this key kept before its answer was lost. */
  readonly kept?: unknown;
}

/** What a plan or a booking wants of a key, as far as a gateway may keep it or not. */
export type Asked = Pick<
  IssueRequest,
  | 'scopes'
  | 'methodsByScope'
  | 'rules'
  | 'endpoints'
  | 'quota'
  | 'rateLimit'
  | 'limits'
  | 'allowedIps'
  | 'deniedIps'
  | 'hours'
  | 'tokenType'
>;

export interface KeyWindow {
  readonly opensAt: Date;
  readonly closesAt: Date;
}

export interface Issued<Handle> {
  readonly handle: Handle;
  /** Only where the provider makes the value itself and tells it now; where it tells it later, the driver has `reveal`. */
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

/** A key as the provider lists it. */
export interface Listed<Handle> extends KeyRef<Handle> {
  /** What is otherwise at the provider than the request says, for people, e.g. `rate is 50/second`. Left out where the listing does not tell. */
  readonly driftFrom?: (request: IssueRequest) => readonly string[];
}

/** What the provider says of a key: it opens the door, it is there and opens nothing, or it is not there. */
export type Standing = 'works' | 'held' | 'gone';

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

/** An optional power is a method that is there or not. */
export interface Driver<Handle> {
  readonly limits: LimitReport;
  readonly pace: Pace;
  /** How values must look, where the usual `prefix_random` is not allowed: the lead stands before the prefix, and the joint for `_`. */
  readonly keyForm?: KeyForm;
  /** How long the longest call may take, where the core's minute is not enough. */
  readonly deadlineMs?: number;
  /** Where it depends on what is asked who keeps a promise, e.g. on the period of a quota. Never `notBefore` and `expiry`: they are as in `limits`. */
  limitsFor?(asked: Asked): LimitReport;
  issue(request: IssueRequest, call: Call): Promise<Issued<Handle>>;
  /** Answers what the key was used for, where the provider tells it for the last time then. */
  revoke(key: KeyRef<Handle>, call: Call): Promise<Usage | void>;
  /** All or none of them, in the same order. Repeated with some of them or with others, as `issue` is. `rejected` has each issued by itself. */
  issueMany?(requests: readonly IssueRequest[], call: Call): Promise<readonly Issued<Handle>[]>;
  /**
   * As `issue`, beside the living key of the generation before, where the provider keeps two in one place. Both work afterwards, and the
   * older one is revoked by itself later. After a lost answer, and when the older one has gone meanwhile, `issue` may be called instead.
   */
  rotate?(previous: KeyRef<Handle>, request: IssueRequest, call: Call): Promise<Issued<Handle>>;
  /** The value of a key that the provider made, asked when its holder claims it. It is never stored. */
  reveal?(key: KeyRef<Handle>, call: Call): Promise<Secret>;
  /** Moves a living key's window without changing the key. The request is what the key should be now. */
  retime?(key: KeyRef<Handle>, request: IssueRequest, call: Call): Promise<void>;
  /** Holds a key back, and lets it go again, without changing it. After `suspend` no request passes. */
  suspend?(key: KeyRef<Handle>, call: Call): Promise<void>;
  resume?(key: KeyRef<Handle>, call: Call): Promise<void>;
  usage?(key: KeyRef<Handle>, range: Range, call: Call): Promise<Usage>;
  /** The key's state read back from the provider: the proof of its revocation. */
  probe?(key: KeyRef<Handle>, call: Call): Promise<Standing>;
  /** Everything at the provider that carries our name, all pages. */
  list?(call: Call): AsyncIterable<Listed<Handle>>;
  /** Makes a living key again what the request says, with the same value. */
  repair?(key: KeyRef<Handle>, request: IssueRequest, call: Call): Promise<void>;
  /** Collects a little of what we made and no key uses any more, such as empty usage plans. Called every hour; answers how much it was. */
  tidy?(call: Call): Promise<number>;
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

/** What a driver is given to work with. */
export interface Tools {
  readonly keys: KeyManager;
  readonly userAgent: string;
  /** Which instance of the provider this is, for messages. */
  readonly provider: string;
  /** Runs the work when nobody else, on any node, runs one under this name at this provider. Rejects with the signal's reason, or what the work throws. */
  lock<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
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
