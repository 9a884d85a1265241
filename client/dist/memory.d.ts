import type { Clock } from './clock.js';
import type { Verdict, VerifyRequest } from './verdict.js';
/** How long a revoked key may live on here, at most: the promise that the name `cacheMs` is held to. */
export declare const LONGEST_CACHE_MS = 1000;
export interface MemoryOptions {
    readonly cacheMs: number;
    /** Whether a key with limits may be answered from memory, which does not count against them. */
    readonly approximateLimits: boolean;
    readonly clock: Clock;
}
export interface Memory {
    find(request: VerifyRequest): Verdict | undefined;
    /** `askedAt`: by `clock.elapsed`, before the question was sent. A key revoked since then may have been good when it was answered. */
    keep(request: VerifyRequest, verdict: Verdict, askedAt: number): void;
}
/** Good answers, each for the very same question, for `cacheMs` from when it was asked and never beyond the key's end. Keys are kept as hashes. */
export declare function createMemory({ cacheMs, approximateLimits, clock }: MemoryOptions): Memory;
