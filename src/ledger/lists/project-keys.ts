import { sql, type Kysely } from 'kysely';
import { byId, pageBy, type Listed, type Page } from '../listing.ts';
import { hasScope } from '../project-keys-many.ts';
import type { Database, ProjectKeyRow } from '../schema.ts';

/** What may be seen of a key of a project: not its sealed value, only whether one waits. With when and from where it was last used. */
export type ListedProjectKey = Omit<ProjectKeyRow, 'sealedValue'> & {
  readonly valueWaits: boolean;
  readonly lastUsedAt: Date | null;
  readonly lastIp: string | null;
};

export interface ProjectKeyFilter {
  readonly project: string;
  readonly state?: 'pending' | 'active' | 'suspended' | 'expired' | 'revoked';
  readonly owner?: string;
  readonly scope?: string;
  readonly name?: string;
  readonly environment?: string;
  /** Made before it, and not used since. */
  readonly unusedSince?: Date;
  /** Its end lies between now and then. */
  readonly expiresBefore?: Date;
  /** Not revoked, and not at its end. */
  readonly living?: true;
}

/** Newest first. */
export async function listProjectKeys(
  db: Kysely<Database>,
  filter: ProjectKeyFilter & { readonly now: Date },
  page: Page,
): Promise<Listed<ListedProjectKey>> {
  return await pageBy(byId<ListedProjectKey>('project-keys'), page, async (after, limit) => {
    let query = selectListed(db)
      .where('projectKey.project', '=', filter.project)
      .where('projectKey.deletedAt', 'is', null)
      .orderBy('projectKey.id', 'desc')
      .limit(limit);
    if (after !== undefined) query = query.where('projectKey.id', '<', after);
    for (const column of ['owner', 'name', 'environment'] as const)
      if (filter[column] !== undefined) query = query.where(`projectKey.${column}`, '=', filter[column]);
    if (filter.scope !== undefined) query = query.where(hasScope(filter.scope));
    if (filter.state !== undefined) query = query.where(isIn(filter.state, filter.now));
    if (filter.living)
      query = query.where(sql<boolean>`project_key.revoked_at is null and project_key.closes_at > ${filter.now}`);
    if (filter.expiresBefore !== undefined)
      query = query.where(
        sql<boolean>`project_key.revoked_at is null and project_key.closes_at > ${filter.now} and project_key.closes_at <= ${filter.expiresBefore}`,
      );
    if (filter.unusedSince !== undefined)
      query = query.where(
        sql<boolean>`project_key.created_at < ${filter.unusedSince} and not exists (
          select from local_key where local_key.project_key_id = project_key.id and local_key.last_used_at >= ${filter.unusedSince})`,
      );
    return await query.execute();
  });
}

/** Undefined also for one that is deleted, or of another project. */
export async function projectKeyToShow(
  db: Kysely<Database>,
  { project, id }: { project: string; id: string },
): Promise<ListedProjectKey | undefined> {
  return await selectListed(db)
    .where('projectKey.id', '=', id)
    .where('projectKey.project', '=', project)
    .where('projectKey.deletedAt', 'is', null)
    .executeTakeFirst();
}

function selectListed(db: Kysely<Database>) {
  return db
    .selectFrom('projectKey')
    .select(SHOWN)
    .select([
      sql<boolean>`sealed_value is not null`.as('valueWaits'),
      sql<Date | null>`(select max(last_used_at) from local_key where project_key_id = project_key.id)`.as('lastUsedAt'),
      sql<string | null>`(select last_ip from local_key where project_key_id = project_key.id
        order by last_used_at desc nulls last limit 1)`.as('lastIp'),
    ]);
}

function isIn(state: NonNullable<ProjectKeyFilter['state']>, now: Date) {
  const lives = sql`project_key.revoked_at is null and project_key.closes_at > ${now}`;
  const held = sql`project_key.suspended_at is not null`;
  return {
    revoked: sql<boolean>`project_key.revoked_at is not null`,
    expired: sql<boolean>`project_key.revoked_at is null and project_key.closes_at <= ${now}`,
    suspended: sql<boolean>`${lives} and ${held}`,
    pending: sql<boolean>`${lives} and not ${held} and project_key.opens_at > ${now}`,
    active: sql<boolean>`${lives} and not ${held} and project_key.opens_at <= ${now}`,
  }[state];
}

const SHOWN = [
  'projectKey.id',
  'projectKey.project',
  'projectKey.name',
  'projectKey.byName',
  'projectKey.budget',
  'projectKey.description',
  'projectKey.owner',
  'projectKey.contact',
  'projectKey.environment',
  'projectKey.metadata',
  'projectKey.rights',
  'projectKey.policies',
  'projectKey.tokenType',
  'projectKey.prefix',
  'projectKey.hint',
  'projectKey.generation',
  'projectKey.opensAt',
  'projectKey.closesAt',
  'projectKey.rotation',
  'projectKey.rotateAt',
  'projectKey.rotatedAt',
  'projectKey.rotationAsked',
  'projectKey.suspendedAt',
  'projectKey.suspendReason',
  'projectKey.revokedAt',
  'projectKey.revokeReason',
  'projectKey.deletedAt',
  'projectKey.createdBy',
  'projectKey.createdAt',
  'projectKey.updatedAt',
] as const;
