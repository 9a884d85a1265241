import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { SigningKeyRow } from '../ledger/schema.ts';
import type { TokenRules } from '../reservation/tokens.ts';
import { Secret } from '../secret/secret.ts';

/** All that a public key has, by kind; whatever else a key has is private. */
const PUBLIC = { OKP: ['kty', 'crv', 'x'], EC: ['kty', 'crv', 'x', 'y'], RSA: ['kty', 'n', 'e'] } as const;

/** A new pair, not kept anywhere yet. Its id is its thumbprint (RFC 7638). */
export async function makeSigningKey(
  { algorithm, issuer, audience }: TokenRules,
  { now, signsFrom }: { now: Date; signsFrom: Date },
): Promise<{ row: SigningKeyRow; privateJwk: Secret }> {
  const pair = await generateKeyPair(algorithm, { extractable: true, modulusLength: 2048 });
  const publicJwk = publicPart(await exportJWK(pair.publicKey));
  const kid = await calculateJwkThumbprint(publicJwk);
  return {
    row: {
      kid,
      algorithm,
      publicJwk: { ...publicJwk, kid, alg: algorithm, use: 'sig' },
      issuer,
      audience: audience ?? null,
      sealedPrivate: null,
      createdAt: now,
      signsFrom,
      signsUntil: null,
      goneAt: null,
    },
    privateJwk: new Secret(JSON.stringify(await exportJWK(pair.privateKey))),
  };
}

function publicPart(jwk: JWK): JWK {
  const names: readonly string[] = PUBLIC[jwk.kty as keyof typeof PUBLIC];
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => names.includes(name)));
}
