import type { Kysely } from 'kysely';
import { byId, pageBy, type Listed, type Page } from '../listing.ts';
import type { AlertRow, Database } from '../schema.ts';

export interface AlertFilter {
  readonly project: string;
  readonly type?: string;
  readonly subject?: string;
  readonly since?: Date;
}

/** Newest first. */
export async function listAlertPage(db: Kysely<Database>, filter: AlertFilter, page: Page): Promise<Listed<AlertRow>> {
  const { project, type, subject, since } = filter;
  return await pageBy(byId<AlertRow>('alerts'), page, async (after, limit) => {
    let query = db.selectFrom('alert').selectAll().where('project', '=', project).orderBy('id', 'desc').limit(limit);
    if (type !== undefined) query = query.where('type', '=', type);
    if (subject !== undefined) query = query.where('subject', '=', subject);
    if (since !== undefined) query = query.where('at', '>=', since);
    if (after !== undefined) query = query.where('id', '<', after);
    return await query.execute();
  });
}

/** How often what was told since then. */
export async function countAlerts(
  db: Kysely<Database>,
  { project, since }: { readonly project: string; readonly since: Date },
): Promise<{ type: string; count: number }[]> {
  return await db
    .selectFrom('alert')
    .select((is) => ['type', is.fn.countAll<number>().as('count')])
    .where('project', '=', project)
    .where('at', '>=', since)
    .groupBy('type')
    .orderBy('type')
    .execute();
}
