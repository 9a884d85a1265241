import type { Kysely } from 'kysely';
import { byId, pageBy, type Listed, type Page } from '../listing.ts';
import type { Database, RotationRow } from '../schema.ts';

/** Newest first. */
export async function listRotationPage(db: Kysely<Database>, page: Page): Promise<Listed<RotationRow>> {
  return await pageBy(byId<RotationRow>('rotations'), page, async (after, limit) => {
    let query = db.selectFrom('rotation').selectAll().orderBy('id', 'desc').limit(limit);
    if (after !== undefined) query = query.where('id', '<', after);
    return await query.execute();
  });
}
