import { hintOf } from '../keys/key.ts';
import { noteRevealed } from '../ledger/keys.ts';
import { claimByToken, countReveal, lockClaim, takeClaim, wipeAgain } from '../ledger/claims.ts';
import type { Ledger, Tx } from '../ledger/database.ts';
import type { ClaimRow, KeyRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import type { Grant, Window } from '../reservation/lease.ts';
import type { Policy } from '../reservation/policy.ts';
import type { Sealer } from '../secret/seal.ts';
import { Secret } from '../secret/secret.ts';
import { shortAddress } from './address.ts';
import { isLapsed, lapsedBefore, openAgain, sealAgain } from './again.ts';
import { isLocked, stateOf } from './claim-state.ts';
import { type Facts, readFacts, type Unenforced, unenforcedOf } from './facts.ts';
import { type Keeping, withheldFault, withheldUntil } from './keeping.ts';
import type { Announce } from './notify.ts';
import { lockedFault, refuseSecond, refuseWrong, type Try } from './refusal.ts';
import { confirms, hashToken } from './token.ts';

export interface RevealOptions {
  ledger: Ledger;
  sealer: Sealer;
  policy: () => Policy;
  now: () => Date;
  announce: Announce;
  unenforced: Unenforced;
  keeping: Keeping;
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

/** The claim is good, and the value must be asked of the provider: outside of the transaction, which then decides anew. */
interface Ask {
  readonly ask: KeyRow;
}

/** What the provider told, for this claim's try alone. */
interface Told {
  readonly keyId: string;
  readonly secret: Secret;
}

/** Kept for another look instead of a value that the provider tells again. */
const TOLD_AGAIN = 'the provider tells it';

/** `Claims.reveal`: one transaction decides, so of two at once one wins. */
export function createReveal(options: RevealOptions): (token: string, request: RevealRequest) => Promise<Revealed> {
  const { ledger, sealer, now, keeping } = options;

  return async function reveal(token, request) {
    // A refusal is counted and written down, so it must not undo its transaction: it is thrown after the commit.
    const decideWith = (told?: Told) => ledger.transact(async (tx) => await decide(tx, token, { ...request, told }));
    let decision = await decideWith();
    if ('ask' in decision) decision = await decideWith({ keyId: decision.ask.id, secret: await keeping.ask(decision.ask) });
    if ('ask' in decision) throw new Fault('unavailable', 'the key was replaced just now; try again', { retryAfterMs: 1000 });
    if (decision instanceof Fault) throw decision;
    return decision;
  };

  async function decide(
    tx: Tx,
    token: string,
    request: RevealRequest & { told: Told | undefined },
  ): Promise<Revealed | Fault | Ask> {
    const found = await lockBoth(tx, token, options.policy());
    if (!found) return new Fault('not_found', 'there is no such link; it may have been replaced by a newer one');
    const { claim, key, facts } = found;
    const at = now();
    const { browser, ip, agent, told } = request;
    const turn: Turn = { ...found, tx, browser, ip, agent: agent.slice(0, 200), now: at, told };
    const state = stateOf(claim, key, at);
    if (state === 'claimed') return (await showAgain(turn)) ?? (await refuseSecond(turn, options.announce));
    if (state === 'expired') return new Fault('gone', 'the window of this booking is over, and nobody claimed the key');
    if (state === 'revoked') return new Fault('gone', 'this key was taken back before anybody claimed it');
    if (isLocked(claim)) return lockedFault();
    const until = withheldUntil(keeping, key, at);
    if (until) return withheldFault(until, at);
    const typed = { confirmation: request.confirmation ?? '', email: facts.holder.email };
    return confirms(claim, token, typed) ? await take(turn) : await refuseWrong(turn, options.announce);
  }

  async function take(turn: Turn): Promise<Revealed | Fault | Ask> {
    const { tx, claim, key, browser, ip, agent, now: at } = turn;
    const secret = valueOf(turn);
    if (secret && 'ask' in secret) return secret;
    const again = keeping.tells(key.provider) ? new Secret(TOLD_AGAIN) : secret;
    const sealedAgain = again && browser ? sealAgain(again, browser, claim.id) : null;
    if (!secret || !(await takeClaim(tx.db, { id: claim.id, at, ip, agent, sealedAgain })))
      return new Fault('gone', 'this key is no longer kept here; ask the operator for a new one');
    await noteRevealed(tx.db, { id: key.id, at, hint: hintOf(secret) });
    auditHolder(turn, 'claim.revealed');
    return revealed(turn, secret);
  }

  function valueOf({ key, told }: Turn): Secret | Ask | undefined {
    if (key.sealedSecret !== null) return sealer.open(key.sealedSecret, `key:${key.id}`);
    if (!keeping.tells(key.provider)) return undefined;
    return told?.keyId === key.id ? told.secret : { ask: key };
  }

  /** Undefined unless it is the browser that claimed the key, and less than a minute ago: its answer was lost, or it clicked twice. */
  async function showAgain(turn: Turn): Promise<Revealed | Ask | undefined> {
    const { tx, claim, key, browser, now: at, told } = turn;
    if (isLapsed(claim, at)) await wipeAgain(tx.db, lapsedBefore(at));
    const kept = openAgain(turn, browser, at);
    if (!kept) return undefined;
    const secret = kept.reveal() === TOLD_AGAIN ? told?.keyId === key.id && told.secret : kept;
    if (!secret) return { ask: key };
    await countReveal(tx.db, claim.id);
    auditHolder(turn, 'claim.shown-again');
    return revealed(turn, secret);
  }

  function revealed({ facts, key }: Turn, secret: Secret): Revealed {
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
      unenforced: unenforcedOf(options.unenforced, options.policy(), facts),
    };
  }
}

interface Turn extends Try {
  readonly key: KeyRow;
  readonly facts: Facts;
  readonly browser: Secret | undefined;
  readonly told: Told | undefined;
}

/** Key before claim, like everyone else who locks both. A link renewed meanwhile is no link. */
async function lockBoth(
  tx: Tx,
  token: string,
  policy: Policy,
): Promise<{ claim: ClaimRow; key: KeyRow; facts: Facts } | undefined> {
  const tokenHash = hashToken(token);
  const found = await claimByToken(tx.db, tokenHash);
  if (!found) return undefined;
  const key = await tx.db.selectFrom('key').selectAll().where('id', '=', found.keyId).forUpdate().executeTakeFirst();
  const claim = await lockClaim(tx.db, found.id);
  const facts = await readFacts(tx.db, found, policy);
  return key && claim && facts && claim.tokenHash === tokenHash ? { claim, key, facts } : undefined;
}

function auditHolder({ tx, claim, facts, ip }: Turn, action: string): void {
  const detail = { claimId: claim.id, keyId: claim.keyId, from: shortAddress(ip) };
  tx.audit({ actor: `holder:${facts.holder.id}`, action, subject: claim.leaseId, detail });
}
