import { sql, type Kysely } from 'kysely';
import { chunksOf } from './chunks.ts';
import { insertRows } from './rows.ts';
import type { Database, StrayRow } from './schema.ts';

/** Queries on keys under our names that our books do not know. */

type Db = Kysely<Database>;

/** Those that a provider lists now, with when they were first seen. */
export async function noteStrays(
  db: Db,
  provider: string,
  { seen, now }: { seen: readonly Pick<StrayRow, 'name' | 'handle'>[]; now: Date },
): Promise<StrayRow[]> {
  const noted: StrayRow[] = [];
  for (const chunk of chunksOf(seen)) {
    const rows = chunk.map((stray) => ({ ...stray, provider, firstSeenAt: now, lastSeenAt: now }));
    const columns = ['provider', 'name', 'handle', 'firstSeenAt', 'lastSeenAt'] as const;
    const written = await insertRows(db, 'stray', { columns, rows })
      .onConflict((conflict) =>
        conflict
          .columns(['provider', 'name'])
          .doUpdateSet({ lastSeenAt: sql`excluded.last_seen_at`, handle: sql`excluded.handle` }),
      )
      .returningAll()
      .execute();
    noted.push(...written);
  }
  return noted;
}

/** Those that a whole listing did not show are gone, or known by now. */
export async function forgetStrays(db: Db, provider: string, notSeenSince: Date): Promise<void> {
  await db.deleteFrom('stray').where('provider', '=', provider).where('lastSeenAt', '<', notSeenSince).execute();
}

export async function markStrayRevoked(db: Db, { provider, name }: StrayRow, now: Date): Promise<void> {
  await db.updateTable('stray').set({ revokedAt: now }).where('provider', '=', provider).where('name', '=', name).execute();
}
