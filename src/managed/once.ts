import type { Tx } from '../ledger/database.ts';
import { findCreation, insertCreation } from '../ledger/creations.ts';
import { lockCreation } from '../ledger/project-keys.ts';
import type { ProjectKeyRow } from '../ledger/schema.ts';
import { hashKey } from '../keys/key.ts';
import { canonical } from '../reservation/canonical.ts';
import { Fault } from '../reservation/fault.ts';
import type { Secret } from '../secret/secret.ts';
import { createKey, type Making } from './create.ts';
import { take } from './find.ts';
import type { House } from './house.ts';

/** For so long an answer that got lost is given again with the value. */
export const VALUE_KEPT_MS = 10 * 60_000;
/** For so long the same creation makes no second key. */
export const CREATION_KEPT_MS = 24 * 3_600_000;

export interface MadeOnce {
  readonly key: ProjectKeyRow;
  /** Null where it was made some time ago: it is kept nowhere. */
  readonly value: Secret | null;
  readonly isNew: boolean;
}

/**
 * `createKey` that may be repeated under a token of the caller's (the Idempotency-Key header): the same token and the same request are the
 * same key. Throws Fault('conflict') for the same token with another request.
 */
export async function createOnce(house: House, tx: Tx, { token, ...making }: Making & { token?: string }): Promise<MadeOnce> {
  if (token === undefined) return { ...(await createKey(house, tx, making)), isNew: true };
  const { project, asked } = making;
  const tokenHash = hashKey(`${making.actor}\n${token}`);
  const askedHash = hashKey(canonical(asked));
  await lockCreation(tx.db, project);
  const before = await findCreation(tx.db, project, tokenHash);
  const now = house.now();
  if (!before) {
    const made = await createKey(house, tx, making);
    const sealedValue = house.sealer.seal(made.value, sealedFor(made.key.id));
    await insertCreation(tx.db, { project, tokenHash, askedHash, projectKeyId: made.key.id, sealedValue, createdAt: now });
    return { ...made, isNew: true };
  }
  if (before.askedHash !== askedHash)
    throw new Fault('conflict', 'this Idempotency-Key was used for another request', { at: 'Idempotency-Key' });
  const key = await take(tx, { project, id: before.projectKeyId });
  const isFresh = now.getTime() - before.createdAt.getTime() < VALUE_KEPT_MS && key.generation === 1;
  const value = isFresh && before.sealedValue ? house.sealer.open(before.sealedValue, sealedFor(key.id)) : null;
  return { key, value, isNew: false };
}

const sealedFor = (id: string): string => `creation:${id}`;
