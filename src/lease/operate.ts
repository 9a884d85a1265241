import type { Ledger, Tx } from '../ledger/database.ts';
import { endKey, findKey } from '../ledger/keys.ts';
import { findLease, readStory, wakeLease, type LeaseStory } from '../ledger/leases.ts';
import type { LeaseRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import type { Situation } from '../reservation/situation.ts';
import { newTerms, overBecause } from '../reservation/terms.ts';
import { situationOf, type Lens } from './look.ts';
import { retimeBooking, type Retime } from './retime-booking.ts';
import type { Settle } from './settle.ts';

export interface Rotate {
  readonly actor: string;
  /** How long the old key stays good; 0 after a leak. Never past the window. */
  readonly overlapMs: number;
  readonly reason?: string;
  /** Something that must be written together with it or not at all. */
  readonly alongside?: (tx: Tx, generation: number) => Promise<void>;
}

/** What an operator may do to a lease. Each act is recorded first and settled before the answer. */
export interface Operations {
  /** Final for this lease. Resolves when every key is dead, or with what is left when the provider cannot do it now. */
  revoke(leaseId: string, by: { actor: string; reason: string }): Promise<LeaseStory>;
  /** A new key with the same grant; the old one stays good for the overlap. Throws a conflict unless a key is active and its plan is configured. */
  rotate(leaseId: string, by: Rotate): Promise<LeaseStory>;
  /** Moves the booking's window as a newer event would; the source's next change overrides it. Throws when it is over or the plan forbids it. */
  retime(leaseId: string, by: Retime): Promise<LeaseStory>;
  suspend(leaseId: string, by: { actor: string; reason: string }): Promise<LeaseStory>;
  resume(leaseId: string, by: { actor: string }): Promise<LeaseStory>;
  /** Tries a refused issue or a delayed revocation again at once. */
  retry(leaseId: string, by: { actor: string }): Promise<LeaseStory>;
  /** Accepts a key that cannot be revoked as gone; for ever in the audit. */
  closeDebt(keyId: string, by: { actor: string; reason: string }): Promise<LeaseStory>;
}

const PATIENCE_MS = 5000;
const LOOK_AGAIN_MS = 50;

export function createOperations(deps: {
  ledger: Ledger;
  settle: Settle;
  lens: Lens;
  wait: (ms: number) => Promise<unknown>;
}): Operations {
  const { ledger } = deps;
  const { now } = deps.lens;

  const change = async (leaseId: string, work: (tx: Tx, lease: LeaseRow) => Promise<void>): Promise<LeaseStory> => {
    await ledger.transact(async (tx) => {
      const lease = await tx.db.selectFrom('lease').selectAll().where('id', '=', leaseId).forUpdate().executeTakeFirst();
      if (!lease) throw new Fault('not_found', `there is no lease ${leaseId}`);
      await work(tx, lease);
      await wakeLease(tx.db, leaseId, now());
    });
    return await settled(leaseId);
  };

  /** Settles now; when another node has the turn, waits for it a little. */
  const settled = async (leaseId: string): Promise<LeaseStory> => {
    for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_AGAIN_MS) {
      await deps.settle(leaseId);
      const lease = await findLease(ledger.db, leaseId);
      if (!lease?.heldUntil) break;
      await deps.wait(LOOK_AGAIN_MS);
    }
    return (await readStory(ledger.db, leaseId))!;
  };

  return {
    revoke: (leaseId, { actor, reason }) =>
      change(leaseId, async (tx, lease) => {
        if (lease.revokedBy) return;
        await tx.db
          .updateTable('lease')
          .set({ revokedBy: JSON.stringify({ actor, reason, at: now().toISOString() }) })
          .where('id', '=', leaseId)
          .execute();
        tx.audit({ actor, action: 'lease.revoke', subject: leaseId, detail: { reason } });
      }),

    rotate: (leaseId, { actor, overlapMs, reason, alongside }) =>
      change(leaseId, async (tx, lease) => {
        const story = (await readStory(tx.db, leaseId))!;
        const { keys } = story;
        if (!keys.some((key) => key.state === 'active' && key.generation === lease.generation))
          throw new Fault('conflict', `lease ${leaseId} has no active key to rotate; it is ${lease.state}`);
        const why = noSuccessor(situationOf(deps.lens, story), now());
        if (why) throw new Fault('conflict', `lease ${leaseId} can have no new key: ${why}`);
        const generation = 1 + Math.max(...keys.map((key) => key.generation));
        const overlapUntil = new Date(now().getTime() + overlapMs);
        await tx.db.updateTable('lease').set({ generation, overlapUntil }).where('id', '=', leaseId).execute();
        await alongside?.(tx, generation);
        tx.audit({
          actor,
          action: 'lease.rotate',
          subject: leaseId,
          detail: { generation, overlapMs, ...(reason ? { reason } : {}) },
        });
      }),

    retime: async (leaseId, by) => {
      await retimeBooking(deps, leaseId, by);
      return await settled(leaseId);
    },

    suspend: (leaseId, { actor, reason }) =>
      change(leaseId, async (tx) => {
        await tx.db.updateTable('lease').set({ suspendedAt: now() }).where('id', '=', leaseId).execute();
        tx.audit({ actor, action: 'lease.suspend', subject: leaseId, detail: { reason } });
      }),

    resume: (leaseId, { actor }) =>
      change(leaseId, async (tx) => {
        await tx.db.updateTable('lease').set({ suspendedAt: null }).where('id', '=', leaseId).execute();
        tx.audit({ actor, action: 'lease.resume', subject: leaseId });
      }),

    retry: (leaseId, { actor }) =>
      change(leaseId, async (tx, lease) => {
        await tx.db
          .updateTable('key')
          .set({ retryAt: null })
          .where('leaseId', '=', leaseId)
          .where('state', '!=', 'revoked')
          .execute();
        const rejected = lease.state === 'refused' && lease.grant !== null;
        if (rejected)
          await tx.db
            .updateTable('lease')
            .set({ generation: lease.generation + 1, overlapUntil: null })
            .where('id', '=', leaseId)
            .execute();
        tx.audit({ actor, action: 'lease.retry', subject: leaseId });
      }),

    closeDebt: async (keyId, { actor, reason }) => {
      const key = await findKey(ledger.db, keyId);
      if (!key) throw new Fault('not_found', `there is no key ${keyId}`);
      return await change(key.leaseId, async (tx) => {
        const current = await tx.db.selectFrom('key').select('state').where('id', '=', keyId).forUpdate().executeTakeFirst();
        if (current?.state !== 'revoking')
          throw new Fault('conflict', `key ${keyId} is ${current?.state}; only one that waits for its revocation can be closed`);
        const proof = { closedBy: actor, reason, at: now().toISOString() };
        await endKey(tx.db, { id: keyId, proof, now: now() });
        tx.audit({ actor, action: 'debt.closed', subject: keyId, detail: { lease: key.leaseId, reason } });
      });
    },
  };
}

/** Why a rotation could only take the key away: nothing can be made in its place. */
function noSuccessor(situation: Situation, now: Date): string | undefined {
  const over = overBecause(situation, now);
  if (over) return over;
  const terms = newTerms(situation, now);
  return !terms.wanted && (terms.state === 'revoked' || terms.state === 'refused') ? (terms.reason ?? terms.state) : undefined;
}
