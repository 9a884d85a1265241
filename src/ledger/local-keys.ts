import { sql, type Kysely, type Transaction } from 'kysely';
import type { Window } from '../reservation/lease.ts';
import { newId } from './ids.ts';
import type { Database, LocalKeyRow } from './schema.ts';

type Reader = Kysely<Database> | Transaction<Database>;

/** A key of the built-in manager, with what its lease has used of the quota period that held the moment of asking. */
export type LocalKeyState = LocalKeyRow & { readonly used: number };

export interface LocalKeyWrite {
  /** Without one it keeps the one it has, or gets one. */
  readonly id?: string;
  readonly name: string;
  readonly hash: string;
  readonly leaseId: string;
  readonly holder: string;
  readonly project: string;
  readonly projectKeyId: string | null;
  readonly tokenType: 'opaque' | 'jwt';
  readonly tokenKid: string | null;
  readonly tokenFrom: Date | null;
  readonly tokenUntil: Date | null;
  readonly rights: LocalKeyRow['rights'];
  readonly window: Window;
  readonly now: Date;
}

/** Creates the key of that name, or makes it what is asked and alive again. A suspension stays. */
export async function putLocalKey(db: Transaction<Database>, { id, window, now, ...key }: LocalKeyWrite): Promise<LocalKeyState> {
  const values = { ...key, rights: JSON.stringify(key.rights), opensAt: window.opensAt, closesAt: window.closesAt };
  return await db
    .insertInto('localKey')
    .values({ ...values, id: id ?? newId('key'), createdAt: now })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ ...values, ...(id && { id }), revokedAt: null }))
    .returningAll()
    .returning(usedAt(now))
    .executeTakeFirstOrThrow();
}

export async function rekeyLocalKey(
  db: Transaction<Database>,
  name: string,
  { hash, now }: { hash: string; now: Date },
): Promise<LocalKeyState | undefined> {
  return await db
    .updateTable('localKey')
    .set({ hash })
    .where('name', '=', name)
    .where('revokedAt', 'is', null)
    .returningAll()
    .returning(usedAt(now))
    .executeTakeFirst();
}

export async function retimeLocalKey(
  db: Transaction<Database>,
  name: string,
  { window, now }: { window: Window; now: Date },
): Promise<LocalKeyState | undefined> {
  return await db
    .updateTable('localKey')
    .set({ opensAt: window.opensAt, closesAt: window.closesAt })
    .where('name', '=', name)
    .where('revokedAt', 'is', null)
    .returningAll()
    .returning(usedAt(now))
    .executeTakeFirst();
}

/** The row stays, so that a request with the key learns that it is revoked. */
export async function revokeLocalKey(db: Transaction<Database>, name: string, now: Date): Promise<LocalKeyState | undefined> {
  return await db
    .updateTable('localKey')
    .set({ revokedAt: sql<Date>`coalesce(revoked_at, ${now})` })
    .where('name', '=', name)
    .returningAll()
    .returning(usedAt(now))
    .executeTakeFirst();
}

/** A key that lives; `suspendedAt: null` lifts it. */
export async function suspendLocalKey(
  db: Transaction<Database>,
  name: string,
  { suspendedAt, now }: { suspendedAt: Date | null; now: Date },
): Promise<LocalKeyState | undefined> {
  return await db
    .updateTable('localKey')
    .set({ suspendedAt })
    .where('name', '=', name)
    .where('revokedAt', 'is', null)
    .returningAll()
    .returning(usedAt(now))
    .executeTakeFirst();
}

export async function findLocalKeyByHash(db: Reader, hash: string, now: Date): Promise<LocalKeyState | undefined> {
  return await selectState(db, now).where('hash', '=', hash).executeTakeFirst();
}

export async function findLocalKeyByName(db: Reader, name: string, now: Date): Promise<LocalKeyState | undefined> {
  return await selectState(db, now).where('name', '=', name).executeTakeFirst();
}

/** Of several that share a budget a living one, the youngest. */
export async function findLocalKeyOfLease(db: Reader, leaseId: string, now: Date): Promise<LocalKeyState | undefined> {
  return await selectState(db, now)
    .where('leaseId', '=', leaseId)
    .orderBy(sql`revoked_at is null`, 'desc')
    .orderBy('createdAt', 'desc')
    .limit(1)
    .executeTakeFirst();
}

export async function findLocalKeysByName(db: Reader, names: readonly string[], now: Date): Promise<LocalKeyState[]> {
  return await selectState(db, now).where('name', 'in', names).execute();
}

/** Keys that are not revoked, by id; `after` is the last id of the page before. */
export async function pageLocalKeys(db: Reader, page: { after: string; limit: number; now: Date }): Promise<LocalKeyState[]> {
  return await selectState(db, page.now)
    .where('revokedAt', 'is', null)
    .where('id', '>', page.after)
    .orderBy('id')
    .limit(page.limit)
    .execute();
}

/** When and from where keys were last used, by id. An earlier instant never replaces a later one. */
export async function touchLocalKeys(
  db: Reader,
  uses: readonly { readonly id: string; readonly at: Date; readonly ip: string | null }[],
): Promise<void> {
  if (uses.length === 0) return;
  const [ids, instants, addresses] = [uses.map(({ id }) => id), uses.map(({ at }) => at), uses.map(({ ip }) => ip)];
  await sql`
    update local_key set last_used_at = v.at, last_ip = coalesce(v.ip, last_ip)
    from unnest(${ids}::text[], ${instants}::timestamptz[], ${addresses}::text[]) as v (id, at, ip)
    where local_key.id = v.id and (last_used_at is null or last_used_at < v.at)
  `.execute(db);
}

function selectState(db: Reader, now: Date) {
  return db.selectFrom('localKey').selectAll().select(usedAt(now));
}

/**
 * What all nodes counted together of the quota of that period, else what the hours say: they are the finest grain of usage, so there a quota
 * per minute or second starts at nothing, and one of requests cannot be told from it at all.
 */
function usedAt(now: Date) {
  const hour = new Date(now);
  hour.setUTCMinutes(0, 0, 0);
  const day = new Date(hour);
  day.setUTCHours(0);
  const month = new Date(day);
  month.setUTCDate(1);
  const began = sql`case local_key.rights -> 'quota' ->> 'per'
    when 'reservation' then 'epoch'::timestamptz
    when 'month' then ${month}::timestamptz
    when 'day' then ${day}::timestamptz
    when 'hour' then ${hour}::timestamptz
    else 'infinity'::timestamptz end`;
  return sql<number>`case when local_key.rights -> 'quota' is null then 0 else coalesce((
    select w.count from window_use w where w.budget = local_key.lease_id and w.node = '' and w.at = ${began}
    and w.name = concat_ws('-', 'quota', local_key.rights -> 'quota' ->> 'per', local_key.rights -> 'quota' ->> 'unit')
  ), (
    select coalesce(sum(u.count), 0)::bigint from usage u
    where u.lease_id = local_key.lease_id and u.code = 'VALID' and u.hour >= ${began}
    and local_key.rights -> 'quota' ->> 'unit' is null
  )) end`.as('used');
}

/** Until the end of the transaction nobody else makes or changes the key of this value by it. */
export async function lockValue(db: Transaction<Database>, hash: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`latchkey value ${hash}`}, 0))`.execute(db);
}
