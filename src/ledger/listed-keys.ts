import type { Kysely } from 'kysely';
import { chunksOf } from './chunks.ts';
import { anyOf, updateRows } from './rows.ts';
import type { Database, KeyRow } from './schema.ts';

/** What an inventory asks of our books, many keys at a time. */

type Db = Kysely<Database>;

/** By name. Those that our books do not know are missing. */
export async function keysByName(db: Db, names: readonly string[]): Promise<Map<string, KeyRow>> {
  const rows = await db.selectFrom('key').selectAll().where('name', '=', anyOf(names)).execute();
  return new Map(rows.map((row) => [row.name, row]));
}

export interface Expectation {
  readonly provider: string;
  /** Keys that are active since before then: a listing may lag behind. */
  readonly activeBefore: Date;
  /** Keys whose windows are open from the one to the other. */
  readonly from: Date;
  readonly until: Date;
}

/** A page of the keys that should work at a provider, by name. One about which a call is unanswered is not among them. */
export async function expectedKeys(db: Db, about: Expectation, page: { after: string; limit: number }): Promise<KeyRow[]> {
  return await db
    .selectFrom('key')
    .selectAll()
    .where('state', '=', 'active')
    .where('provider', '=', about.provider)
    .where('name', '>', page.after)
    .where('activeAt', '<=', about.activeBefore)
    .where('opensAt', '<=', about.from)
    .where('closesAt', '>', about.until)
    .where('confirmedAt', 'is not', null)
    .where('suspendedAt', 'is', null)
    .orderBy('name')
    .limit(page.limit)
    .execute();
}

/** Which of these something was done with since then, as the audit has it. */
export async function touchedSince(db: Db, ids: readonly string[], since: Date): Promise<Set<string>> {
  const touched = new Set<string>();
  for (const chunk of chunksOf(ids)) {
    const rows = await db
      .selectFrom('audit')
      .select('subject')
      .distinct()
      .where('subject', '=', anyOf(chunk))
      .where('at', '>=', since)
      .execute();
    for (const { subject } of rows) touched.add(subject);
  }
  return touched;
}

export async function markMissing(db: Db, ids: readonly string[], missingAt: Date | null): Promise<void> {
  for (const chunk of chunksOf(ids)) await db.updateTable('key').set({ missingAt }).where('id', '=', anyOf(chunk)).execute();
}

/** Null: it is as it should be. */
export async function markDrift(db: Db, rows: readonly Pick<KeyRow, 'id' | 'drift'>[]): Promise<void> {
  for (const chunk of chunksOf(rows)) await updateRows(db, 'key', { columns: ['drift'], rows: chunk });
}
