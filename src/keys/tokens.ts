import type { JWK } from 'jose';
import { createKeyRing, type KeyRing, type KeyRingOptions } from './key-ring.ts';
import { createRevokedList } from './revoked-list.ts';
import { createMintToken, type MintToken } from './token.ts';
import { createTokenCheck, type CheckToken } from './token-check.ts';

/** Keys that are signed tokens: made, checked, and what others need to check them. */
export interface Tokens {
  readonly mint: MintToken;
  readonly check: CheckToken;
  /** For the public: what tokens are checked with. */
  readonly published: () => Promise<readonly JWK[]>;
  /** For the public: which tokens are good no more, signed. */
  readonly revoked: () => Promise<string>;
  readonly signingKeys: Pick<KeyRing, 'list' | 'rotate' | 'look'>;
}

export function openTokens(options: KeyRingOptions): Tokens {
  const ring = createKeyRing(options);
  const parts = { ...options, ring };
  return {
    mint: createMintToken(parts),
    check: createTokenCheck(parts),
    published: ring.published,
    revoked: createRevokedList(parts),
    signingKeys: ring,
  };
}
