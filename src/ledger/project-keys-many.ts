import { sql, type Kysely, type Transaction } from 'kysely';
import { findLocalKeysByName, type LocalKeyState } from './local-keys.ts';
import { anyOf } from './rows.ts';
import type { Database, ProjectKeyRow } from './schema.ts';

type Reader = Kysely<Database> | Transaction<Database>;

/** Statements for many keys of a project at once. */

export interface ManyFilter {
  readonly owner?: string;
  readonly scope?: string;
  readonly environment?: string;
  readonly ids?: readonly string[];
}

export interface Living {
  readonly project: string;
  readonly filter: ManyFilter;
  readonly now: Date;
  /** The last id of the page before. */
  readonly after: string;
  readonly limit: number;
}

/** Keys that may work and whose value we make, by id; locked. */
export async function livingKeys(db: Transaction<Database>, { project, filter, now, after, limit }: Living): Promise<string[]> {
  let query = db
    .selectFrom('projectKey')
    .select('id')
    .where('project', '=', project)
    .where('byName', '=', false)
    .where('revokedAt', 'is', null)
    .where('deletedAt', 'is', null)
    .where('closesAt', '>', now)
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .forUpdate();
  if (filter.owner !== undefined) query = query.where('owner', '=', filter.owner);
  if (filter.environment !== undefined) query = query.where('environment', '=', filter.environment);
  if (filter.ids !== undefined) query = query.where('id', '=', anyOf(filter.ids));
  if (filter.scope !== undefined) query = query.where(hasScope(filter.scope));
  return (await query.execute()).map(({ id }) => id);
}

/** The clock does it next. */
export async function askRotation(
  db: Transaction<Database>,
  ids: readonly string[],
  { asked, now }: { asked: { overlapMs: number; reason: string; actor: string }; now: Date },
): Promise<void> {
  await db
    .updateTable('projectKey')
    .set({ rotateAt: now, rotationAsked: JSON.stringify(asked), updatedAt: now })
    .where('id', '=', anyOf(ids))
    .execute();
}

/** Revokes every value that they have. */
export async function alterMany(db: Transaction<Database>, ids: readonly string[], now: Date): Promise<LocalKeyState[]> {
  const rows = await db
    .updateTable('localKey')
    .set({ revokedAt: now })
    .where('projectKeyId', '=', anyOf(ids))
    .where('revokedAt', 'is', null)
    .returning('name')
    .execute();
  const names = rows.map(({ name }) => name);
  return names.length === 0 ? [] : await findLocalKeysByName(db, names, now);
}

/** Those of them that are there, with everything that stands in the books. */
export async function findProjectKeys(db: Reader, project: string, ids: readonly string[]): Promise<ProjectKeyRow[]> {
  if (ids.length === 0) return [];
  return await db
    .selectFrom('projectKey')
    .selectAll()
    .where('project', '=', project)
    .where('id', '=', anyOf(ids))
    .where('deletedAt', 'is', null)
    .execute();
}

export interface Group {
  readonly owner?: string;
  readonly environment?: string;
  /** All of these, as they were given. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Keys that may work, and are of that group; by id. */
export async function keysOfGroup(
  db: Reader,
  project: string,
  { group, now, limit }: { group: Group; now: Date; limit: number },
): Promise<string[]> {
  let query = db
    .selectFrom('projectKey')
    .select('id')
    .where('project', '=', project)
    .where('revokedAt', 'is', null)
    .where('deletedAt', 'is', null)
    .where('closesAt', '>', now)
    .orderBy('id')
    .limit(limit);
  if (group.owner !== undefined) query = query.where('owner', '=', group.owner);
  if (group.environment !== undefined) query = query.where('environment', '=', group.environment);
  if (group.metadata) query = query.where(sql<boolean>`metadata @> ${JSON.stringify(group.metadata)}::jsonb`);
  return (await query.execute()).map(({ id }) => id);
}

/** Whether a key has this scope. */
export function hasScope(scope: string) {
  return sql<boolean>`project_key.rights -> 'scopes' @> ${JSON.stringify([scope])}::jsonb`;
}
