import { type JWTPayload } from 'jose';
import type { Clock } from './clock.js';
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
export declare function createReadSigned(url: URL, { clock, timeoutMs }: {
    clock: Clock;
    timeoutMs: number;
}): ReadSigned;
