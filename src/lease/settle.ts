import { hash } from 'node:crypto';
import { DriverError } from '../../providers/driver.ts';
import type { Tx } from '../ledger/database.ts';
import { noteSetback } from '../ledger/keys.ts';
import { predecessorsOf, readStories, readStory, type LeaseChange, type LeaseStory } from '../ledger/leases.ts';
import { askTogether, onlyFirst, type Ask } from '../ledger/together.ts';
import { endTurn, keepTurn, seeWake, takeTurns } from '../ledger/turns.ts';
import type { Notice } from '../reservation/notice.ts';
import type { Step } from '../reservation/steps.ts';
import { REFUSED_FOR_GOOD } from '../reservation/terms.ts';
import { Postponed } from './gate.ts';
import { issue, noteIssueFailure } from './issue.ts';
import { isUnder, lookAt } from './look.ts';
import { noteRetimeFailure, retime } from './retime.ts';
import { noteRevokeFailure, revoke, tellAllOverdue } from './revoke.ts';
import { hold } from './suspend.ts';
import { goOver, moveLease, TurnLost, writeInTurn, type Turn, type Workshop } from './turn.ts';

/** After a crash another node takes over this much later. */
export const HOLD_MS = 5000;
const MOST_ROUNDS = 12;

/** Brings one lease to what it should be now. May be called at any time, by any node, as often as one likes. */
export type Settle = (leaseId: string) => Promise<void>;

export function createSettle(workshop: Workshop): Settle {
  const { ledger, now } = workshop;
  const shop: Shop = {
    ...workshop,
    takeTurn: onlyFirst(askTogether((ids) => takeTurns(ledger.db, ids, { now: now(), holdMs: HOLD_MS }))),
    read: askTogether((ids) => readStories(ledger.db, ids)),
    predecessors: askTogether((ids) => predecessorsOf(ledger.db, ids, now())),
  };
  return (leaseId) => settleOne(shop, leaseId);
}

/** What is asked of the ledger for all leases that are settled in the same moment. */
interface Shop extends Workshop {
  readonly takeTurn: Ask<number>;
  readonly read: Ask<LeaseStory>;
  readonly predecessors: Ask<readonly string[]>;
}

/** Back-to-back bookings free before they grant: whoever's time on this resource is over goes first. */
async function freeTheResource(shop: Shop, { lease, keys }: Turn): Promise<void> {
  if (keys.some((key) => key.state === 'active')) return;
  for (const id of (await shop.predecessors(lease.id)) ?? []) await settleOne(shop, id);
}

async function settleOne(shop: Shop, leaseId: string): Promise<void> {
  const number = await shop.takeTurn(leaseId);
  if (number === undefined) return;
  const held = holdOn(shop, leaseId, number);
  try {
    for (let round = 0; round < MOST_ROUNDS; round += 1) if (await settleRound(shop, leaseId, number)) return;
    shop.log.error('lease does not settle', { lease: leaseId });
  } catch (error) {
    if (!(error instanceof TurnLost)) throw error;
    shop.log.info('turn lost', { lease: leaseId, turn: number });
  } finally {
    clearInterval(held);
  }
}

/** One look and the steps that follow from it. True when there is nothing more to do now. */
async function settleRound(shop: Shop, leaseId: string, number: number): Promise<boolean> {
  const story = await shop.read(leaseId);
  if (!story) return true;
  const turn = look(shop, story, number);
  for (const step of turn.decision.steps) {
    if (step.do === 'issue') await freeTheResource(shop, turn);
    await take(shop, turn, step);
  }
  if (turn.decision.steps.length > 0) return false;
  return await rest(shop, turn);
}

/** Writes down what was decided and gives the turn back. False when the facts changed meanwhile. */
async function rest(shop: Workshop, turn: Turn): Promise<boolean> {
  const { decision, lease } = turn;
  let ended = false;
  await writeInTurn(shop, turn, 'rest', async (tx) => {
    await moveLease(shop, tx, turn, {
      state: decision.state,
      reason: decision.reason,
      opensAt: decision.window?.opensAt ?? lease.opensAt,
      closesAt: decision.window?.closesAt ?? lease.closesAt,
      ...placeOf(tx, turn),
    });
    if (isRefusedAnew(turn)) await shop.announce(tx, refusalOf(turn));
    if (decision.state === 'stuck' && lease.state !== 'stuck') await tellAllOverdue(shop, tx, turn);
    if (decision.state === 'active' && decision.endingAt && decision.endingAt <= shop.now())
      await shop.announce(tx, { kind: 'ending', leaseId: lease.id, id: `ending:${decision.window!.closesAt.toISOString()}` });
    ended = await endTurn(tx.db, { id: lease.id, turn: turn.number, wakeAt: decision.wakeAt });
  });
  if (ended) return true;
  return !(await seeWake(shop.ledger.db, lease.id, turn.number));
}

/** Refused, for a reason that nobody was told yet. */
function isRefusedAnew({ decision, lease }: Turn): boolean {
  if (decision.state !== 'refused' || decision.reason === null || decision.reason === REFUSED_FOR_GOOD) return false;
  return lease.state !== 'refused' || lease.reason !== decision.reason;
}

function refusalOf({ decision, lease }: Turn): Notice {
  const reason = decision.reason!;
  // The reason quotes what was booked; an id has its place in an index and must be short.
  const named = hash('sha256', reason, 'base64url');
  return { kind: 'refused', leaseId: lease.id, reason, id: `refused:${lease.generation}:${named}` };
}

/** A lease that waits goes over to the plan that its key will be made under, and what was granted before counts no more. */
function placeOf(tx: Tx, turn: Turn): LeaseChange {
  const { keys, plan, lease, decision } = turn;
  const waits = decision.state === 'pending' || decision.state === 'refused';
  if (!plan || !waits || isUnder(lease, plan) || keys.some((key) => key.state !== 'revoked')) return {};
  return { ...goOver(tx, turn, plan), grant: null };
}

async function take(shop: Workshop, turn: Turn, step: Step): Promise<void> {
  const key = step.do === 'issue' ? undefined : turn.keys.find((candidate) => candidate.id === step.keyId);
  try {
    switch (step.do) {
      case 'issue':
        return await issue(shop, turn, step);
      case 'retime':
        return await retime(shop, turn, key!, step);
      case 'suspend':
      case 'resume':
        return await hold(shop, turn, key!, step.do);
      case 'revoke':
        return await revoke(shop, turn, key!, step.reason);
      default:
        step satisfies never;
    }
  } catch (error) {
    if (error instanceof Postponed) return await postpone(shop, turn, step, error);
    if (!(error instanceof DriverError)) throw error;
    shop.log.warn('driver call failed', {
      lease: turn.lease.id,
      provider: key?.provider ?? (step.do === 'issue' ? step.plan.provider : turn.lease.provider),
      step: step.do,
      kind: error.kind,
      error: error.message,
    });
    if (step.do === 'issue') return await noteIssueFailure(shop, turn, step.generation, error);
    if (step.do !== 'revoke') return await noteRetimeFailure(shop, turn, key!, error);
    return await noteRevokeFailure(shop, turn, key!, error);
  }
}

/** The call was not made; it is not an attempt. */
async function postpone(shop: Workshop, turn: Turn, step: Step, { retryAfterMs, message }: Postponed): Promise<void> {
  const { keys } = (await readStory(shop.ledger.db, turn.lease.id))!;
  const key = keys.find((candidate) =>
    step.do === 'issue' ? candidate.generation === step.generation : candidate.id === step.keyId,
  );
  if (!key) return;
  const retryAt = new Date(shop.now().getTime() + retryAfterMs);
  await writeInTurn(shop, turn, 'postponed', async (tx) => {
    await noteSetback(tx.db, key.id, { error: message, kind: 'transient', retryAt, counts: false });
  });
}

export function look(shop: Workshop, story: LeaseStory, number: number): Turn {
  const { lease, keys } = story;
  return { number, lease, standing: { state: lease.state }, keys, ...lookAt(shop, story) };
}

/** A slow provider must not cost us the turn. */
export function holdOn(shop: Workshop, leaseId: string, number: number): NodeJS.Timeout {
  const beat = () => {
    keepTurn(shop.ledger.db, leaseId, number, new Date(shop.now().getTime() + HOLD_MS)).catch((error: unknown) =>
      shop.log.warn('turn not kept', { lease: leaseId, error: error instanceof Error ? error.message : 'unknown' }),
    );
  };
  return setInterval(beat, HOLD_MS / 3).unref();
}
