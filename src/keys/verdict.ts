import type { LimitState, Taken } from './budget.ts';

/** What is asked about a key, and what is answered. */

export const VERIFY_CODES = [
  'VALID',
  'NOT_FOUND',
  'NOT_YET_VALID',
  'EXPIRED',
  'REVOKED',
  'SUSPENDED',
  'OUTSIDE_HOURS',
  'INSUFFICIENT_SCOPE',
  'ENDPOINT_FORBIDDEN',
  'IP_FORBIDDEN',
  'RATE_LIMITED',
  'QUOTA_EXCEEDED',
] as const;
export type VerifyCode = (typeof VERIFY_CODES)[number];

export interface VerifyRequest {
  readonly key: string;
  /** Not checked when absent. Upper case as in HTTP. */
  readonly method?: string;
  /** As the client sent it, with or without its query. Not checked when absent. */
  readonly path?: string;
  /** The client's address. A key with an address list is refused without it. */
  readonly ip?: string;
  /** The key must hold one of them. Not checked when absent; an empty list is met by no key. */
  readonly scopes?: readonly string[];
  /** How many requests this one counts for; a whole number from 1. */
  readonly cost?: number;
  /** Whom wrong keys are counted against. Absent: nobody. */
  readonly guesser?: string;
}

export interface Verdict {
  readonly valid: boolean;
  readonly code: VerifyCode;
  /** Where it is a signed token, or looks like one. */
  readonly tokenType?: 'jwt';
  /** The key of a project, where it is a generation of one. */
  readonly keyId?: string;
  readonly project?: string;
  /** Absent for the key of a project. */
  readonly lease?: string;
  readonly holder?: string;
  readonly scopes?: readonly string[];
  /** Null for a key that does not expire. */
  readonly expiresAt?: Date | null;
  readonly rateLimit?: Taken['rateLimit'];
  readonly quota?: Taken['quota'];
  /** Every limit that the call was held against, the quota last; absent when there is none. */
  readonly limits?: readonly LimitState[];
  /** Staff stopped the budget, whatever is left of it: why it is `QUOTA_EXCEEDED`. */
  readonly frozen?: true;
  /** Where it is `NOT_FOUND`: too many wrong keys came from there, so this one was not looked up. */
  readonly retryAfterMs?: number;
}
