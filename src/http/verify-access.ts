import type { Request } from 'express';
import { compileAddresses } from '../keys/addresses.ts';

/** Where a program that uses verify shows its operator token when Authorization may carry the key it asks about. */
export const TOKEN_HEADER = 'x-latchkey-token';

export const DEFAULT_ALLOW_FROM = [
  '127.0.0.0/8',
  '::1/128',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
] as const;

export interface VerifyAccessOptions {
  /** VERIFY_ALLOW_FROM. */
  readonly allowFrom: readonly string[];
  /** May throw a Fault, for a caller that guesses. */
  readonly isOperatorToken: (token: string, request: Request) => boolean | Promise<boolean>;
}

/**
 * Who may ask whether a key is good: callers from the listed networks, by the address of the connection and never by a header that a client
 * can forge, and whoever shows an operator token.
 */
export function verifyAccess({
  allowFrom,
  isOperatorToken,
}: VerifyAccessOptions): (request: Request) => boolean | Promise<boolean> {
  const isListed = compileAddresses(allowFrom);
  return (request) => {
    if (isListed(request.socket.remoteAddress ?? '')) return true;
    const token = request.method === 'POST' ? bearerOf(request.headers.authorization) : request.headers[TOKEN_HEADER];
    return typeof token === 'string' && token !== '' && isOperatorToken(token, request);
  };
}

/** The token of an `Authorization: Bearer` header (RFC 6750); undefined for any other scheme. */
export function bearerOf(header: string | undefined): string | undefined {
  return /^Bearer +([^\s,]+)$/i.exec(header ?? '')?.[1];
}
