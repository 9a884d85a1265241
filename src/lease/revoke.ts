import { DriverError, type Call, type Usage } from '../../providers/driver.ts';
import { beginRevoking, endKey, noteSetback } from '../ledger/keys.ts';
import type { Tx } from '../ledger/database.ts';
import { isOverdue } from '../ledger/debts.ts';
import type { KeyRow } from '../ledger/schema.ts';
import { alertFor } from './alert.ts';
import { backoffMs } from './backoff.ts';
import { DEADLINE_MS, type OpenProvider } from './call.ts';
import { keep, refOf } from './key-ref.ts';
import { readBack, type ReadBack } from './read-back.ts';
import { moveLease, writeInTurn, type Turn, type Workshop } from './turn.ts';

/** Takes a key away at the provider and reads its state back. The obligation is committed first and stays until the provider answered. */
export async function revoke(shop: Workshop, turn: Turn, key: KeyRow, reason: string): Promise<void> {
  const since = key.state === 'revoking' ? key.revokingAt : await oblige(shop, turn, key, reason);
  const work = async (provider: OpenProvider, call: Call): Promise<Usage | void> => {
    try {
      return await provider.driver.revoke(refOf(shop, key), call);
    } catch (error) {
      // The key's row is there, so the name is ours: gone is what we wanted.
      if (!(error instanceof DriverError) || error.kind !== 'gone') throw error;
    }
  };
  const usage = await shop.call(key.provider, 'revoke', work, (handle) => keep(shop, turn, key.id, handle));
  if (!key.confirmedAt && key.proof === null) return await lookAgainLater(shop, turn, key);
  await prove(shop, turn, key, { reason, since, ...(usage && { used: usage.used }), ...(await readBack(shop, key)) });
}

/** What a failed attempt means: try again later, for ever; say so when it takes long, or at once when only a person can help. */
export async function noteRevokeFailure(shop: Workshop, turn: Turn, key: KeyRow, failure: DriverError): Promise<void> {
  const now = shop.now();
  const failed = { ...key, attempts: key.attempts + 1, lastError: failure.message };
  await writeInTurn(shop, turn, 'revoke-failed', async (tx) => {
    const retryAt = new Date(now.getTime() + backoffMs(failure, key.attempts, shop.random));
    await noteSetback(tx.db, key.id, { error: failure.message, kind: failure.kind, retryAt, counts: true });
    await moveLease(shop, tx, turn, { lastError: failure.message });
    const alert = alertFor(key, 'revoke', failure);
    if (alert) await shop.announce(tx, alert);
    // That it gets stuck is told when it does.
    if (turn.lease.state === 'stuck' && isOverdue(failed, now)) await tellOverdue(shop, tx, failed);
  });
}

/** The lease got stuck, whether a call failed just now or none could be made. */
export async function tellAllOverdue(shop: Workshop, tx: Tx, { keys }: Turn): Promise<void> {
  for (const key of keys) if (isOverdue(key, shop.now())) await tellOverdue(shop, tx, key);
}

/** To operators, in the log and by alert; the same alert is sent once. */
async function tellOverdue(shop: Workshop, tx: Tx, key: KeyRow): Promise<void> {
  shop.log.warn('revocation overdue', {
    lease: key.leaseId,
    key: key.id,
    provider: key.provider,
    attempts: key.attempts,
    kind: key.lastErrorKind,
  });
  await shop.announce(tx, {
    kind: 'alert',
    leaseId: key.leaseId,
    keyId: key.id,
    reason: `a key could not be revoked at ${key.provider} yet: ${key.lastError ?? 'it has not answered'}`,
    id: `debt:${key.id}`,
  });
}

async function oblige(shop: Workshop, turn: Turn, key: KeyRow, reason: string): Promise<Date> {
  const now = shop.now();
  const current = key.generation === turn.lease.generation;
  await writeInTurn(shop, turn, 'revoke-intent', async (tx) => {
    await beginRevoking(tx.db, { id: key.id, reason, now });
    if (current) await moveLease(shop, tx, turn, { state: turn.decision.state === 'active' ? 'active' : 'revoking', reason });
    tx.audit({ actor: 'latchkey', action: 'key.revoking', subject: key.id, detail: { lease: turn.lease.id, reason } });
  });
  return now;
}

/** An issue whose answer was lost may still be on its way: until every deadline has passed. */
async function lookAgainLater(shop: Workshop, turn: Turn, key: KeyRow): Promise<void> {
  const now = shop.now();
  const longestMs = Math.max(DEADLINE_MS, shop.providers(key.provider)?.driver.deadlineMs ?? 0);
  const retryAt = new Date(now.getTime() + longestMs);
  await writeInTurn(shop, turn, 'revoke-first-look', async (tx) => {
    await tx.db
      .updateTable('key')
      .set({ proof: JSON.stringify({ firstLookAt: now, secondLookAt: retryAt }), retryAt, attempts: 0 })
      .where('id', '=', key.id)
      .execute();
  });
}

interface Done extends ReadBack {
  readonly reason: string;
  /** When it was to be revoked. */
  readonly since: Date | null;
  /** Requests, as the provider counted them at the end. */
  readonly used?: number;
}

async function prove(shop: Workshop, turn: Turn, key: KeyRow, { reason, since, ...seen }: Done): Promise<void> {
  const now = shop.now();
  const tookMs = Math.max(0, now.getTime() - (since ?? now).getTime());
  await writeInTurn(shop, turn, 'revoke-proof', async (tx) => {
    const proof = { revokedAt: now.toISOString(), attempts: key.attempts + 1, by: key.provider, ...seen, tookMs };
    await endKey(tx.db, { id: key.id, proof, now });
    tx.audit({
      actor: 'latchkey',
      action: 'key.revoked',
      subject: key.id,
      detail: { lease: turn.lease.id, reason: key.revokeReason ?? reason },
    });
    const successor = turn.keys.some((other) => other.generation > key.generation && other.state === 'active');
    if (successor || !key.activeAt) return;
    await shop.announce(tx, {
      kind: 'revoked',
      leaseId: turn.lease.id,
      keyId: key.id,
      reason: key.revokeReason ?? reason,
      id: `revoked:${key.generation}`,
    });
  });
  shop.proved?.(key.provider, tookMs / 1000);
}
