import { claimByToken, claimOf, wipeableClaims, wipeAgain, wipeClaim } from '../ledger/claims.ts';
import type { Ledger } from '../ledger/database.ts';
import type { ClaimRow, KeyRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import type { Window } from '../reservation/lease.ts';
import type { Confirmation } from '../reservation/plan.ts';
import type { Secret } from '../secret/secret.ts';
import { shortAddress } from './address.ts';
import { isLapsed, lapsedBefore, openAgain } from './again.ts';
import { type ClaimState, isLocked, stateOf } from './claim-state.ts';
import { withheldUntil } from './keeping.ts';
import { type Facts, readFacts } from './facts.ts';
import { linkOf, renewLink } from './renew.ts';
import { createReveal, type Revealed, type RevealOptions, type RevealRequest } from './reveal.ts';
import { hashToken } from './token.ts';

export interface ClaimsOptions extends RevealOptions {
  publicUrl: string;
}

/** What a link shows before, and after, its key was taken. Nothing in it helps to confirm. */
export interface ClaimView {
  readonly state: ClaimState;
  /** Too many wrong confirmations: the link must be made anew. */
  readonly locked: boolean;
  readonly confirm: Confirmation;
  readonly title: string | undefined;
  readonly resource: string;
  readonly holder: string;
  readonly window: Window;
  /** The key is shown to nobody before. */
  readonly withheldUntil: Date | undefined;
  readonly claimed: { readonly at: Date; readonly from: string } | undefined;
  /** To the browser that claimed it, for a minute. */
  readonly showsAgain: boolean;
}

export interface NewLink {
  readonly link: Secret;
  readonly code: Secret | undefined;
  readonly confirm: Confirmation;
  readonly expiresAt: Date;
}

export interface Claims {
  /** Never consumes. Throws Fault('not_found'). */
  look(token: string, browser?: Secret): Promise<ClaimView>;
  /** Takes the key, once. Throws Fault: `not_found`, `forbidden` (confirmation wrong or locked), `gone` (claimed, expired, revoked). */
  reveal(token: string, request: RevealRequest): Promise<Revealed>;
  /** For operators: a new link, and code, of an unclaimed key, to hand over in person. Throws Fault: `not_found`, `gone`. */
  reissueLink(keyOrLeaseId: string, actor: string): Promise<NewLink>;
  /** Wipes what was not claimed in time, and what was kept for another look; returns how many claims were not claimed. */
  expire(now: Date): Promise<number>;
}

export function createClaims(options: ClaimsOptions): Claims {
  const { ledger, now } = options;

  async function look(token: string, browser?: Secret): Promise<ClaimView> {
    const at = now();
    const claim = await claimByToken(ledger.db, hashToken(token));
    const facts = claim && (await readFacts(ledger.db, claim, options.policy()));
    if (!claim || !facts?.key) throw new Fault('not_found', 'there is no such link; it may have been replaced by a newer one');
    if (isLapsed(claim, at)) await wipeAgain(ledger.db, lapsedBefore(at));
    const showsAgain = openAgain({ claim, key: facts.key }, browser, at) !== undefined;
    return {
      ...view(claim, facts, { key: facts.key, now: at }),
      withheldUntil: withheldUntil(options.keeping, facts.key, at),
      showsAgain,
    };
  }

  async function reissueLink(keyOrLeaseId: string, actor: string): Promise<NewLink> {
    return await ledger.transact(async (tx) => {
      const claim = await claimOf(tx.db, keyOrLeaseId);
      const facts = claim && (await readFacts(tx.db, claim, options.policy()));
      if (!claim || !facts?.key) throw new Fault('not_found', `there is no claim for ${keyOrLeaseId}`);
      const state = stateOf(claim, facts.key, now());
      if (state !== 'waiting') throw new Fault('gone', `the key can no longer be claimed: it is ${state}`);
      // Nobody could type an address that is not known.
      const confirm = claim.confirm === 'email' && facts.holder.email === undefined ? 'code' : claim.confirm;
      const { token, code } = await renewLink(tx, claim, { ...options, actor, confirm });
      return { link: linkOf(options.publicUrl, token), code, confirm, expiresAt: facts.key.closesAt };
    });
  }

  return { look, reveal: createReveal(options), reissueLink, expire: async (at) => await expire(ledger, at) };
}

const EXPIRE_AT_ONCE = 200;

/** A claim exists only for a key the provider has confirmed, so nothing needs the secret any more: it is revoked by its handle. */
async function expire(ledger: Ledger, now: Date): Promise<number> {
  await wipeAgain(ledger.db, lapsedBefore(now));
  let total = 0;
  for (;;) {
    const wiped = await ledger.transact(async (tx) => {
      const claims = await wipeableClaims(tx.db, now, EXPIRE_AT_ONCE);
      for (const { id, keyId, leaseId } of claims) {
        await tx.db.updateTable('key').set({ sealedSecret: null }).where('id', '=', keyId).execute();
        await wipeClaim(tx.db, id);
        tx.audit({ actor: 'latchkey', action: 'claim.expired', subject: leaseId, detail: { claimId: id, keyId } });
      }
      return claims.length;
    });
    total += wiped;
    if (wiped < EXPIRE_AT_ONCE) return total;
  }
}

function view(claim: ClaimRow, facts: Facts, at: { key: KeyRow; now: Date }): Omit<ClaimView, 'showsAgain' | 'withheldUntil'> {
  return {
    state: stateOf(claim, at.key, at.now),
    locked: isLocked(claim),
    confirm: claim.confirm,
    title: facts.reservation.state.title?.value,
    resource: facts.resource.name || facts.resource.id,
    holder: facts.holder.name ?? facts.holder.id,
    window: { opensAt: at.key.opensAt, closesAt: at.key.closesAt },
    claimed: claim.claimedAt ? { at: claim.claimedAt, from: shortAddress(claim.claimedIp ?? '') } : undefined,
  };
}
