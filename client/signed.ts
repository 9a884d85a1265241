import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { Clock } from './clock.ts';
import { VerifyUnavailable } from './unavailable.ts';

/** Signatures by public keys only: neither `none` nor a shared secret is among them. */
const ALGORITHMS = ['EdDSA', 'Ed25519', 'ES256', 'RS256'];
/** What a header of Latchkey's holds, and nothing else: no `jku`, no `jwk`, no `x5u`, no `crit`. */
const HEADER = 'alg kid typ';

export interface Expected {
  readonly typ: string;
  readonly issuer: string | string[];
  readonly audience?: string | string[];
  readonly claims: readonly string[];
}

/** Why something that is signed is not to be gone by. */
export type Unsigned = 'NOT_FOUND' | 'EXPIRED' | 'NOT_YET_VALID';

/** Reads what Latchkey signed: its claims, or why not. Throws `VerifyUnavailable` while its public keys cannot be had. */
export type ReadSigned = (text: string, expected: Expected) => Promise<JWTPayload | Unsigned>;

/** The public keys of the Latchkey at that address, kept for ten minutes as it asks for; a `kid` that is not among them is asked for at most twice a minute. */
export function createReadSigned(url: URL, { clock, timeoutMs }: { clock: Clock; timeoutMs: number }): ReadSigned {
  const keys = createRemoteJWKSet(new URL('.well-known/jwks.json', url), {
    timeoutDuration: timeoutMs,
    cooldownDuration: 30_000,
    cacheMaxAge: 600_000,
  });

  return async (text, { typ, issuer, audience, claims }) => {
    try {
      const { payload, protectedHeader } = await jwtVerify(text, keyFor(keys), {
        algorithms: ALGORITHMS,
        typ,
        issuer,
        audience,
        requiredClaims: [...claims],
        currentDate: new Date(clock.now()),
      });
      return Object.keys(protectedHeader).toSorted().join(' ') === HEADER ? payload : 'NOT_FOUND';
    } catch (error) {
      return refusalOf(error);
    }
  };
}

/** Only by the key that the header names. */
function keyFor(keys: JWTVerifyGetKey): JWTVerifyGetKey {
  return async (header, token) => {
    if (typeof header.kid !== 'string') throw new errors.JWKSNoMatchingKey();
    return await keys(header, token);
  };
}

function refusalOf(error: unknown): Unsigned {
  if (error instanceof errors.JWTExpired) return 'EXPIRED';
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.claim === 'nbf' && error.reason === 'check_failed' ? 'NOT_YET_VALID' : 'NOT_FOUND';
  if (REFUSALS.some((kind) => error instanceof kind)) return 'NOT_FOUND';
  throw new VerifyUnavailable('its public keys cannot be had', { cause: error });
}

const REFUSALS = [
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
  errors.JWSSignatureVerificationFailed,
  errors.JWSInvalid,
  errors.JWTInvalid,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
];
