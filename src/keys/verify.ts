import type { Book } from './book.ts';
import type { Limits, Taken } from './budget.ts';
import type { Guesses } from './guesses.ts';
import { checkKey, hashKey } from './key.ts';
import type { KeyRecord } from './record.ts';
import { rightsRefuse, standing } from './refusals.ts';
import { Fault } from '../reservation/fault.ts';
import { isTokenForm } from './token.ts';
import { createProof, type CheckToken } from './token-check.ts';
import type { UsageMeter } from './usage.ts';
import type { Verdict, VerifyCode, VerifyRequest } from './verdict.ts';

export interface VerifyOptions {
  readonly book: Book;
  readonly limits: Limits;
  readonly usage: Pick<UsageMeter, 'count'>;
  readonly guesses: Guesses;
  readonly now: () => Date;
  /** Without it no token is known. */
  readonly checkToken?: CheckToken;
  /** Whether keys that others made are known here too; then what does not look like one of ours is looked up as well. */
  readonly knowsOthers?: () => boolean;
  /** For metrics. */
  readonly counted?: (code: VerifyCode) => void;
}

/** Any value that a gateway makes: visible ASCII. */
const OTHERS = /^[\x21-\x7e]{16,256}$/;
const SHORTEST = 16;
/** Of all but tokens. */
const LONGEST = 256;
/** Unknown keys that the ledger is asked about at a time; who has a good key is not among them. */
const MOST_LOOKUPS = 200;

export type Verify = (request: VerifyRequest) => Verdict | Promise<Verdict>;

/**
 * Is this key good, for this request, now? The first of these that is not so decides: known, not revoked before its end, not
 * suspended, in its window, at an hour it is for, from an allowed address, with a scope that was asked for, with an allowed method, on an
 * allowed path, within all limits. Only a request that passes all is counted against them. Answers at once for a known key and limits of
 * this process. Who sends many wrong keys waits before another unknown one is looked up; known keys never wait. Throws a Fault 'unavailable'
 * for an unknown key while the ledger is out of reach or busy with too many of them.
 */
export function createVerify(options: VerifyOptions): Verify {
  const { book, limits, usage, guesses, now, checkToken, counted = () => {}, knowsOthers = () => false } = options;
  const proves = createProof({ checkToken, now });
  let lookups = 0;

  /** A token is known by its hash as any key is; its signature counts as well. */
  function meet(record: KeyRecord, request: VerifyRequest): Verdict | Promise<Verdict> {
    const proved = proves(record, request.key);
    if (proved === true) return judge(record, request);
    return proved.then((good) => {
      // It may have been revoked while its signature was checked.
      const again = good ? book.find(record.hash) : undefined;
      return again ? judge(again, request) : unknown(request);
    });
  }

  function judge(record: KeyRecord, request: VerifyRequest): Verdict | Promise<Verdict> {
    const at = now().getTime();
    const refused = standing(record, at) ?? rightsRefuse(record, request, at);
    if (refused) return conclude(record, refused, { at, request });
    const taken = limits.take(record.budget, request.cost ?? 1, at);
    if (!(taken instanceof Promise)) return conclude(record, taken.refused ?? 'VALID', { at, request, taken });
    return taken.then((shared) => concludeLate(record, shared, request));
  }

  /** The key may have been revoked while Redis was asked: after the revocation's answer nothing may pass. */
  function concludeLate(asked: KeyRecord, taken: Taken, request: VerifyRequest): Verdict {
    const at = now().getTime();
    const record = book.find(asked.hash);
    if (!record) return unknown(request);
    return conclude(record, standing(record, at) ?? taken.refused ?? 'VALID', { at, request, taken });
  }

  function unknown({ key }: VerifyRequest, waitMs = 0): Verdict {
    counted('NOT_FOUND');
    const refused: Verdict = isTokenForm(key)
      ? { valid: false, code: 'NOT_FOUND', tokenType: 'jwt' }
      : { valid: false, code: 'NOT_FOUND' };
    return waitMs > 0 ? { ...refused, retryAfterMs: waitMs } : refused;
  }

  function conclude(
    record: KeyRecord,
    code: VerifyCode,
    { at, request, taken }: { at: number; request: VerifyRequest; taken?: Taken },
  ): Verdict {
    const valid = code === 'VALID';
    counted(code);
    usage.count(record, code, { amount: valid ? (request.cost ?? 1) : 1, at, ip: request.ip });
    return {
      valid,
      code,
      tokenType: record.isToken ? 'jwt' : undefined,
      keyId: record.keyId,
      project: record.project,
      lease: record.isOfProject ? undefined : record.budget.lease,
      holder: record.holder,
      scopes: record.rights.scopes,
      expiresAt: record.expiresAt,
      rateLimit: taken?.rateLimit,
      quota: taken?.quota,
      limits: taken && taken.limits.length > 0 ? taken.limits : undefined,
      frozen: taken?.frozen,
      retryAfterMs: taken?.retryAfterMs,
    };
  }

  function guess({ guesser }: VerifyRequest): number {
    return guesser === undefined ? 0 : guesses.count(guesser, now().getTime());
  }

  /** Counted before the answer is known, so that a burst is no way around it. */
  async function lookUpGuess(hash: string, request: VerifyRequest): Promise<Verdict> {
    if (lookups >= MOST_LOOKUPS)
      throw new Fault('unavailable', 'Too many unknown keys at once; try again.', { retryAfterMs: 1000 });
    lookups += 1;
    try {
      // The signature first, so that nobody else's token costs a question to the ledger.
      if (isTokenForm(request.key) && !knowsOthers() && !(await checkToken?.(request.key, hash))) return unknown(request);
      const found = await book.lookUp(hash);
      // Looked up again by hash: it may have changed between the ledger's answer and now.
      const record = book.find(hash) ?? found;
      if (!record) return unknown(request);
      if (request.guesser !== undefined) guesses.forgive(request.guesser);
      return await meet(record, request);
    } finally {
      lookups -= 1;
    }
  }

  /** Nobody asks the ledger for the others. */
  const isKeyLike = (text: string): boolean => checkKey(text) || isTokenForm(text) || (knowsOthers() && OTHERS.test(text));

  return (request) => {
    const { key } = request;
    if (key.length < SHORTEST || (key.length > LONGEST && !isTokenForm(key))) return unknown(request, guess(request));
    const hash = hashKey(key);
    const record = book.find(hash);
    // What stands in the book is a key, whatever it looks like: its maker may have chosen it.
    if (!record && !isKeyLike(key)) return unknown(request, guess(request));
    if (record) {
      if (book.isFresh()) return meet(record, request);
      return book.lookUp(hash).then((found) => {
        const fresh = book.find(hash) ?? found;
        return fresh ? meet(fresh, request) : unknown(request);
      });
    }
    const waitMs = guess(request);
    if (waitMs > 0 || (record === null && book.isFresh())) return unknown(request, waitMs);
    return lookUpGuess(hash, request);
  };
}
