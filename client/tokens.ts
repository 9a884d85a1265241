import type { JWTPayload } from 'jose';
import { systemClock, type Clock } from './clock.ts';
import { createRevocations, type RevokedList } from './revocations.ts';
import { holds } from './scopes.ts';
import { createReadSigned } from './signed.ts';
import { VerifyUnavailable } from './unavailable.ts';
import type { RefusalCode, Verdict, Verifier } from './verdict.ts';

export interface TokenVerifierOptions {
  /** Where Latchkey's public keys and its list of revoked keys are, e.g. `https://keys.example.org`. Nothing secret is sent there. */
  readonly url: string;
  /** What tokens must name as `iss` and `aud`: of several, one. `aud` is the token's project, unless Latchkey's configuration names another. */
  readonly issuer: string | string[];
  readonly audience: string | string[];
  /** How old the list of revoked keys may be before it is asked for again: 10000 when it is not said. A revoked token ends within it. */
  readonly refreshMs?: number;
  readonly timeoutMs?: number;
  /** Who is asked about keys that are no tokens. Without it they are refused. */
  readonly otherwise?: Verifier;
  /** For tests. */
  readonly clock?: Clock;
}

const TOKEN = /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/;
const LONGEST = 8192;

/**
 * Judges tokens without asking about each: by their signature, issuer, audience, type and time, and by Latchkey's signed list of revoked keys. Limits,
 * methods, paths, addresses and hours are none of what a token says, so they are not checked, and nothing is counted; scopes are. Throws
 * `VerifyUnavailable` without public keys, or with a list that is older than it may be.
 */
export function createTokenVerifier(options: TokenVerifierOptions): Verifier {
  const { issuer, audience, refreshMs = 10_000, timeoutMs = 2000, otherwise, clock = systemClock } = options;
  if (!Number.isInteger(refreshMs) || refreshMs < 0) throw new RangeError('latchkey: refreshMs must be a whole number from 0');
  const url = new URL(options.url.endsWith('/') ? options.url : `${options.url}/`);
  const read = createReadSigned(url, { clock, timeoutMs });
  const revocations = createRevocations({ fetchList, refreshMs, clock });

  async function fetchList(): Promise<RevokedList> {
    const target = new URL('.well-known/revoked-keys', url);
    const response = await fetch(target, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) throw new VerifyUnavailable(`it answered ${response.status} for the list of revoked keys`);
    const claims = await read(await response.text(), { typ: 'revoked-keys+jwt', issuer, claims: ['iat', 'exp', 'revoked'] });
    if (typeof claims === 'string') throw new VerifyUnavailable('the list of revoked keys is not its own');
    return listOf(claims);
  }

  return {
    async verify(request) {
      const { key, scopes: wanted } = request;
      if (key.length > LONGEST || !TOKEN.test(key))
        return (await otherwise?.verify(request)) ?? { valid: false, code: 'NOT_FOUND' };
      const claims = await read(key, { typ: 'at+jwt', issuer, audience, claims: ['sub', 'jti', 'iat', 'nbf', 'exp', 'aud'] });
      if (typeof claims === 'string') return refusal(claims);
      const { jti, sub: holder, exp = 0 } = claims;
      if (typeof jti !== 'string') return refusal('NOT_FOUND');
      const scopes = typeof claims['scope'] === 'string' ? claims['scope'].split(' ').filter(Boolean) : [];
      const about = { keyId: jti, holder, scopes, expiresAt: new Date(exp * 1000) };
      const refused = await revocations.refusal(jti);
      if (refused) return { ...refusal(refused), ...about };
      if (wanted && !wanted.some((scope) => holds(scopes, scope))) return { ...refusal('INSUFFICIENT_SCOPE'), ...about };
      return { valid: true, code: 'VALID', tokenType: 'jwt', ...about };
    },
  };
}

function refusal(code: RefusalCode): Verdict {
  return { valid: false, code, tokenType: 'jwt' };
}

function listOf({ iat = 0, exp = 0, revoked, until, from }: JWTPayload): RevokedList {
  if (!Array.isArray(revoked)) throw new VerifyUnavailable('the list of revoked keys cannot be read');
  return {
    iat,
    exp,
    revoked: new Set(revoked as readonly string[]),
    until: new Map(Object.entries((until ?? {}) as Record<string, number>)),
    from: new Map(Object.entries((from ?? {}) as Record<string, number>)),
  };
}
