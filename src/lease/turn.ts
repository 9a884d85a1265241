import type { MintToken } from '../keys/token.ts';
import type { Log } from '../observe/log.ts';
import type { Ledger, Tx } from '../ledger/database.ts';
import { changeLease, type LeaseChange } from '../ledger/leases.ts';
import { holdTurn } from '../ledger/turns.ts';
import type { KeyRow, LeaseRow } from '../ledger/schema.ts';
import type { Decision } from '../reservation/decide.ts';
import { LEASE_MOVES, type LeaseState } from '../reservation/lease.ts';
import type { Notice } from '../reservation/notice.ts';
import type { Catalogue, Plan } from '../reservation/plan.ts';
import type { Reservation } from '../reservation/reservation.ts';
import type { Sealer } from '../secret/seal.ts';
import type { Caller, Providers } from './call.ts';
import type { Make } from './make.ts';

/** What settling works with. */
export interface Workshop {
  readonly ledger: Ledger;
  readonly sealer: Sealer;
  readonly policy: () => Catalogue;
  readonly providers: Providers;
  readonly call: Caller;
  readonly make: Make;
  readonly announce: (tx: Tx, notice: Notice) => Promise<void>;
  readonly now: () => Date;
  readonly random: () => number;
  /** Of new keys, `[a-z][a-z0-9_]{0,15}`. */
  readonly keyPrefix: string;
  readonly mintToken: MintToken;
  readonly log: Log;
  /** Told of each key that is proved dead, so many seconds after it was to be revoked. */
  readonly proved?: (provider: string, seconds: number) => void;
  /** Only tests stop the process here. */
  readonly crashPoint?: (name: string) => void;
}

/** One node's right to act on one lease, with the facts as it read them. */
export interface Turn {
  readonly number: number;
  /** As read when the turn began; `standing` is what it became since. */
  readonly lease: LeaseRow;
  readonly standing: { state: LeaseState };
  readonly reservation: Reservation;
  readonly keys: readonly KeyRow[];
  readonly decision: Decision;
  /** What new keys are made under. */
  readonly plan: Plan | undefined;
}

/** Another node acts on this lease now: nothing may be written any more. */
export class TurnLost extends Error {
  constructor(leaseId: string) {
    super(`the turn on ${leaseId} was lost`);
    this.name = 'TurnLost';
  }
}

/** A write that happens only while the turn is held, with its audit entry in the same transaction. Throws `TurnLost`. */
export async function writeInTurn(shop: Workshop, turn: Turn, name: string, work: (tx: Tx) => Promise<void>): Promise<void> {
  shop.crashPoint?.(`${name}:before-write`);
  const held = await shop.ledger.transact(
    async (tx) => {
      const state = await holdTurn(tx.db, { id: turn.lease.id, turn: turn.number });
      if (!state) return false;
      turn.standing.state = state;
      await work(tx);
      return true;
    },
    { apart: true },
  );
  if (!held) throw new TurnLost(turn.lease.id);
  shop.crashPoint?.(`${name}:after-write`);
}

/** Moves the lease and leaves one audit entry when its state changed. */
export async function moveLease(shop: Workshop, tx: Tx, turn: Turn, change: LeaseChange): Promise<void> {
  await changeLease(tx.db, { id: turn.lease.id, change, now: shop.now() });
  const from = turn.standing.state;
  if (change.state === undefined || change.state === from) return;
  if (!LEASE_MOVES[from].includes(change.state))
    shop.log.error('illegal lease move', { lease: turn.lease.id, from, to: change.state });
  turn.standing.state = change.state;
  auditMove(tx, turn.lease.id, change.state, change.reason ?? null);
}

/** What changes when the lease goes over to another plan; nothing when it is under this one. Leaves an audit entry. */
export function goOver(tx: Tx, { lease }: Turn, { name, provider }: Plan): LeaseChange {
  if (lease.plan === name && lease.provider === provider) return {};
  const from = { plan: lease.plan, provider: lease.provider };
  tx.audit({ actor: 'latchkey', action: 'lease.replanned', subject: lease.id, detail: { plan: name, provider, from } });
  return { plan: name, provider };
}

function auditMove(tx: Tx, leaseId: string, state: LeaseState, reason: string | null): void {
  tx.audit({ actor: 'latchkey', action: `lease.${state}`, subject: leaseId, ...(reason ? { detail: { reason } } : {}) });
}
