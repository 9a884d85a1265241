import { sql, type Kysely } from 'kysely';
import type { InventoryAsked, InventoryFailure, InventoryProgress, InventoryReport } from '../reservation/inventory.ts';
import type { Database, InventoryRow } from './schema.ts';

/** Queries on inventories: one row for each provider that had one, or is asked for one. */

type Db = Kysely<Database>;

export async function readInventory(db: Db, provider: string): Promise<InventoryRow | undefined> {
  return await db.selectFrom('inventory').selectAll().where('provider', '=', provider).executeTakeFirst();
}

/** By provider. */
export async function readInventories(db: Db): Promise<Map<string, InventoryRow>> {
  const rows = await db.selectFrom('inventory').selectAll().execute();
  return new Map(rows.map((row) => [row.provider, row]));
}

/** False when one is asked for already. */
export async function askInventory(db: Db, provider: string, wish: InventoryAsked): Promise<boolean> {
  const asked = JSON.stringify(wish);
  const row = await db
    .insertInto('inventory')
    .values({ provider, asked })
    .onConflict((conflict) => conflict.column('provider').doUpdateSet({ asked }).where('inventory.asked', 'is', null))
    .returning('provider')
    .executeTakeFirst();
  return row !== undefined;
}

export async function noteProgress(db: Db, provider: string, progress: InventoryProgress): Promise<void> {
  const running = JSON.stringify(progress);
  await db
    .insertInto('inventory')
    .values({ provider, running })
    .onConflict((conflict) => conflict.column('provider').doUpdateSet({ running }))
    .execute();
}

/** Whose it was: what is asked for meanwhile stays asked for. */
export type Ended = Pick<InventoryRow, 'provider' | 'asked'>;

/** It came to its end. What was asked for is answered. */
export async function endInventory(
  db: Db,
  ended: Ended,
  { takenAt, report }: { takenAt: Date; report: InventoryReport },
): Promise<void> {
  await end(db, ended, { takenAt, report: JSON.stringify(report), failed: null });
}

/** It did not. What the one before found stays. */
export async function failInventory(db: Db, ended: Ended, failure: InventoryFailure): Promise<void> {
  await end(db, ended, { failed: JSON.stringify(failure) });
}

async function end(
  db: Db,
  { provider, asked }: Ended,
  change: { takenAt?: Date; report?: string; failed: string | null },
): Promise<void> {
  const answered = asked && JSON.stringify(asked);
  await db
    .updateTable('inventory')
    .set({ ...change, running: null, asked: sql`case when asked = ${answered}::jsonb then null else asked end` })
    .where('provider', '=', provider)
    .execute();
}
