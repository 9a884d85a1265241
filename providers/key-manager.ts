import type { Secret } from '../src/secret/secret.ts';
import type { IssueRequest, KeyWindow, RateLimit, ScopeRule, Standing, Usage, WeeklyHours } from './driver.ts';

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
  readonly limits?: readonly RateLimit[];
  readonly allowedIps?: readonly string[];
  readonly deniedIps?: readonly string[];
  readonly rules?: readonly ScopeRule[];
  readonly hours?: readonly WeeklyHours[];
  /** Without one it is of the project named default. */
  readonly project?: string;
  readonly tokenType?: 'opaque' | 'jwt';
  /** The key of a project that this is a generation of: what verify names. */
  readonly projectKey?: string;
  readonly window: KeyWindow;
}

/** The built-in key manager, as far as its driver needs it. */
export interface KeyManager {
  /** Creates or replaces the key of that name. The same name and secret twice leaves one key. */
  put(key: LocalKey): Promise<{ keyId: string }>;
  /** Gives the key of that name another value, under all its rights; false when there is no such key. */
  rekey(name: string, secret: Secret): Promise<boolean>;
  /** Moves the window; false when there is no such key. */
  retime(name: string, window: KeyWindow): Promise<boolean>;
  /** Holds the key back and lets it go again; false when there is no such key. */
  suspend(name: string): Promise<boolean>;
  resume(name: string): Promise<boolean>;
  /** After it resolves no request is let through, on any node that can still answer. Absent names are fine. */
  remove(name: string): Promise<void>;
  usage(name: string): Promise<Usage | undefined>;
  /** What verify makes of the key of that name here, and of what the ledger says of it: the more of the two. */
  standing(name: string): Promise<Standing>;
  list(): AsyncIterable<{ name: string; keyId: string }>;
}

/** The record of a key that is asked for, under the value it has. */
export function localKeyOf({ methodsByScope, holder, ...request }: IssueRequest, secret: Secret): LocalKey {
  return {
    name: request.name,
    id: request.keyId,
    secret,
    lease: request.lease,
    holder: holder.id,
    scopes: request.scopes,
    methods: [...new Set(request.scopes.flatMap((scope) => methodsByScope[scope] ?? []))],
    endpoints: request.endpoints,
    quota: request.quota,
    rateLimit: request.rateLimit,
    limits: request.limits,
    allowedIps: request.allowedIps,
    deniedIps: request.deniedIps,
    rules: request.rules,
    hours: request.hours,
    project: request.project,
    tokenType: request.tokenType,
    window: request.window,
  };
}
