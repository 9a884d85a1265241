import { createHash, randomBytes, randomInt } from 'node:crypto';
import type { NewClaim } from '../ledger/claims.ts';
import type { ClaimRow } from '../ledger/schema.ts';
import type { Confirmation } from '../reservation/plan.ts';
import { equalDigests } from '../secret/hmac.ts';
import type { Sealer } from '../secret/seal.ts';
import { Secret } from '../secret/secret.ts';

/** Letters and digits that nobody mistakes for another (Crockford's base32 without its aliases). */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_LENGTH = 8;

export interface ClaimToken {
  readonly token: Secret;
  readonly code: Secret | undefined;
  /** What the claim's row keeps of both. */
  readonly row: Required<Pick<NewClaim, 'tokenHash' | 'sealedToken' | 'confirm' | 'codeHash' | 'sealedCode'>>;
}

/** 256 bits for the link; for `code` also eight characters to type. The database gets hashes and sealed values. */
export function mintToken(claimId: string, confirm: Confirmation, sealer: Sealer): ClaimToken {
  const token = new Secret(randomBytes(32).toString('base64url'));
  const code = confirm === 'code' ? new Secret(mintCode()) : undefined;
  return {
    token,
    code,
    row: {
      tokenHash: hashToken(token.reveal()),
      sealedToken: sealer.seal(token, tokenContext(claimId)),
      confirm,
      codeHash: code ? hashCode(token.reveal(), code.reveal()) : null,
      sealedCode: code ? sealer.seal(code, codeContext(claimId)) : null,
    },
  };
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** The link's token, for sending again; undefined once claimed or wiped. */
export function openToken(claim: ClaimRow, sealer: Sealer): Secret | undefined {
  return claim.sealedToken === null ? undefined : sealer.open(claim.sealedToken, tokenContext(claim.id));
}

export function openCode(claim: ClaimRow, sealer: Sealer): Secret | undefined {
  return claim.sealedCode === null ? undefined : sealer.open(claim.sealedCode, codeContext(claim.id));
}

/** Does what was typed confirm the claim? Upper and lower case, blanks and dashes do not matter; takes the same time either way. */
export function confirms(claim: ClaimRow, token: string, typed: { confirmation: string; email: string | undefined }): boolean {
  if (claim.confirm === 'none') return true;
  const given = claim.confirm === 'email' ? hashEmail(typed.confirmation) : hashCode(token, typed.confirmation);
  const wanted = claim.confirm === 'email' ? typed.email && hashEmail(typed.email) : claim.codeHash;
  if (!wanted) return false;
  return equalDigests(Buffer.from(given, 'hex'), Buffer.from(wanted, 'hex'));
}

function mintCode(): string {
  return Array.from({ length: CODE_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

/** Mixed with the token, which the database does not have in the clear: so short a code alone could be guessed from its hash. */
function hashCode(token: string, code: string): string {
  return createHash('sha256')
    .update(`${token}:${code.replace(/[\s-]/g, '').toUpperCase()}`)
    .digest('hex');
}

function hashEmail(email: string): string {
  return createHash('sha256').update(email.trim().toLowerCase().normalize('NFC')).digest('hex');
}

function tokenContext(claimId: string): string {
  return `claim-token:${claimId}`;
}

function codeContext(claimId: string): string {
  return `claim-code:${claimId}`;
}
