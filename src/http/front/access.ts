import { compileAddresses } from '../../keys/addresses.ts';
import { createMemo } from './memo.ts';

/** Where a program that uses verify shows its operator token when Authorization may carry the key it asks about. */
export const TOKEN_HEADER = 'x-latchkey-token';

export interface VerifyAccessOptions {
  /** VERIFY_ALLOW_FROM. */
  readonly allowFrom: readonly string[];
  /** May throw a Fault, for a caller that guesses. */
  readonly isOperatorToken: (token: string, from: string) => boolean | Promise<boolean>;
}

/** Who may ask whether a key is good: callers from the listed networks, and whoever shows an operator token. */
export interface VerifyAccess {
  isListed(address: string): boolean;
  /** False without a token. Rejects with a Fault for a caller that guesses. */
  hasToken(token: string | undefined, from: string): Promise<boolean>;
}

export function verifyAccess({ allowFrom, isOperatorToken }: VerifyAccessOptions): VerifyAccess {
  return {
    isListed: createMemo(compileAddresses(allowFrom)),
    hasToken: async (token, from) => token !== undefined && token !== '' && (await isOperatorToken(token, from)),
  };
}

/** The token of an `Authorization: Bearer` header (RFC 6750); undefined for any other scheme. */
export function bearerOf(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^Bearer +([^\s,]+)$/i.exec(header)?.[1];
}
