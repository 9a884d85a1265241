import { countRefusal } from '../ledger/claims.ts';
import type { Tx } from '../ledger/database.ts';
import type { ClaimRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import { shortAddress } from './address.ts';
import { AGAIN_MS } from './again.ts';
import { MOST_TRIES } from './claim-state.ts';
import type { Announce } from './notify.ts';
import { utc } from './words.ts';

export interface Try {
  readonly tx: Tx;
  readonly claim: ClaimRow;
  readonly ip: string;
  readonly agent: string;
  readonly now: Date;
}

/** Somebody opens a link whose key is gone: the sign of a link in the wrong hands. Counted, written down, and told to operators. */
export async function refuseSecond({ tx, claim, ip, agent, now }: Try, announce: Announce): Promise<Fault> {
  const claimedAt = claim.claimedAt ?? now;
  const from = shortAddress(ip);
  await countRefusal(tx.db, claim.id);
  tx.audit({
    actor: 'unknown',
    action: 'claim.refused',
    subject: claim.leaseId,
    detail: { claimId: claim.id, from, because: 'claimed' },
  });
  // A double click of the one who claimed it is no alarm.
  const same = claim.claimedIp === ip && claim.claimedAgent === agent;
  if (!same || now.getTime() - claimedAt.getTime() > AGAIN_MS) {
    const reason = `somebody (${from}) tried to see a key that was claimed at ${utc(claimedAt)}`;
    // Once an hour for each claim: whoever holds a link could otherwise flood the operators.
    const id = `second-reveal:${claim.id}:${now.toISOString().slice(0, 13)}`;
    await announce(tx, { kind: 'alert', leaseId: claim.leaseId, keyId: claim.keyId, reason, id });
  }
  return new Fault(
    'gone',
    `this key was claimed at ${utc(claimedAt)} from ${shortAddress(claim.claimedIp ?? '')}; it is shown once`,
  );
}

/** The last try locks the claim and alerts. */
export async function refuseWrong({ tx, claim, ip }: Try, announce: Announce): Promise<Fault> {
  const refusals = await countRefusal(tx.db, claim.id);
  const detail = { claimId: claim.id, from: shortAddress(ip), because: 'wrong confirmation', refusals };
  tx.audit({ actor: 'unknown', action: 'claim.refused', subject: claim.leaseId, detail });
  const left = MOST_TRIES - refusals;
  if (left > 0)
    return new Fault('forbidden', `that is not right; ${left} ${left === 1 ? 'try' : 'tries'} left`, { at: 'confirmation' });
  const reason = `the claim is locked after ${refusals} wrong confirmations; send its link again or reissue it`;
  // A renewed link may be locked again, which is news.
  const id = `locked:${claim.id}:${claim.tokenHash.slice(0, 8)}`;
  await announce(tx, { kind: 'alert', leaseId: claim.leaseId, keyId: claim.keyId, reason, id });
  return lockedFault();
}

export function lockedFault(): Fault {
  return new Fault('forbidden', 'too many wrong tries: this link is locked; ask for a new one', { at: 'link' });
}
