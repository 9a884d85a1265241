import type { Kysely } from 'kysely';
import { inOne } from './in-one.ts';
import { insertRows } from './rows.ts';
import type { ClaimRow, Database } from './schema.ts';

/** Queries on claims. A claim's window is its key's, so both are read together. */

type Db = Kysely<Database>;
export type NewClaim = Pick<ClaimRow, (typeof INSERTED)[number]>;

/** Undefined when the key has its claim already: a notice announced twice makes one. */
export const insertClaim = inOne(async (db, claims: readonly NewClaim[]) => {
  const made = await insertRows(db, 'claim', { columns: INSERTED, rows: claims })
    .onConflict((conflict) => conflict.column('keyId').doNothing())
    .returningAll()
    .execute();
  const byId = new Map(made.map((claim) => [claim.id, claim]));
  return claims.map(({ id }): ClaimRow | undefined => byId.get(id));
});

const INSERTED = [
  'id',
  'keyId',
  'leaseId',
  'tokenHash',
  'sealedToken',
  'confirm',
  'codeHash',
  'sealedCode',
  'expiresAt',
  'createdAt',
] as const;

export async function claimById(db: Db, id: string): Promise<ClaimRow | undefined> {
  return await db.selectFrom('claim').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function claimByToken(db: Db, tokenHash: string): Promise<ClaimRow | undefined> {
  return await db.selectFrom('claim').selectAll().where('tokenHash', '=', tokenHash).executeTakeFirst();
}

/** The newest claim of a key, or of a lease's newest generation. */
export async function claimOf(db: Db, keyOrLeaseId: string): Promise<ClaimRow | undefined> {
  return await db
    .selectFrom('claim')
    .selectAll()
    .where((on) => on.or([on('keyId', '=', keyOrLeaseId), on('leaseId', '=', keyOrLeaseId)]))
    .orderBy('id', 'desc')
    .executeTakeFirst();
}

/** Locks the row until the transaction ends, so that tries are counted one after the other. */
export async function lockClaim(db: Db, id: string): Promise<ClaimRow | undefined> {
  return await db.selectFrom('claim').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

export interface Taking {
  readonly id: string;
  readonly at: Date;
  readonly ip: string;
  readonly agent: string;
  readonly sealedAgain: string | null;
}

/** Of all who try at once one gets true. Token and code are wiped with it. */
export async function takeClaim(db: Db, { id, at, ip, agent, sealedAgain }: Taking): Promise<boolean> {
  const taken = { claimedAt: at, claimedIp: ip, claimedAgent: agent, sealedAgain, reveals: 1 };
  const row = await db
    .updateTable('claim')
    .set({ ...taken, sealedToken: null, sealedCode: null })
    .where('id', '=', id)
    .where('claimedAt', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** What was kept for another look is wiped, of all claims taken before then. */
export async function wipeAgain(db: Db, before: Date): Promise<void> {
  await db
    .updateTable('claim')
    .set({ sealedAgain: null })
    .where('sealedAgain', 'is not', null)
    .where('claimedAt', '<', before)
    .execute();
}

export async function countReveal(db: Db, id: string): Promise<void> {
  await db
    .updateTable('claim')
    .set((row) => ({ reveals: row('reveals', '+', 1) }))
    .where('id', '=', id)
    .execute();
}

/** How many wrong tries there were, this one included. */
export async function countRefusal(db: Db, id: string): Promise<number> {
  const row = await db
    .updateTable('claim')
    .set((row) => ({ refusals: row('refusals', '+', 1) }))
    .where('id', '=', id)
    .returning('refusals')
    .executeTakeFirstOrThrow();
  return row.refusals;
}

/** A new token (and code) for an unclaimed claim; the old ones stop working and the tries start again. */
export async function renewClaim(
  db: Db,
  id: string,
  token: Pick<NewClaim, 'tokenHash' | 'sealedToken' | 'confirm' | 'codeHash' | 'sealedCode'>,
): Promise<boolean> {
  const row = await db
    .updateTable('claim')
    .set({ ...token, refusals: 0 })
    .where('id', '=', id)
    .where('claimedAt', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** After an extension or a shortening the claim ends with its key again. */
export async function followKeys(db: Db, leaseId: string): Promise<void> {
  await db
    .updateTable('claim')
    .from('key')
    .set((row) => ({ expiresAt: row.ref('key.closesAt') }))
    .whereRef('key.id', '=', 'claim.keyId')
    .where('claim.leaseId', '=', leaseId)
    .where('claim.claimedAt', 'is', null)
    .execute();
}

/** Unclaimed claims whose key's window is over or whose key is dead and that still hold something to wipe. */
export async function wipeableClaims(
  db: Db,
  now: Date,
  limit: number,
): Promise<readonly { id: string; keyId: string; leaseId: string }[]> {
  return await db
    .selectFrom('claim')
    .innerJoin('key', 'key.id', 'claim.keyId')
    .select(['claim.id', 'claim.keyId', 'claim.leaseId'])
    .where('claim.claimedAt', 'is', null)
    .where((on) => on.or([on('key.closesAt', '<=', now), on('key.state', '=', 'revoked')]))
    .where((on) => on.or([on('claim.sealedToken', 'is not', null), on('key.sealedSecret', 'is not', null)]))
    .orderBy('claim.id')
    .limit(limit)
    .execute();
}

export async function wipeClaim(db: Db, id: string): Promise<void> {
  await db
    .updateTable('claim')
    .set({ sealedToken: null, sealedCode: null })
    .where('id', '=', id)
    .where('claimedAt', 'is', null)
    .execute();
}
