import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Verifier } from './verdict.js';
import { type VerifierOptions } from './verifier.js';
/** The key that a request came with. */
export interface ApiKey {
    readonly keyId: string;
    readonly holder: string;
    readonly scopes: readonly string[];
    /** Null for a key that does not expire. */
    readonly expiresAt: Date | null;
}
declare global {
    namespace Express {
        interface Request {
            apiKey?: ApiKey;
        }
    }
}
/** As Express has it, or node:http itself. */
export interface ApiRequest extends IncomingMessage {
    readonly originalUrl?: string;
    readonly ip?: string;
    apiKey?: ApiKey;
}
export type Middleware = (request: ApiRequest, response: ServerResponse, next: (error?: unknown) => void) => void;
export interface MiddlewareOptions {
    /** The key must hold one of them. */
    readonly scopes?: readonly string[];
    /** How many requests this one counts for: a whole number from 1. */
    readonly cost?: (request: ApiRequest) => number;
}
/**
 * Lets requests pass that come with a good key for their method, path and address, and tells by `request.apiKey` whose it is. Answers the others
 * itself: 401, 403, 429, and 503 while Latchkey cannot be asked. Put it before whatever rewrites method or path. The address is Express's
 * `request.ip`, so set `trust proxy` right where there is one.
 */
export declare function verifyMiddleware(options: (VerifierOptions | {
    readonly verifier: Verifier;
}) & MiddlewareOptions): Middleware;
/** After `verifyMiddleware`: lets those pass whose key holds one of the scopes, by name or by a wildcard. */
export declare function requireScope(...scopes: readonly string[]): Middleware;
