import type { Clock } from './clock.js';
import type { RefusalCode } from './verdict.js';
/** What the list of Latchkey says of tokens that are good by their own word, by their `jti`. Instants are seconds since 1970. */
export interface RevokedList {
    readonly iat: number;
    /** Nobody may go by it any longer. */
    readonly exp: number;
    readonly revoked: ReadonlySet<string>;
    readonly until: ReadonlyMap<string, number>;
    readonly from: ReadonlyMap<string, number>;
}
export interface RevocationsOptions {
    /** Asks for the list and checks who signed it. */
    readonly fetchList: () => Promise<RevokedList>;
    readonly refreshMs: number;
    readonly clock: Clock;
}
export interface Revocations {
    /** Why that token opens nothing now; undefined when the list has nothing against it. Throws `VerifyUnavailable` without a list to go by. */
    refusal(jti: string): Promise<RefusalCode | undefined>;
}
/** The list, asked for again when it was `refreshMs` ago. One that cannot be had again is gone by up to the age that it states, never longer. */
export declare function createRevocations({ fetchList, refreshMs, clock }: RevocationsOptions): Revocations;
