/** What time it is, for what is kept; tests have their own. */
export interface Clock {
    /** Milliseconds since 1970. */
    now(): number;
    /** Milliseconds since some moment, never back: how long something is kept does not depend on a clock that is set. */
    elapsed(): number;
}
export declare const systemClock: Clock;
