import { SignJWT } from 'jose';
import type { Ledger } from '../ledger/database.ts';
import { asFault } from '../ledger/outage.ts';
import { listHeldTokens, type HeldToken } from '../ledger/signing-keys.ts';
import type { KeyRing } from './key-ring.ts';

export const REVOKED_TYP = 'revoked-keys+jwt';
/** How old a list may become before nobody may go by it. */
export const REVOKED_AGE_S = 60;
/** So long it is told again as it is. */
const BUILT_MS = 1000;

/** What the list says, besides `iss`, `iat` and `exp`. Tokens are named by their `jti`, as long as they are good by their own word. */
export interface RevokedClaims {
  /** Good no more, not now, or no longer for what they say. */
  readonly revoked: readonly string[];
  /** Good until then only, in seconds: earlier than their `exp`. */
  readonly until: Readonly<Record<string, number>>;
  /** Good from then on only: later than their `nbf`. */
  readonly from: Readonly<Record<string, number>>;
}

export interface RevokedListOptions {
  readonly ledger: Ledger;
  readonly ring: Pick<KeyRing, 'signing'>;
  readonly now: () => Date;
}

/**
 * The list for those who check tokens themselves: a JWT of a type of its own, signed like tokens are, good for a minute. It is made from the
 * ledger, so every node tells the same, and at most once a second. Throws a Fault 'unavailable' while the ledger is out of reach.
 */
export function createRevokedList({ ledger, ring, now }: RevokedListOptions): () => Promise<string> {
  let built: { at: number; text: Promise<string> } | undefined;

  async function build(at: Date): Promise<string> {
    const claims = claimsOf(await listHeldTokens(ledger.db, at), at);
    const { kid, algorithm, issuer, privateKey } = await ring.signing();
    const iat = Math.floor(at.getTime() / 1000);
    return await new SignJWT({ iss: issuer, iat, exp: iat + REVOKED_AGE_S, ...claims })
      .setProtectedHeader({ alg: algorithm, typ: REVOKED_TYP, kid })
      .sign(privateKey);
  }

  return async () => {
    const at = now();
    if (!built || Math.abs(at.getTime() - built.at) >= BUILT_MS) built = { at: at.getTime(), text: build(at) };
    const mine = built;
    try {
      return await mine.text;
    } catch (error) {
      if (built === mine) built = undefined;
      throw asFault(error);
    }
  };
}

function claimsOf(tokens: readonly HeldToken[], at: Date): RevokedClaims {
  const claims = { revoked: [] as string[], until: {} as Record<string, number>, from: {} as Record<string, number> };
  for (const { id, opensAt, closesAt, suspendedAt, revokedAt, tokenFrom, tokenUntil, tokenStale } of tokens) {
    if (revokedAt || suspendedAt || tokenStale || closesAt <= at) {
      claims.revoked.push(id);
      continue;
    }
    if (closesAt < tokenUntil!) claims.until[id] = Math.floor(closesAt.getTime() / 1000);
    if (opensAt > tokenFrom! && opensAt > at) claims.from[id] = Math.ceil(opensAt.getTime() / 1000);
  }
  return claims;
}
