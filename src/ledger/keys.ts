import { sql, type Kysely, type Transaction } from 'kysely';
import type { Window } from '../reservation/lease.ts';
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
  readonly now: Date;
}

/** The intent: from here on the key may exist at the provider. */
export async function intendKey(db: Transaction<Database>, { window, now, ...key }: KeyIntent): Promise<void> {
  await db
    .insertInto('key')
    .values({ ...key, state: 'intended', opensAt: window.opensAt, closesAt: window.closesAt, createdAt: now })
    .execute();
}

export async function findKey(db: Reader, id: string): Promise<KeyRow | undefined> {
  return await db.selectFrom('key').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function findKeyByName(db: Reader, name: string): Promise<KeyRow | undefined> {
  return await db.selectFrom('key').selectAll().where('name', '=', name).executeTakeFirst();
}

export interface Activation {
  readonly handle: unknown;
  readonly window: Window;
  /** Only where the provider made the value. */
  readonly made?: { readonly sealedSecret: string; readonly hint: string };
  readonly now: Date;
}

export async function activateKey(
  db: Transaction<Database>,
  id: string,
  { handle, window, made, now }: Activation,
): Promise<void> {
  await db
    .updateTable('key')
    .set({
      ...made,
      state: 'active',
      handle: JSON.stringify(handle),
      opensAt: window.opensAt,
      closesAt: window.closesAt,
      confirmedAt: now,
      activeAt: now,
      attempts: 0,
      retryAt: null,
      lastError: null,
      lastErrorKind: null,
    })
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

/** The obligation to revoke; it stays until there is proof. Earlier failures of another kind of call count no more. */
export async function beginRevoking(db: Transaction<Database>, id: string, reason: string, now: Date): Promise<void> {
  await db
    .updateTable('key')
    .set({ state: 'revoking', revokeReason: reason, revokingAt: now, attempts: 0, retryAt: null })
    .where('id', '=', id)
    .where('state', '!=', 'revoking')
    .execute();
}

/** Dead, with how we know it. The secret and the handle's secrets are wiped. */
export async function endKey(db: Transaction<Database>, id: string, proof: Record<string, unknown>, now: Date): Promise<void> {
  await db
    .updateTable('key')
    .set({ state: 'revoked', revokedAt: now, proof: JSON.stringify(proof), sealedSecret: null, handle: null, retryAt: null })
    .where('id', '=', id)
    .execute();
  await db.updateTable('claim').set({ sealedToken: null, sealedCode: null }).where('keyId', '=', id).execute();
}

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

/** Revocations not done yet, oldest first: the debts of law 5. */
export async function listRevoking(db: Reader, options: { limit: number; before?: Date }): Promise<KeyRow[]> {
  let query = db.selectFrom('key').selectAll().where('state', '=', 'revoking').orderBy('revokingAt').limit(options.limit);
  if (options.before) query = query.where('revokingAt', '<=', options.before);
  return await query.execute();
}
