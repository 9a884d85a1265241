/** By what tokens are signed (RFC 7518, RFC 8037). */
export const TOKEN_ALGORITHMS = ['EdDSA', 'ES256', 'RS256'] as const;
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

/** How tokens are made from now on. Those that are out stay as they are. */
export interface TokenRules {
  readonly algorithm: TokenAlgorithm;
  /** `iss`: a URL under which the public keys are found. */
  readonly issuer: string;
  /** `aud`; absent where it is the name of the token's project. */
  readonly audience?: string;
  /** How long one signing key signs. */
  readonly rotateEveryMs: number;
}
