import { decodeJwt, decodeProtectedHeader, SignJWT, type JWTPayload } from 'jose';
import type { Tx } from '../ledger/database.ts';
import type { Window } from '../reservation/lease.ts';
import { Secret } from '../secret/secret.ts';
import type { KeyRing } from './key-ring.ts';

/** A JSON Web Token as an access token (RFC 9068). */
export const TOKEN_TYP = 'at+jwt';
/** What proxies in front of an API take as one header line. */
const LONGEST = 7680;
const FORM = /^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+$/;

/** What a token says besides who signed it. */
export interface TokenWish {
  /** `jti`: the id of the key whose value it is. */
  readonly keyId: string;
  readonly lease: string;
  /** `sub`. */
  readonly holder: string;
  readonly scopes: readonly string[];
  readonly project: string;
  readonly window: Window;
}

/** Signs a token; what is wished twice makes two tokens, each good. Inside of a transaction it must be told so. Throws a RangeError where its window or its text cannot be a token's. */
export type MintToken = (wish: TokenWish, tx?: Tx) => Promise<Secret>;

/** `now`: what `iat` says. Where the first signing key is missing it is made. */
export function createMintToken({ ring, now }: { ring: Pick<KeyRing, 'signing'>; now: () => Date }): MintToken {
  return async (wish, tx) => {
    const key = await ring.signing(tx);
    const { from, until } = secondsWithin(wish.window);
    if (until <= from) throw new RangeError('A token is good for a second at least.');
    const text = await new SignJWT({
      iss: key.issuer,
      aud: key.audience ?? wish.project,
      sub: wish.holder,
      // RFC 9068 wants to know for which client it was made: here that is the lease.
      client_id: wish.lease,
      lease: wish.lease,
      scope: wish.scopes.join(' '),
      jti: wish.keyId,
      iat: Math.floor(now().getTime() / 1000),
      nbf: from,
      exp: until,
    })
      .setProtectedHeader({ alg: key.algorithm, typ: TOKEN_TYP, kid: key.kid })
      .sign(key.privateKey);
    if (text.length > LONGEST) throw new RangeError(`A token has ${LONGEST} characters at most, and this one ${text.length}.`);
    return new Secret(text);
  };
}

/** Whether the text may be a token, by its looks alone. */
export function isTokenForm(text: string): boolean {
  return text.length <= LONGEST && text.startsWith('eyJ') && FORM.test(text);
}

/** What a token says of itself, in whole seconds. */
export interface TokenFacts {
  /** Of the key whose value it is. */
  readonly id: string;
  readonly kid: string;
  readonly from: Date;
  readonly until: Date;
}

/** Reads a token that was signed here. Throws a TypeError for any other text: nothing is checked. */
export function readToken(token: Secret): TokenFacts {
  const { header, claims } = partsOf(token.reveal()) ?? {};
  if (typeof header?.kid !== 'string' || typeof claims?.jti !== 'string' || claims.nbf === undefined || claims.exp === undefined)
    throw new TypeError('This is no token of ours.');
  return { id: claims.jti, kid: header.kid, from: new Date(claims.nbf * 1000), until: new Date(claims.exp * 1000) };
}

/** Header and claims, unchecked; undefined where there are none to read. */
export function partsOf(text: string): { header: ReturnType<typeof decodeProtectedHeader>; claims: JWTPayload } | undefined {
  try {
    return { header: decodeProtectedHeader(text), claims: decodeJwt(text) };
  } catch {
    return undefined;
  }
}

/** The whole seconds within a window: a token is never good outside of it. */
function secondsWithin({ opensAt, closesAt }: Window): { from: number; until: number } {
  return { from: Math.ceil(opensAt.getTime() / 1000), until: Math.floor(closesAt.getTime() / 1000) };
}
