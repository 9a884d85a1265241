import type { Request } from 'express';
import { compileAddresses } from '../keys/addresses.ts';

/** Where a program that uses verify shows its operator token when Authorization may carry the key it asks about. */
export const TOKEN_HEADER = 'x-latchkey-token';

export interface VerifyAccessOptions {
  /** VERIFY_ALLOW_FROM. */
  readonly allowFrom: readonly string[];
  /** May throw a Fault, for a caller that guesses. */
  readonly isOperatorToken: (token: string, request: Request) => boolean | Promise<boolean>;
}

/**
 * Who may ask whether a key is good: callers from the listed networks, and whoever shows an operator token. The address is that of the
 * connection, or what a trusted proxy says it is, never a header that a client can forge.
 */
export function verifyAccess({
  allowFrom,
  isOperatorToken,
}: VerifyAccessOptions): (request: Request) => boolean | Promise<boolean> {
  const isListed = compileAddresses(allowFrom);
  return (request) => {
    if (isListed(request.ip ?? '')) return true;
    const token = request.method === 'POST' ? bearerOf(request.headers.authorization) : request.headers[TOKEN_HEADER];
    return typeof token === 'string' && token !== '' && isOperatorToken(token, request);
  };
}

/** The token of an `Authorization: Bearer` header (RFC 6750); undefined for any other scheme. */
export function bearerOf(header: string | undefined): string | undefined {
  return /^Bearer +([^\s,]+)$/i.exec(header ?? '')?.[1];
}
