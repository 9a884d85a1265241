import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuse, refuseAll, refuseUnasked, sendJson, setLimitHeaders } from './answer.ts';
import { keyOf } from './credential.ts';
import { holds } from './scopes.ts';
import { VerifyUnavailable } from './unavailable.ts';
import type { Verdict, Verifier } from './verdict.ts';
import { createVerifier, type VerifierOptions } from './verifier.ts';

/** The key that a request came with. */
export interface ApiKey {
  readonly keyId: string;
  readonly holder: string;
  readonly scopes: readonly string[];
  /** Null for a key that does not expire. */
  readonly expiresAt: Date | null;
}

declare global {
  // oxlint-disable-next-line typescript/no-namespace -- Express takes what is added to its requests from here
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
export function verifyMiddleware(options: (VerifierOptions | { readonly verifier: Verifier }) & MiddlewareOptions): Middleware {
  const verifier = 'verifier' in options ? options.verifier : createVerifier(options);
  const { scopes, cost } = options;

  async function admit(request: ApiRequest, response: ServerResponse): Promise<boolean> {
    // What others have put there is nobody's key.
    request.apiKey = undefined;
    const found = keyOf(request);
    if ('problem' in found) {
      refuseUnasked(response, found.problem);
      return false;
    }
    const verdict = await verifier.verify({
      key: found.key,
      method: request.method,
      path: request.originalUrl ?? request.url,
      ip: request.ip ?? request.socket.remoteAddress,
      scopes,
      cost: cost?.(request),
    });
    setLimitHeaders(response, verdict);
    if (verdict.valid) request.apiKey = apiKeyOf(verdict);
    else refuse(response, verdict);
    return verdict.valid;
  }

  async function handle(request: ApiRequest, response: ServerResponse, next: (error?: unknown) => void): Promise<void> {
    let passes: boolean;
    try {
      passes = await admit(request, response);
    } catch (error) {
      if (error instanceof VerifyUnavailable) return refuseAll(response, error);
      return next(error);
    }
    if (passes) next();
  }

  return (request, response, next) => void handle(request, response, next);
}

/** After `verifyMiddleware`: lets those pass whose key holds one of the scopes, by name or by a wildcard. */
export function requireScope(...scopes: readonly string[]): Middleware {
  if (scopes.length === 0) throw new TypeError('latchkey: requireScope needs a scope');
  return (request, response, next) => {
    const { apiKey } = request;
    if (!apiKey) refuseUnasked(response, 'Missing API Key');
    else if (scopes.some((scope) => holds(apiKey.scopes, scope))) next();
    else sendJson(response, 403, { error: 'Insufficient permissions', required: scopes, provided: apiKey.scopes });
  };
}

function apiKeyOf({ keyId, holder = '', scopes = [], expiresAt = null }: Verdict): ApiKey {
  if (keyId === undefined) throw new VerifyUnavailable('it names no key');
  return { keyId, holder, scopes, expiresAt };
}
