import { type Clock } from './clock.js';
import type { Verifier } from './verdict.js';
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
/**
 * Judges tokens without asking about each: by their signature, issuer, audience, type and time, and by Latchkey's signed list of revoked keys. Limits,
 * methods, paths, addresses and hours are none of what a token says, so they are not checked, and nothing is counted; scopes are. Throws
 * `VerifyUnavailable` without public keys, or with a list that is older than it may be.
 */
export declare function createTokenVerifier(options: TokenVerifierOptions): Verifier;
