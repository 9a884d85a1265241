/** What the package `latchkey/verify` offers to an API: all of it, and nothing else. */
export { requireScope, verifyMiddleware, } from './middleware.js';
export { VerifyUnavailable } from './unavailable.js';
export { createVerifier } from './verifier.js';
