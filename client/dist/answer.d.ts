import type { ServerResponse } from 'node:http';
import type { VerifyUnavailable } from './unavailable.js';
import type { Verdict } from './verdict.js';
/**
 * What goes to the client whether it passes or not: `RateLimit` and `RateLimit-Policy` with an item for each limit
 * (draft-ietf-httpapi-ratelimit-headers-10), and the `X-RateLimit-*` triple of the tightest.
 */
export declare function setLimitHeaders(response: ServerResponse, { limits, rateLimit, quota }: Verdict): void;
export declare function refuse(response: ServerResponse, verdict: Verdict): void;
/** There is no one key to ask about. */
export declare function refuseUnasked(response: ServerResponse, problem: string): void;
/** Nobody passes while nobody can be asked. */
export declare function refuseAll(response: ServerResponse, { retryAfterMs }: VerifyUnavailable): void;
export declare function sendJson(response: ServerResponse, status: number, body: object): void;
