import { sql, type Kysely, type Transaction } from 'kysely';
import { chunksOf } from './chunks.ts';
import { inOne } from './in-one.ts';
import { anyOf, updateRows } from './rows.ts';
import type { LeaseState } from '../reservation/lease.ts';
import type { Database } from './schema.ts';

/** Who may act on a lease: a turn is held for a while by one node, and whoever had an older one can write no more. */

type Reader = Kysely<Database> | Transaction<Database>;

/**
 * Takes the right to act on leases; those that somebody else has are missing. Older turns can write no more. A lease that is being written to at
 * this moment is missing too: whoever writes to a lease without holding its turn wakes it.
 */
export async function takeTurns(db: Reader, ids: readonly string[], { now, holdMs }: { now: Date; holdMs: number }) {
  const until = new Date(now.getTime() + holdMs);
  const turns = new Map<string, number>();
  for (const chunk of chunksOf(ids)) {
    const free = db
      .selectFrom('lease')
      .select('id')
      .where('id', 'in', chunk)
      .where((where) => where.or([where('heldUntil', 'is', null), where('heldUntil', '<=', now)]))
      .forNoKeyUpdate()
      .skipLocked();
    const taken = await db
      .updateTable('lease')
      .set({ turn: sql<number>`turn + 1`, heldUntil: until, wakeAt: until })
      .where('id', 'in', free)
      .returning(['id', 'turn'])
      .execute();
    for (const { id, turn } of taken) turns.set(id, turn);
  }
  return turns;
}

/** Keeps the right while a slow provider is waited for. A wake that came meanwhile is kept; a turn that was given back stays so. */
export async function keepTurn(db: Reader, id: string, turn: number, until: Date): Promise<void> {
  await db
    .updateTable('lease')
    .set({ heldUntil: until, wakeAt: sql<Date>`case when wake_at = held_until then ${until} else wake_at end` })
    .where('id', '=', id)
    .where('turn', '=', turn)
    .where('heldUntil', 'is not', null)
    .execute();
}

/** Locks the lease for this transaction and tells its state; undefined when the turn is lost and nothing may be written. */
export const holdTurn = inOne(async (db, held: readonly { id: string; turn: number }[]) => {
  const rows = await db
    .selectFrom('lease')
    .select(['id', 'state', 'turn'])
    .where('id', '=', anyOf(held.map(({ id }) => id)))
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
  const found = new Map(rows.map((row) => [row.id, row]));
  return held.map(({ id, turn }): LeaseState | undefined => {
    const row = found.get(id);
    return row?.turn === turn ? row.state : undefined;
  });
});

/**
 * Gives the turn back and sets the clock. False when somebody woke the lease meanwhile (its facts changed: decide again) or
 * the turn was lost.
 */
export const endTurn = inOne(async (db, ends: readonly { id: string; turn: number; wakeAt: Date | null }[]) => {
  const rows = ends.map((end) => ({ ...end, heldUntil: null }));
  const holds = sql`held.turn = changed.turn and held.wake_at = held.held_until`;
  const ended = new Set(await updateRows(db, 'lease', { columns: ['turn', 'heldUntil', 'wakeAt'], rows, holds }));
  return ends.map(({ id }) => ended.has(id));
});

/** After a wake in the middle of a turn: the turn goes on and the wake is taken as seen. */
export async function seeWake(db: Reader, id: string, turn: number): Promise<boolean> {
  const seen = await db
    .updateTable('lease')
    .set((set) => ({ wakeAt: set.ref('heldUntil') }))
    .where('id', '=', id)
    .where('turn', '=', turn)
    .returning('id')
    .executeTakeFirst();
  return seen !== undefined;
}

/** Gives the turn back to whoever settles the lease next, which is at once. */
export async function leaveTurn(db: Reader, { id, turn, now }: { id: string; turn: number; now: Date }): Promise<void> {
  await db.updateTable('lease').set({ heldUntil: null, wakeAt: now }).where('id', '=', id).where('turn', '=', turn).execute();
}

/** Embedded only, at start: the process that held these turns is dead, and what it was at goes on at once. */
export async function releaseTurns(db: Reader, now: Date): Promise<void> {
  await db.updateTable('lease').set({ heldUntil: null, wakeAt: now }).where('heldUntil', 'is not', null).execute();
}
