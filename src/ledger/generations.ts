import { sql, type Transaction } from 'kysely';
import { findLocalKeysByName, type LocalKeyState } from './local-keys.ts';
import type { Database } from './schema.ts';
import type { StoredRights } from './tables/built-in.ts';

/** The values that a key of a project has: the current one, and older ones as long as they overlap with it. */

export interface Alteration {
  readonly rights?: StoredRights;
  readonly holder?: string;
  readonly opensAt?: Date;
  /** None works longer than that; those that end before stay as they are. */
  readonly closesBy?: Date;
  readonly suspendedAt?: Date | null;
  readonly revokedAt?: Date;
}

/** Changes all of them that are not revoked. */
export async function alterGenerations(
  db: Transaction<Database>,
  { projectKeyId, now }: { projectKeyId: string; now: Date },
  { rights, closesBy, ...set }: Alteration,
): Promise<LocalKeyState[]> {
  const rows = await db
    .updateTable('localKey')
    .set({
      ...set,
      ...(rights && { rights: JSON.stringify(rights) }),
      tokenStale: sql<boolean>`token_stale or (token_kid is not null and ${saysOther(rights, set.holder)})`,
      ...(closesBy && { closesAt: sql<Date>`least(closes_at, ${closesBy}::timestamptz)` }),
    })
    .where('projectKeyId', '=', projectKeyId)
    .where('revokedAt', 'is', null)
    .returning('name')
    .execute();
  const names = rows.map(({ name }) => name);
  return names.length === 0 ? [] : await findLocalKeysByName(db, names, now);
}

/** Whether a token that was made before would say something else now. */
function saysOther(rights: StoredRights | undefined, holder: string | undefined) {
  const scopes = rights ? sql`rights -> 'scopes' <> ${JSON.stringify(rights.scopes)}::jsonb` : sql`false`;
  return holder === undefined ? sql`(${scopes})` : sql`(${scopes} or holder <> ${holder})`;
}

/** Those whose end has come are revoked at their end, so that they take no room beside the living. */
export async function retireGenerations(
  db: Transaction<Database>,
  { now, limit }: { now: Date; limit: number },
): Promise<LocalKeyState[]> {
  const rows = await db
    .updateTable('localKey')
    .set({ revokedAt: sql<Date>`closes_at` })
    .where('id', 'in', (from) =>
      from
        .selectFrom('localKey')
        .select('id')
        .where('projectKeyId', 'is not', null)
        .where('revokedAt', 'is', null)
        .where('closesAt', '<=', now)
        .orderBy('id')
        .limit(limit)
        .forUpdate()
        .skipLocked(),
    )
    .returning('name')
    .execute();
  const names = rows.map(({ name }) => name);
  return names.length === 0 ? [] : await findLocalKeysByName(db, names, now);
}
