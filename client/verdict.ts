/** What is asked about a key, and what is answered. */

export interface VerifyRequest {
  readonly key: string;
  /** Not checked when absent. Upper case as in HTTP. */
  readonly method?: string;
  /** As the client sent it, with or without its query. Not checked when absent. */
  readonly path?: string;
  /** The client's address. A key with an address list is refused without it. */
  readonly ip?: string;
  /** The key must hold one of them. Not checked when absent. */
  readonly scopes?: readonly string[];
  /** How many requests this one counts for; a whole number from 1. */
  readonly cost?: number;
}

export type RefusalCode =
  | 'NOT_FOUND'
  | 'NOT_YET_VALID'
  | 'EXPIRED'
  | 'REVOKED'
  | 'SUSPENDED'
  | 'OUTSIDE_HOURS'
  | 'INSUFFICIENT_SCOPE'
  | 'ENDPOINT_FORBIDDEN'
  | 'IP_FORBIDDEN'
  | 'RATE_LIMITED'
  | 'QUOTA_EXCEEDED';

/** One limit of a key, or of all keys of its project. */
export interface LimitLeft {
  readonly name: string;
  readonly limit: number;
  readonly remaining: number;
  /** Null for a limit over a whole reservation. */
  readonly windowSeconds: number | null;
  /** Null when nothing ever comes back. */
  readonly resetMs: number | null;
}

/** The tightest of its kind. */
export interface LimitState {
  readonly limit: number;
  readonly remaining: number;
  readonly resetAt: Date | null;
}

export interface Verdict {
  readonly valid: boolean;
  readonly code: 'VALID' | RefusalCode;
  /** Where it is a signed token, or looks like one. */
  readonly tokenType?: 'jwt';
  readonly keyId?: string;
  readonly holder?: string;
  readonly scopes?: readonly string[];
  /** Null for a key that does not expire. */
  readonly expiresAt?: Date | null;
  /** All of them. */
  readonly limits?: readonly LimitLeft[];
  readonly rateLimit?: LimitState;
  readonly quota?: LimitState;
  /** Where its quota was frozen by hand. */
  readonly frozen?: boolean;
  readonly retryAfterMs?: number;
}

/** Who may be asked about keys. */
export interface Verifier {
  /** Throws `VerifyUnavailable` when there is no answer to go by: then nobody may pass. */
  verify(request: VerifyRequest): Promise<Verdict>;
}
