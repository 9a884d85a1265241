import type { Kysely, Transaction } from 'kysely';
import type { Database } from './schema.ts';

type Reader = Kysely<Database> | Transaction<Database>;

/** Creations that their callers may repeat (the Idempotency-Key header), so that a lost answer makes no second key. */

export interface Creation {
  readonly project: string;
  readonly tokenHash: string;
  readonly askedHash: string;
  readonly projectKeyId: string;
  readonly sealedValue: string | null;
  readonly createdAt: Date;
}

export async function findCreation(db: Reader, project: string, tokenHash: string): Promise<Creation | undefined> {
  return await db
    .selectFrom('creation')
    .selectAll()
    .where('project', '=', project)
    .where('tokenHash', '=', tokenHash)
    .executeTakeFirst();
}

export async function insertCreation(db: Transaction<Database>, creation: Creation): Promise<void> {
  await db.insertInto('creation').values(creation).execute();
}

/** Values older than `valuesBefore` are wiped, creations older than `before` forgotten. */
export async function forgetCreations(db: Reader, { valuesBefore, before }: { valuesBefore: Date; before: Date }): Promise<void> {
  await db
    .updateTable('creation')
    .set({ sealedValue: null })
    .where('createdAt', '<=', valuesBefore)
    .where('sealedValue', 'is not', null)
    .execute();
  await db.deleteFrom('creation').where('createdAt', '<=', before).execute();
}
