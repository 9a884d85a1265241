import { sql, type Kysely } from 'kysely';
import type { Database } from '../schema.ts';

export interface ActiveKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: string[];
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly closesAt: Date;
}

/** Keys of a project that may work, by id; `after` is the last id of the page before. */
export async function listActiveKeys(
  db: Kysely<Database>,
  project: string,
  { after, limit, now }: { after: string; limit: number; now: Date },
): Promise<ActiveKey[]> {
  return await db
    .selectFrom('projectKey')
    .select(['id', 'name', 'createdAt', 'closesAt'])
    .select(sql<string[]>`rights -> 'scopes'`.as('scopes'))
    .select(({ selectFrom }) =>
      selectFrom('localKey')
        .select(({ fn }) => fn.max('lastUsedAt').as('at'))
        .whereRef('localKey.projectKeyId', '=', 'projectKey.id')
        .as('lastUsedAt'),
    )
    .where('project', '=', project)
    .where('revokedAt', 'is', null)
    .where('deletedAt', 'is', null)
    .where('suspendedAt', 'is', null)
    .where('closesAt', '>', now)
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute();
}
