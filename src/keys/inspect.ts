import type { JWTPayload } from 'jose';
import type { Book } from './book.ts';
import { hashKey } from './key.ts';
import type { KeyRecord } from './record.ts';
import { standing } from './refusals.ts';
import { isTokenForm, partsOf } from './token.ts';
import { createProof } from './token-check.ts';
import type { VerifyOptions } from './verify.ts';

export interface Inspected {
  readonly record: KeyRecord;
  /** Of a token. */
  readonly claims?: JWTPayload;
}

/** What a value is that is good now; undefined for any other. Throws a Fault 'unavailable' while the ledger is out of reach. */
export type Inspect = (value: string) => Promise<Inspected | undefined>;

/** Like verify, without what a request would be for: no right is asked for, and nothing is counted. */
export function createInspect({
  book,
  now,
  checkToken,
  knowsOthers = () => false,
}: Pick<VerifyOptions, 'now' | 'checkToken' | 'knowsOthers'> & { readonly book: Book }): Inspect {
  const proves = createProof({ checkToken, now });
  return async (value) => {
    if (value.length > LONGEST) return undefined;
    const hash = hashKey(value);
    const known = book.isFresh() ? book.find(hash) : undefined;
    // Nobody else's token costs a question to the ledger.
    if (!known && isTokenForm(value) && !knowsOthers() && !(await checkToken?.(value, hash))) return undefined;
    const asked = known ?? (await book.lookUp(hash));
    const good = asked && (await proves(asked, value));
    // It may have been revoked while the signature was checked.
    const record = good ? (book.find(hash) ?? asked) : undefined;
    if (!record || standing(record, now().getTime())) return undefined;
    return record.isToken ? { record, claims: partsOf(value)?.claims } : { record };
  };
}

const LONGEST = 8192;
