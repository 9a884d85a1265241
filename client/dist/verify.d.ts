/** What the package `latchkey/verify` offers to an API: all of it, and nothing else. */
export { requireScope, verifyMiddleware, type ApiKey, type ApiRequest, type Middleware, type MiddlewareOptions, } from './middleware.js';
export { VerifyUnavailable } from './unavailable.js';
export type { LimitLeft, LimitState, RefusalCode, Verdict, Verifier, VerifyRequest } from './verdict.js';
export { createVerifier, type VerifierOptions } from './verifier.js';
