import { sql, type Kysely } from 'kysely';
import { byId, pageBy, type Listed, type Page } from '../listing.ts';
import type { Database, RotationRow } from '../schema.ts';

/** Newest first; of a project, those that its own operators started. */
export async function listRotationPage(
  db: Kysely<Database>,
  { project, ...page }: Page & { readonly project?: string },
): Promise<Listed<RotationRow>> {
  return await pageBy(byId<RotationRow>('rotations'), page, async (after, limit) => {
    let query = db.selectFrom('rotation').selectAll().orderBy('id', 'desc').limit(limit);
    if (after !== undefined) query = query.where('id', '<', after);
    if (project !== undefined) query = query.where(sql<string>`filter->>'project'`, '=', project);
    return await query.execute();
  });
}
