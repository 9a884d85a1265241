import { sql, type Kysely } from 'kysely';
import type { Database } from './schema.ts';

/** Each statement takes so many rows, so that no request waits for it for long. */
const MOST_ROWS = 20_000;

/**
 * Bounds what was counted by hours: what is older becomes one row of its UTC month, at its first hour, so that a quota for the whole of a
 * reservation still finds its sum. Of who has had no living key for as long nothing is kept. Answers how many rows went.
 */
export async function forgetUsage(db: Kysely<Database>, before: Date): Promise<number> {
  return (await inPieces(() => dropDead(db, before))) + (await inPieces(() => foldMonths(db, before)));
}

async function dropDead(db: Kysely<Database>, before: Date): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from usage where ctid = any(array(
      select u.ctid from usage u where u.hour < ${before} and not exists (
        select from local_key k where k.lease_id = u.lease_id and (k.revoked_at is null or k.revoked_at >= ${before}))
      limit ${MOST_ROWS}))`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/** One statement: what is taken away is added in the same moment, or neither. */
async function foldMonths(db: Kysely<Database>, before: Date): Promise<number> {
  const { rows } = await sql<{ folded: number }>`
    with old as (
      delete from usage where ctid = any(array(
        select ctid from usage where hour < ${before} and hour <> date_trunc('month', hour, 'UTC') limit ${MOST_ROWS}))
      returning lease_id, key_id, date_trunc('month', hour, 'UTC') as month, code, count
    ), kept as (
      insert into usage (lease_id, key_id, hour, code, count)
      select lease_id, key_id, month, code, sum(count) from old group by lease_id, key_id, month, code order by lease_id, key_id, month, code
      on conflict (lease_id, key_id, hour, code) do update set count = usage.count + excluded.count
    )
    select count(*) as folded from old`.execute(db);
  return rows[0]!.folded;
}

async function inPieces(piece: () => Promise<number>): Promise<number> {
  let sum = 0;
  for (let count = MOST_ROWS; count === MOST_ROWS; sum += count) count = await piece();
  return sum;
}
