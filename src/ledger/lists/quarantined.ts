import type { Kysely } from 'kysely';
import { byId, pageBy, type Listed, type Page } from '../listing.ts';
import { anyOf } from '../rows.ts';
import type { Database } from '../schema.ts';

/** Events that were authentic but could not be mapped, in the order in which they came. Those that are still kept aside after a replay are passed, not met again. */
export async function listQuarantined(
  db: Kysely<Database>,
  filter: { readonly source?: string; readonly sources?: readonly string[] },
  page: Page,
): Promise<Listed<{ id: string }>> {
  return await pageBy(byId<{ id: string }>('quarantined'), page, async (after, limit) => {
    let query = db.selectFrom('event').select('id').where('outcome', '=', 'quarantined').orderBy('id').limit(limit);
    if (after !== undefined) query = query.where('id', '>', after);
    if (filter.sources) query = query.where('source', '=', anyOf(filter.sources));
    if (filter.source !== undefined) query = query.where('source', '=', filter.source);
    return await query.execute();
  });
}
