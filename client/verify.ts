/** What the package `latchkey/verify` offers to an API: all of it, and nothing else. */
export {
  requireScope,
  verifyMiddleware,
  type ApiKey,
  type ApiRequest,
  type Middleware,
  type MiddlewareOptions,
} from './middleware.ts';
export { VerifyUnavailable } from './unavailable.ts';
export type { LimitLeft, LimitState, RefusalCode, Verdict, Verifier, VerifyRequest } from './verdict.ts';
export { createVerifier, type VerifierOptions } from './verifier.ts';
