import type { Book } from './book.ts';
import { checkKey, hashKey } from './key.ts';
import type { Limits, Taken } from './limits.ts';
import { normalisePath } from './paths.ts';
import type { KeyRecord } from './record.ts';
import type { UsageMeter } from './usage.ts';

export const VERIFY_CODES = [
  'VALID',
  'NOT_FOUND',
  'NOT_YET_VALID',
  'EXPIRED',
  'REVOKED',
  'SUSPENDED',
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
  /** How many requests this one counts for; a whole number from 1. */
  readonly cost?: number;
}

export interface Verdict {
  readonly valid: boolean;
  readonly code: VerifyCode;
  readonly keyId?: string;
  readonly lease?: string;
  readonly holder?: string;
  readonly scopes?: readonly string[];
  readonly expiresAt?: Date;
  readonly rateLimit?: Taken['rateLimit'];
  readonly quota?: Taken['quota'];
  readonly retryAfterMs?: number;
}

export interface VerifyOptions {
  readonly book: Book;
  readonly limits: Limits;
  readonly usage: UsageMeter;
  readonly now: () => Date;
  /** Whether keys that others made are known here too; then what does not look like one of ours is looked up as well. */
  readonly knowsOthers?: () => boolean;
  /** For metrics. */
  readonly counted?: (code: VerifyCode) => void;
}

/** Any value that a gateway makes: visible ASCII. */
const OTHERS = /^[\x21-\x7e]{16,256}$/;

export type Verify = (request: VerifyRequest) => Verdict | Promise<Verdict>;

/**
 * Is this key good, for this request, now? The first of these that is not so decides: known, not revoked before its end, not
 * suspended, in its window, from an allowed address, with an allowed method, on an allowed path, within rate and quota. Only a
 * request that passes all is counted against them. Answers at once for a known key and limits of this process. Throws a Fault
 * 'unavailable' for an unknown key while the ledger is out of reach.
 */
export function createVerify(options: VerifyOptions): Verify {
  const { book, limits, usage, now, counted = () => {}, knowsOthers = () => false } = options;

  function judge(record: KeyRecord | null | undefined, request: VerifyRequest): Verdict | Promise<Verdict> {
    const at = now().getTime();
    if (!record) return refuseUnknown();
    const refused = standing(record, at) ?? rightsRefuse(record, request);
    if (refused) return conclude(record, refused, { at });
    const taken = limits.take(record.budget, request.cost ?? 1, at);
    if (!(taken instanceof Promise)) return conclude(record, taken.refused ?? 'VALID', { at, taken, cost: request.cost });
    return taken.then((shared) => concludeLate(record, shared, request.cost));
  }

  /** The key may have been revoked while Redis was asked: after the revocation's answer nothing may pass. */
  function concludeLate(asked: KeyRecord, taken: Taken, cost: number | undefined): Verdict {
    const at = now().getTime();
    const record = book.find(asked.hash);
    if (!record) return refuseUnknown();
    return conclude(record, standing(record, at) ?? taken.refused ?? 'VALID', { at, taken, cost });
  }

  function refuseUnknown(): Verdict {
    counted('NOT_FOUND');
    return { valid: false, code: 'NOT_FOUND' };
  }

  function conclude(record: KeyRecord, code: VerifyCode, outcome: { at: number; taken?: Taken; cost?: number }): Verdict {
    const valid = code === 'VALID';
    counted(code);
    usage.count(record.budget.lease, code, valid ? (outcome.cost ?? 1) : 1, outcome.at);
    if (valid) usage.touch(record.id, outcome.at);
    return {
      valid,
      code,
      keyId: record.id,
      lease: record.budget.lease,
      holder: record.holder,
      scopes: record.rights.scopes,
      expiresAt: new Date(record.closesAt),
      rateLimit: outcome.taken?.rateLimit,
      quota: outcome.taken?.quota,
      retryAfterMs: outcome.taken?.retryAfterMs,
    };
  }

  return (request) => {
    if (!checkKey(request.key) && !(knowsOthers() && OTHERS.test(request.key))) return refuseUnknown();
    const hash = hashKey(request.key);
    const record = book.isFresh() ? book.find(hash) : undefined;
    if (record !== undefined) return judge(record, request);
    // Looked up again by hash: it may have changed between the ledger's answer and now.
    return book.lookUp(hash).then((found) => judge(book.find(hash) ?? found, request));
  };
}

/** Why a key opens nothing at that moment, whatever it is used for. */
export function standing(record: KeyRecord, at: number): VerifyCode | undefined {
  // At the end of its window every key is revoked: to its holder that is its expiry.
  if (record.revokedAt !== null) return record.revokedAt < record.closesAt ? 'REVOKED' : 'EXPIRED';
  if (record.suspended) return 'SUSPENDED';
  if (at < record.opensAt) return 'NOT_YET_VALID';
  return at >= record.closesAt ? 'EXPIRED' : undefined;
}

function rightsRefuse({ rights }: KeyRecord, { method, path, ip }: VerifyRequest): VerifyCode | undefined {
  if (rights.allowsIp && (ip === undefined || !rights.allowsIp(ip))) return 'IP_FORBIDDEN';
  if (method !== undefined && !rights.methods.has(method) && !(method === 'HEAD' && rights.methods.has('GET')))
    return 'INSUFFICIENT_SCOPE';
  if (path === undefined) return undefined;
  const plain = normalisePath(path);
  return plain === undefined || !rights.reaches(plain) ? 'ENDPOINT_FORBIDDEN' : undefined;
}
