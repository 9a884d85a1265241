import { sql, type Kysely, type Transaction } from 'kysely';
import { chunksOf } from './chunks.ts';
import { anyOf, insertRows } from './rows.ts';
import type { Database } from './schema.ts';
import type { PolledBookingRow, PollRow } from './tables/sources.ts';

/** Queries on where the reading of sources stands, and on what was read of them. */

type Db = Kysely<Database> | Transaction<Database>;

/** Long enough that a booking which comes back is known, though it was cancelled. */
const KEPT_MS = 90 * 86_400_000;

export async function findPolls(db: Db, sources: readonly string[]): Promise<PollRow[]> {
  return await db.selectFrom('poll').selectAll().where('source', '=', anyOf(sources)).execute();
}

export interface Claim {
  readonly source: string;
  readonly now: Date;
  /** Until then nobody else reads it, should whoever took it never end. */
  readonly until: Date;
}

/** Takes the reading of a source that is due, or at once; undefined where it is not due, or somebody has it. */
export async function claimPoll(db: Db, { source, now, until }: Claim, when: 'due' | 'at once'): Promise<PollRow | undefined> {
  return await db
    .insertInto('poll')
    .values({
      source,
      validators: '{}',
      nextAt: now,
      claimedUntil: until,
      polledAt: now,
      readAt: null,
      failingSince: null,
      error: null,
    })
    .onConflict((conflict) =>
      conflict
        .column('source')
        .doUpdateSet({ claimedUntil: until, polledAt: now })
        .where((at) =>
          at.and([
            at.or([at('poll.claimedUntil', 'is', null), at('poll.claimedUntil', '<=', now)]),
            ...(when === 'due' ? [at('poll.nextAt', '<=', now)] : []),
          ]),
        ),
    )
    .returningAll()
    .executeTakeFirst();
}

/** Locks it until the transaction ends. False where another took it meanwhile. */
export async function holdsPoll(db: Db, { source, until }: Claim): Promise<boolean> {
  const held = await db
    .selectFrom('poll')
    .select('source')
    .where('source', '=', source)
    .where('claimedUntil', '=', until)
    .forUpdate()
    .executeTakeFirst();
  return held !== undefined;
}

export type PollChange = Partial<Omit<PollRow, 'source' | 'claimedUntil' | 'polledAt'>> & Pick<PollRow, 'nextAt'>;

/** Gives the reading back, with what became of it. */
export async function finishPoll(db: Db, { source, until }: Claim, { validators, ...change }: PollChange): Promise<void> {
  await db
    .updateTable('poll')
    .set({ ...change, ...(validators ? { validators: JSON.stringify(validators) } : {}), claimedUntil: null })
    .where('source', '=', source)
    .where('claimedUntil', '=', until)
    .execute();
}

/** What was read of a source before. */
export async function findPolledBookings(db: Db, source: string): Promise<PolledBookingRow[]> {
  return await db.selectFrom('polledBooking').selectAll().where('source', '=', source).execute();
}

const COLUMNS = [
  'source',
  'externalId',
  'origin',
  'meaning',
  'version',
  'generation',
  'cancelled',
  'startsAt',
  'endsAt',
  'seenAt',
  'missed',
  'missingSince',
] as const;

export async function savePolledBookings(db: Db, rows: readonly PolledBookingRow[]): Promise<void> {
  const excluded = (column: string) => sql.ref<never>(`excluded.${column}`);
  for (const chunk of chunksOf(rows))
    await insertRows(db, 'polledBooking', { columns: COLUMNS, rows: chunk })
      .onConflict((conflict) =>
        conflict
          .columns(['source', 'externalId'])
          .doUpdateSet(Object.fromEntries(COLUMNS.slice(2).map((column) => [column, excluded(column)]))),
      )
      .execute();
}

/** Those of a source that ended long ago, and of which nothing more can be heard. */
export async function forgetPolledBookings(db: Db, source: string, now: Date): Promise<void> {
  await db
    .deleteFrom('polledBooking')
    .where('source', '=', source)
    .where('endsAt', '<', new Date(now.getTime() - KEPT_MS))
    .execute();
}
