import { sql, type Kysely, type Transaction } from 'kysely';
import { chunksOf } from './chunks.ts';
import { insertRows, jsonOf } from './rows.ts';
import type { Database } from './schema.ts';

type Reader = Kysely<Database> | Transaction<Database>;

export interface WindowUse {
  readonly budget: string;
  readonly name: string;
  readonly at: Date;
  readonly node: string;
  readonly count: number;
  readonly goneAt: Date | null;
}

/** What all nodes together have counted in one grain or period. */
export type WindowTotal = Pick<WindowUse, 'budget' | 'name' | 'at' | 'count'>;

const COLUMNS = ['budget', 'name', 'at', 'node', 'count', 'goneAt'] as const;
const DAY_MS = 86_400_000;
/** As one parameter, which is composed while requests wait. */
const ROWS_A_STATEMENT = 2000;

/** What was counted before anybody wrote it down here; where somebody did, that stands. */
export async function beginWindowUse(db: Reader, uses: readonly WindowUse[]): Promise<void> {
  for (const rows of chunksOf(inOrder(uses), ROWS_A_STATEMENT))
    await insertRows(db, 'windowUse', { columns: COLUMNS, rows })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
}

/** Use that is added, and how much there is with it as far as this node knows; null where nobody asks. */
export interface AddedUse extends WindowUse {
  readonly known: number | null;
}

/**
 * Adds to the counts, and answers those that are more now than was known: what others added as well. Rows are written in one order everywhere,
 * so that two nodes do not lock each other out.
 */
export async function addWindowUse(db: Reader, uses: readonly AddedUse[]): Promise<WindowTotal[]> {
  const totals: WindowTotal[] = [];
  for (const rows of chunksOf(inOrder(uses), ROWS_A_STATEMENT)) {
    const written = await sql<WindowTotal>`
      with given as (
        select * from json_to_recordset(${jsonOf([...COLUMNS, 'known'], rows)}::json)
          as (budget text, name text, at timestamptz, node text, count bigint, gone_at timestamptz, known bigint)),
      written as (
        insert into window_use as held (budget, name, at, node, count, gone_at)
          select budget, name, at, node, count, gone_at from given
        on conflict (budget, name, at, node) do update set count = held.count + excluded.count
        returning budget, name, at, node, count)
      select budget, name, at, written.count from written join given using (budget, name, at, node) where written.count > known`.execute(
      db,
    );
    totals.push(...written.rows);
  }
  return totals;
}

/** What other nodes, and earlier lives of this one, counted in these windows since then. */
export async function windowUseOfOthers(
  db: Reader,
  node: string,
  windows: readonly { readonly budget: string; readonly name: string; readonly since: Date }[],
): Promise<WindowTotal[]> {
  const totals: WindowTotal[] = [];
  for (const asked of chunksOf(windows, ROWS_A_STATEMENT)) {
    const [budgets, names, since] = [asked.map((one) => one.budget), asked.map((one) => one.name), asked.map((one) => one.since)];
    const found = await sql<WindowTotal>`
      select w.budget, w.name, w.at, sum(w.count)::bigint as count from unnest(${budgets}::text[], ${names}::text[], ${since}::timestamptz[])
        as v (budget, name, since)
      join window_use w on w.budget = v.budget and w.name = v.name and w.at >= v.since
      where w.node <> ${node} group by w.budget, w.name, w.at`.execute(db);
    totals.push(...found.rows);
  }
  return totals;
}

/** All that counts at that moment of budgets that can be used: of projects, and of whatever has a living key. */
export async function pageWindowUse(
  db: Reader,
  page: { readonly now: Date; readonly after: string; readonly budgets: number },
): Promise<WindowTotal[]> {
  const found = await sql<WindowTotal>`
    select budget, name, at, sum(count)::bigint as count from window_use
    where (gone_at is null or gone_at > ${page.now}) and budget in (
      select distinct w.budget from window_use w
      where w.budget > ${page.after} and (w.budget like 'project:%' or exists (
        select from local_key k where k.lease_id = w.budget and k.revoked_at is null))
      order by w.budget limit ${page.budgets})
    group by budget, name, at order by budget`.execute(db);
  return found.rows;
}

/** Forgets what no longer counts. */
export async function forgetWindowUse(db: Reader, now: Date): Promise<number> {
  const gone = await db.deleteFrom('windowUse').where('goneAt', '<', now).executeTakeFirst();
  // A key that comes back within the month finds its count.
  const long = new Date(now.getTime() - 30 * DAY_MS);
  const orphans = await sql`
    delete from window_use w where w.gone_at is null and w.budget not like 'project:%' and not exists (
      select from local_key k where k.lease_id = w.budget and (k.revoked_at is null or k.revoked_at > ${long}))`.execute(db);
  return Number(gone.numDeletedRows) + Number(orphans.numAffectedRows ?? 0);
}

function inOrder<T extends WindowUse>(uses: readonly T[]): T[] {
  return uses.toSorted(
    (a, b) =>
      compare(a.budget, b.budget) || compare(a.name, b.name) || a.at.getTime() - b.at.getTime() || compare(a.node, b.node),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
