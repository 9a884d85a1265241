import { type Clock } from './clock.js';
import type { Verifier } from './verdict.js';
export interface VerifierOptions {
    /** Where Latchkey is, e.g. `http://127.0.0.1:8080`. */
    readonly url: string;
    /** An operator's token. Not needed from the networks in VERIFY_ALLOW_FROM. */
    readonly token?: string;
    /** How long to wait for an answer, 2000 when it is not said. Then it throws. */
    readonly timeoutMs?: number;
    /**
     * How long a good answer may be used again for the very same question: 0, which is never, unless it is said; 1000 at most. A key that is
     * revoked ends here within this time. What is answered from memory is not counted, so keys with limits are asked about each time.
     */
    readonly cacheMs?: number;
    /** Answers from memory for keys with limits too: each may then pass more often than its limits say, by what memory answers. */
    readonly approximateLimits?: boolean;
    /** For tests. */
    readonly clock?: Clock;
}
/**
 * Asks Latchkey about keys, over connections that stay open. `verify` throws `VerifyUnavailable` when no answer came in time, or none to go
 * by: then nobody may pass. Throws a TypeError or RangeError for options that cannot be.
 */
export declare function createVerifier(options: VerifierOptions): Verifier;
