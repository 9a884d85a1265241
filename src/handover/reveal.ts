import { claimByToken, countReveal, lockClaim, takeClaim, wipeAgain } from '../ledger/claims.ts';
import type { Ledger, Tx } from '../ledger/database.ts';
import type { ClaimRow, KeyRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import type { Grant, Window } from '../reservation/lease.ts';
import type { Plan } from '../reservation/plan.ts';
import type { Policy } from '../reservation/policy.ts';
import type { Sealer } from '../secret/seal.ts';
import type { Secret } from '../secret/secret.ts';
import { shortAddress } from './address.ts';
import { isLapsed, lapsedBefore, openAgain, sealAgain } from './again.ts';
import { isLocked, stateOf } from './claim-state.ts';
import { type Facts, planOf, readFacts } from './facts.ts';
import type { Announce } from './notify.ts';
import { lockedFault, refuseSecond, refuseWrong, type Try } from './refusal.ts';
import { confirms, hashToken } from './token.ts';

export interface RevealOptions {
  ledger: Ledger;
  sealer: Sealer;
  policy: () => Policy;
  now: () => Date;
  announce: Announce;
  /** Sentences about limits of this plan that nobody enforces. */
  unenforced: (plan: Plan) => readonly string[];
}

export interface RevealRequest {
  /** What the holder typed. */
  readonly confirmation?: string;
  readonly ip: string;
  readonly agent: string;
  /** What the browser is known by. With it the key is shown again for a minute. */
  readonly browser?: Secret;
}

export interface Revealed {
  readonly secret: Secret;
  readonly leaseId: string;
  readonly keyId: string;
  readonly provider: string;
  readonly title: string | undefined;
  readonly resource: string;
  readonly holder: string;
  readonly grant: Grant | undefined;
  readonly window: Window;
  readonly unenforced: readonly string[];
}

/** `Claims.reveal`: one transaction decides, so of two at once one wins. */
export function createReveal(options: RevealOptions): (token: string, request: RevealRequest) => Promise<Revealed> {
  const { ledger, sealer, now } = options;

  return async function reveal(token, request) {
    // A refusal is counted and written down, so it must not undo its transaction: it is thrown after the commit.
    const decision = await ledger.transact(async (tx) => await decide(tx, token, request));
    if (decision instanceof Fault) throw decision;
    return decision;
  };

  async function decide(tx: Tx, token: string, request: RevealRequest): Promise<Revealed | Fault> {
    const found = await lockBoth(tx, token);
    if (!found) return new Fault('not_found', 'there is no such link; it may have been replaced by a newer one');
    const { claim, key, facts } = found;
    const at = now();
    const { browser, ip, agent } = request;
    const turn: Turn = { ...found, tx, browser, ip, agent: agent.slice(0, 200), now: at };
    const state = stateOf(claim, key, at);
    if (state === 'claimed') return (await showAgain(turn)) ?? (await refuseSecond(turn, options.announce));
    if (state === 'expired') return new Fault('gone', 'the window of this booking is over, and nobody claimed the key');
    if (state === 'revoked') return new Fault('gone', 'this key was taken back before anybody claimed it');
    if (isLocked(claim)) return lockedFault();
    const typed = { confirmation: request.confirmation ?? '', email: facts.holder.email };
    return confirms(claim, token, typed) ? await take(turn) : await refuseWrong(turn, options.announce);
  }

  async function take(turn: Turn): Promise<Revealed | Fault> {
    const { tx, claim, key, browser, ip, agent, now: at } = turn;
    const secret = key.sealedSecret === null ? undefined : sealer.open(key.sealedSecret, `key:${key.id}`);
    const sealedAgain = secret && browser ? sealAgain(secret, browser, claim.id) : null;
    if (!secret || !(await takeClaim(tx.db, { id: claim.id, at, ip, agent, sealedAgain })))
      return new Fault('gone', 'this key is no longer kept here; ask the operator for a new one');
    await tx.db.updateTable('key').set({ sealedSecret: null }).where('id', '=', key.id).execute();
    auditHolder(turn, 'claim.revealed');
    return revealed(turn, secret);
  }

  /** Undefined unless it is the browser that claimed the key, and less than a minute ago: its answer was lost, or it clicked twice. */
  async function showAgain(turn: Turn): Promise<Revealed | undefined> {
    const { tx, claim, browser, now: at } = turn;
    if (isLapsed(claim, at)) await wipeAgain(tx.db, lapsedBefore(at));
    const secret = openAgain(turn, browser, at);
    if (!secret) return undefined;
    await countReveal(tx.db, claim.id);
    auditHolder(turn, 'claim.shown-again');
    return revealed(turn, secret);
  }

  function revealed({ facts, key }: Turn, secret: Secret): Revealed {
    const plan = planOf(options.policy(), facts);
    return {
      secret,
      leaseId: facts.lease.id,
      keyId: key.id,
      provider: key.provider,
      title: facts.reservation.state.title?.value,
      resource: facts.resource.name || facts.resource.id,
      holder: facts.holder.name ?? facts.holder.id,
      grant: facts.grant,
      window: { opensAt: key.opensAt, closesAt: key.closesAt },
      unenforced: plan ? options.unenforced(plan) : [],
    };
  }
}

interface Turn extends Try {
  readonly key: KeyRow;
  readonly facts: Facts;
  readonly browser: Secret | undefined;
}

/** Key before claim, like everyone else who locks both. A link renewed meanwhile is no link. */
async function lockBoth(tx: Tx, token: string): Promise<{ claim: ClaimRow; key: KeyRow; facts: Facts } | undefined> {
  const tokenHash = hashToken(token);
  const found = await claimByToken(tx.db, tokenHash);
  if (!found) return undefined;
  const key = await tx.db.selectFrom('key').selectAll().where('id', '=', found.keyId).forUpdate().executeTakeFirst();
  const claim = await lockClaim(tx.db, found.id);
  const facts = await readFacts(tx.db, found.leaseId, found.keyId);
  return key && claim && facts && claim.tokenHash === tokenHash ? { claim, key, facts } : undefined;
}

function auditHolder({ tx, claim, facts, ip }: Turn, action: string): void {
  const detail = { claimId: claim.id, keyId: claim.keyId, from: shortAddress(ip) };
  tx.audit({ actor: `holder:${facts.holder.id}`, action, subject: claim.leaseId, detail });
}
