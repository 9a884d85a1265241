import type { Kysely } from 'kysely';
import { byId, pageBy, type Listed, type Page } from '../listing.ts';
import type { Database, OperatorRow } from '../schema.ts';

export type ListedOperator = Omit<OperatorRow, 'tokenHash'>;

/** Newest first. */
export async function listOperators(
  db: Kysely<Database>,
  { project, ...page }: Page & { readonly project?: string },
): Promise<Listed<ListedOperator>> {
  return await pageBy(byId<ListedOperator>('operators'), page, async (after, limit) => {
    let query = db.selectFrom('operator').select(OPERATOR).orderBy('id', 'desc').limit(limit);
    if (after !== undefined) query = query.where('id', '<', after);
    if (project !== undefined) query = query.where('project', '=', project);
    return await query.execute();
  });
}

const OPERATOR = ['id', 'name', 'role', 'project', 'createdAt', 'disabledAt'] as const;
