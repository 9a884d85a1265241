import { sql, type Kysely, type Transaction } from 'kysely';
import type { Database, LocalKeyRow, SigningKeyRow } from './schema.ts';

type Reader = Kysely<Database> | Transaction<Database>;

/** All that there were, newest first. */
export async function listSigningKeys(db: Reader): Promise<SigningKeyRow[]> {
  return await db.selectFrom('signingKey').selectAll().orderBy('createdAt', 'desc').orderBy('kid').execute();
}

/** Those whose tokens may live, or will. */
export async function publishedSigningKeys(db: Reader): Promise<SigningKeyRow[]> {
  return await db.selectFrom('signingKey').selectAll().where('goneAt', 'is', null).orderBy('createdAt', 'desc').execute();
}

/** Held until the transaction ends, so that one node at a time puts another in its place. */
export async function lockNewestSigningKey(db: Transaction<Database>): Promise<SigningKeyRow | undefined> {
  return await db.selectFrom('signingKey').selectAll().where('signsUntil', 'is', null).forUpdate().executeTakeFirst();
}

/** False where there is a newest one already. */
export async function addSigningKey(db: Transaction<Database>, key: SigningKeyRow): Promise<boolean> {
  const added = await db
    .insertInto('signingKey')
    .values({ ...key, publicJwk: JSON.stringify(key.publicJwk) })
    .onConflict((conflict) => conflict.doNothing())
    .returning('kid')
    .executeTakeFirst();
  return added !== undefined;
}

export async function endSigning(db: Transaction<Database>, kid: string, until: Date): Promise<void> {
  await db.updateTable('signingKey').set({ signsUntil: until }).where('kid', '=', kid).execute();
}

/** Nobody can sign any more with what ended before. */
export async function wipeSigningKeys(db: Transaction<Database>, endedBefore: Date): Promise<void> {
  await db
    .updateTable('signingKey')
    .set({ sealedPrivate: null })
    .where('signsUntil', '<', endedBefore)
    .where('sealedPrivate', 'is not', null)
    .execute();
}

/** Takes out those that ended before, and of which no token is good any more. Answers their ids. */
export async function retireSigningKeys(
  db: Transaction<Database>,
  { endedBefore, now }: { endedBefore: Date; now: Date },
): Promise<string[]> {
  const gone = await db
    .updateTable('signingKey')
    .set({ goneAt: now, sealedPrivate: null })
    .where('signsUntil', '<', endedBefore)
    .where('goneAt', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('localKey')
            .select(sql<number>`1`.as('one'))
            .whereRef('localKey.tokenKid', '=', 'signingKey.kid')
            .where('localKey.tokenUntil', '>', now),
        ),
      ),
    )
    .returning('kid')
    .execute();
  return gone.map(({ kid }) => kid);
}

const HELD = ['id', 'opensAt', 'closesAt', 'suspendedAt', 'revokedAt', 'tokenFrom', 'tokenUntil', 'tokenStale'] as const;
export type HeldToken = Pick<LocalKeyRow, (typeof HELD)[number]>;

/** Tokens that say they are good for longer, from earlier, or for something else than they are. Those that are over by their own word are not among them. */
export async function listHeldTokens(db: Reader, now: Date): Promise<HeldToken[]> {
  return await db
    .selectFrom('localKey')
    .select(HELD)
    .where('tokenUntil', '>', now)
    .where(({ or, eb, ref }) =>
      or([
        eb('revokedAt', 'is not', null),
        eb('suspendedAt', 'is not', null),
        eb('tokenStale', '=', true),
        eb('closesAt', '<', ref('tokenUntil')),
        eb('opensAt', '>', ref('tokenFrom')),
      ]),
    )
    .orderBy('id')
    .execute();
}
