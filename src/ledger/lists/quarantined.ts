import { sql, type Kysely } from 'kysely';
import { byId, pageBy, type Listed, type Page } from '../listing.ts';
import { anyOf } from '../rows.ts';
import type { Database, EventRow } from '../schema.ts';

export type QuarantinedEvent = Omit<EventRow, 'sealedBody' | 'event' | 'dedupe'>;

/**
 * Events that were authentic but could not be mapped, in the order in which they came, as long as what was kept of them is there. Those that
 * are still kept aside after a replay are passed, not met again.
 */
export async function listQuarantined(
  db: Kysely<Database>,
  filter: { readonly source?: string; readonly sources?: readonly string[] },
  page: Page,
): Promise<Listed<QuarantinedEvent>> {
  return await pageBy(byId<QuarantinedEvent>('quarantined'), page, async (after, limit) => {
    let query = db.selectFrom('event').select(LISTED).where(IS_KEPT).orderBy('id').limit(limit);
    if (after !== undefined) query = query.where('id', '>', after);
    if (filter.sources) query = query.where('source', '=', anyOf(filter.sources));
    if (filter.source !== undefined) query = query.where('source', '=', filter.source);
    return await query.execute();
  });
}

/** How many came after one of them. */
export async function countQuarantined(
  db: Kysely<Database>,
  filter: { readonly source?: string; readonly sources?: readonly string[] },
  after: string,
): Promise<number> {
  let query = db
    .selectFrom('event')
    .select((count) => count.fn.countAll<number>().as('n'))
    .where(IS_KEPT)
    .where('id', '>', after);
  if (filter.sources) query = query.where('source', '=', anyOf(filter.sources));
  if (filter.source !== undefined) query = query.where('source', '=', filter.source);
  return (await query.executeTakeFirstOrThrow()).n;
}

export async function findQuarantined(db: Kysely<Database>, id: string): Promise<EventRow | undefined> {
  return await db.selectFrom('event').selectAll().where('id', '=', id).where(IS_KEPT).executeTakeFirst();
}

/** For metrics: how many each source has, and the age of its oldest in seconds. */
export async function quarantinedBySource(db: Kysely<Database>, now: Date) {
  const rows = await db
    .selectFrom('event')
    .select(['source', (count) => count.fn.countAll<number>().as('events'), (min) => min.fn.min('receivedAt').as('oldest')])
    .where(IS_KEPT)
    .groupBy('source')
    .execute();
  return rows.map(({ source, events, oldest }) => ({
    source,
    events,
    oldestSeconds: Math.max(0, (now.getTime() - oldest.getTime()) / 1000),
  }));
}

/** Served by the index event_quarantined. */
const IS_KEPT = sql<boolean>`event.sealed_body is not null and event.outcome = 'quarantined'`;

const LISTED = [
  'id',
  'source',
  'outcome',
  'reason',
  'type',
  'externalId',
  'requestId',
  'receivedAt',
  'seen',
  'lastSeenAt',
] as const;
