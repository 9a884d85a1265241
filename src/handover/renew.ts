import { renewClaim } from '../ledger/claims.ts';
import type { Tx } from '../ledger/database.ts';
import type { ClaimRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import type { Confirmation } from '../reservation/plan.ts';
import type { Sealer } from '../secret/seal.ts';
import { Secret } from '../secret/secret.ts';
import { type ClaimToken, mintToken } from './token.ts';

export function linkOf(publicUrl: string, token: Secret): Secret {
  return new Secret(`${publicUrl.replace(/\/+$/, '')}/claim/${token.reveal()}`);
}

/** A new token, and code where it has one: the old link stops working and the tries start again. Throws Fault('gone') once claimed. */
export async function renewLink(
  tx: Tx,
  claim: ClaimRow,
  options: { sealer: Sealer; actor: string; confirm?: Confirmation },
): Promise<ClaimToken> {
  const minted = mintToken(claim.id, options.confirm ?? claim.confirm, options.sealer);
  if (!(await renewClaim(tx.db, claim.id, minted.row)))
    throw new Fault('gone', 'the key has been claimed; rotate the lease for a new one');
  tx.audit({
    actor: options.actor,
    action: 'claim.renewed',
    subject: claim.leaseId,
    detail: { claimId: claim.id, keyId: claim.keyId },
  });
  return minted;
}
