import { sql, type Kysely, type Transaction } from 'kysely';
import type { Window } from '../reservation/lease.ts';
import { inOne } from './in-one.ts';
import { anyOf, insertRows, updateRows } from './rows.ts';
import type { Database, KeyRow } from './schema.ts';

type Reader = Kysely<Database> | Transaction<Database>;

export interface KeyIntent {
  readonly id: string;
  readonly leaseId: string;
  readonly generation: number;
  readonly name: string;
  readonly provider: string;
  readonly sealedSecret: string;
  readonly hint: string;
  readonly window: Window;
  /** Whether the value says its window itself. */
  readonly isToken: boolean;
  readonly now: Date;
}

/** The intent: from here on the key may exist at the provider. */
export const intendKey = inOne(async (db, intents: readonly KeyIntent[]) => {
  const rows = intents.map(({ window, isToken, now, ...key }) => ({
    ...key,
    ...window,
    tokenFrom: isToken ? window.opensAt : null,
    tokenUntil: isToken ? window.closesAt : null,
    state: 'intended' as const,
    createdAt: now,
  }));
  await insertRows(db, 'key', { columns: INTENDED, rows }).execute();
  return intents.map(() => undefined);
});

const INTENDED = [
  'id',
  'leaseId',
  'generation',
  'name',
  'provider',
  'state',
  'opensAt',
  'closesAt',
  'sealedSecret',
  'hint',
  'tokenFrom',
  'tokenUntil',
  'createdAt',
] as const;

export async function findKey(db: Reader, id: string): Promise<KeyRow | undefined> {
  return await db.selectFrom('key').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function findKeyByName(db: Reader, name: string): Promise<KeyRow | undefined> {
  return await db.selectFrom('key').selectAll().where('name', '=', name).executeTakeFirst();
}

export interface Activation {
  readonly id: string;
  readonly handle: unknown;
  readonly window: Window;
  /** Only where the provider made the value. Null where it tells it only when it is claimed. */
  readonly made?: { readonly sealedSecret: string | null; readonly hint: string };
  readonly now: Date;
}

export const activateKey = inOne(async (db, activations: readonly Activation[]) => {
  const [ours, theirs] = [activations.filter(({ made }) => !made), activations.filter(({ made }) => made)];
  await updateRows(db, 'key', { columns: ACTIVATED, rows: ours.map(activated) });
  const made = theirs.map((one) => ({ ...activated(one), ...one.made! }));
  await updateRows(db, 'key', { columns: [...ACTIVATED, 'sealedSecret', 'hint'], rows: made });
  return activations.map(() => undefined);
});

const ACTIVATED = [
  'state',
  'handle',
  'opensAt',
  'closesAt',
  'confirmedAt',
  'activeAt',
  'attempts',
  'retryAt',
  'lastError',
  'lastErrorKind',
] as const;

function activated({ id, handle, window, now }: Activation) {
  const calm = { attempts: 0, retryAt: null, lastError: null, lastErrorKind: null };
  return { id, state: 'active' as const, handle, ...window, confirmedAt: now, activeAt: now, ...calm };
}

/** What a driver has so far. */
export async function keepHandle(db: Transaction<Database>, id: string, handle: unknown): Promise<void> {
  await db
    .updateTable('key')
    .set({ handle: JSON.stringify(handle) })
    .where('id', '=', id)
    .execute();
}

export async function moveKey(db: Transaction<Database>, id: string, window: Window): Promise<void> {
  await db
    .updateTable('key')
    .set({ opensAt: window.opensAt, closesAt: window.closesAt, attempts: 0, retryAt: null, lastError: null, lastErrorKind: null })
    .where('id', '=', id)
    .execute();
}

/** Its holder has it: from here on the value is nowhere but there and at the provider. */
export async function noteRevealed(
  db: Transaction<Database>,
  { id, at, hint }: { id: string; at: Date; hint: string },
): Promise<void> {
  await db.updateTable('key').set({ sealedSecret: null, revealedAt: at, hint }).where('id', '=', id).execute();
}

/** Before another window is asked for than at first: from here on it is sure to have only what both have in common. */
export async function narrowKey(db: Transaction<Database>, id: string, { opensAt, closesAt }: Window): Promise<void> {
  await db.updateTable('key').set({ opensAt, closesAt }).where('id', '=', id).execute();
}

/** From here on a call may be on its way that would make the key anew, were it gone. */
export async function unconfirmKey(db: Transaction<Database>, id: string): Promise<void> {
  await db.updateTable('key').set({ confirmedAt: null }).where('id', '=', id).execute();
}

/** That call has been answered: it was as sure to be there before as it is now. */
export async function confirmKey(
  db: Transaction<Database>,
  { id, confirmedAt }: Pick<KeyRow, 'id' | 'confirmedAt'>,
): Promise<void> {
  await db.updateTable('key').set({ confirmedAt }).where('id', '=', id).execute();
}

/** The obligation to revoke; it stays until there is proof. Earlier failures of another kind of call count no more. */
export const beginRevoking = inOne(async (db, keys: readonly { id: string; reason: string; now: Date }[]) => {
  const rows = keys.map(({ id, reason, now }) => ({
    id,
    state: 'revoking' as const,
    revokeReason: reason,
    revokingAt: now,
    attempts: 0,
    retryAt: null,
  }));
  const columns = ['state', 'revokeReason', 'revokingAt', 'attempts', 'retryAt'] as const;
  await updateRows(db, 'key', { columns, rows, holds: sql`held.state <> 'revoking'` });
  return keys.map(() => undefined);
});

/** Dead, with how we know it. The secret and the handle's secrets are wiped. */
export const endKey = inOne(async (db, keys: readonly { id: string; proof: Record<string, unknown>; now: Date }[]) => {
  const rows = keys.map(({ id, proof, now }) => ({
    id,
    state: 'revoked' as const,
    revokedAt: now,
    proof,
    sealedSecret: null,
    handle: null,
    retryAt: null,
  }));
  const columns = ['state', 'revokedAt', 'proof', 'sealedSecret', 'handle', 'retryAt'] as const;
  const ids = keys.map(({ id }) => id);
  // The key before its claim, like everyone else who locks both: then nobody waits in a circle.
  await updateRows(db, 'key', { columns, rows });
  await db.updateTable('claim').set({ sealedToken: null, sealedCode: null }).where('keyId', '=', anyOf(ids)).execute();
  return keys.map(() => undefined);
});

export interface Setback {
  readonly error: string;
  readonly kind: string;
  readonly retryAt: Date | null;
  /** Being told to wait is not an attempt. */
  readonly counts: boolean;
}

export async function noteSetback(
  db: Transaction<Database>,
  id: string,
  { error, kind, retryAt, counts }: Setback,
): Promise<void> {
  await db
    .updateTable('key')
    .set({ lastError: error, lastErrorKind: kind, retryAt, ...(counts ? { attempts: sql<number>`attempts + 1` } : {}) })
    .where('id', '=', id)
    .execute();
}
