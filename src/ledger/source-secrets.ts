import { sql, type Kysely, type Transaction } from 'kysely';
import { insertRows } from './rows.ts';
import type { Database } from './schema.ts';

type Reader = Kysely<Database> | Transaction<Database>;

/** That a secret of a source, known by its fingerprint, was used so often, the last time then. */
export interface SecretUse {
  readonly source: string;
  readonly fingerprint: string;
  readonly uses: number;
  readonly lastUsedAt: Date;
}

/** Adds to the counters. Rows are written in one order everywhere, so that two nodes do not lock each other out. */
export async function addSecretUses(db: Reader, uses: readonly SecretUse[]): Promise<void> {
  if (uses.length === 0) return;
  const order = ({ source, fingerprint }: SecretUse) => `${source} ${fingerprint}`;
  const rows = uses.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
  await insertRows(db, 'sourceSecret', { columns: ['source', 'fingerprint', 'uses', 'lastUsedAt'], rows })
    .onConflict((conflict) =>
      conflict.columns(['source', 'fingerprint']).doUpdateSet({
        uses: sql<number>`source_secret.uses + excluded.uses`,
        lastUsedAt: sql<Date>`greatest(source_secret.last_used_at, excluded.last_used_at)`,
      }),
    )
    .execute();
}

export async function secretUsesOf(db: Reader, sources: readonly string[]): Promise<SecretUse[]> {
  if (sources.length === 0) return [];
  return await db
    .selectFrom('sourceSecret')
    .selectAll()
    .where('source', 'in', [...sources])
    .execute();
}

/** Forgets secrets that were last used before then, except those named. Answers how many. */
export async function forgetSecretUses(
  db: Reader,
  { before, except }: { readonly before: Date; readonly except: readonly Pick<SecretUse, 'source' | 'fingerprint'>[] },
): Promise<number> {
  const kept = except.map(({ source, fingerprint }) => sql`(${source}::text, ${fingerprint}::text)`);
  const { numDeletedRows } = await db
    .deleteFrom('sourceSecret')
    .where('lastUsedAt', '<', before)
    .$if(kept.length > 0, (query) => query.where(sql<boolean>`(source, fingerprint) not in (${sql.join(kept)})`))
    .executeTakeFirst();
  return Number(numDeletedRows);
}
