import { sql, type Insertable, type Kysely, type Transaction, type Updateable } from 'kysely';
import type { Database, ProjectKeyRow } from './schema.ts';
import type { ProjectKeyTable } from './tables/managed.ts';

type Reader = Kysely<Database> | Transaction<Database>;

/** A key of a project as it is read back; its JSON is the value. */
export type ProjectKeyWrite = Partial<Omit<ProjectKeyRow, 'id'>>;

export async function insertProjectKey(db: Transaction<Database>, row: ProjectKeyRow): Promise<void> {
  await db
    .insertInto('projectKey')
    .values(asText(row) as Insertable<ProjectKeyTable>)
    .execute();
}

export async function writeProjectKey(db: Transaction<Database>, id: string, set: ProjectKeyWrite): Promise<ProjectKeyRow> {
  return await db
    .updateTable('projectKey')
    .set(asText(set) as Updateable<ProjectKeyTable>)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** One key that is not deleted, locked: whoever else would change it waits. */
export async function lockProjectKey(
  db: Transaction<Database>,
  { project, id }: { project: string; id: string },
): Promise<ProjectKeyRow | undefined> {
  return await db
    .selectFrom('projectKey')
    .selectAll()
    .where('id', '=', id)
    .where('project', '=', project)
    .where('deletedAt', 'is', null)
    .forUpdate()
    .executeTakeFirst();
}

/** By the name that its maker gave it, also when it is dead or deleted; locked. */
export async function lockProjectKeyByName(
  db: Transaction<Database>,
  { project, name }: { project: string; name: string },
): Promise<ProjectKeyRow | undefined> {
  return await db
    .selectFrom('projectKey')
    .selectAll()
    .where('name', '=', name)
    .where('project', '=', project)
    .where('byName', '=', true)
    .forUpdate()
    .executeTakeFirst();
}

/** Until the end of the transaction nobody else makes keys in this project: what was counted stays so. */
export async function lockCreation(db: Transaction<Database>, project: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`latchkey project key ${project}`}, 0))`.execute(db);
}

/** When the last but so many keys of a project was made, deleted ones too; undefined where there were not so many. */
export async function madeBefore(db: Reader, project: string, place: number): Promise<Date | undefined> {
  const row = await db
    .selectFrom('projectKey')
    .select('createdAt')
    .where('project', '=', project)
    .orderBy('createdAt', 'desc')
    .offset(place)
    .limit(1)
    .executeTakeFirst();
  return row?.createdAt;
}

/** How many keys of a project were made after an instant, deleted ones too. */
export async function madeSince(db: Reader, project: string, since: Date): Promise<number> {
  const { made } = await db
    .selectFrom('projectKey')
    .select((of) => of.fn.countAll<number>().as('made'))
    .where('project', '=', project)
    .where('createdAt', '>', since)
    .executeTakeFirstOrThrow();
  return made;
}

/** Keys whose value the clock should change, the longest due first, locked; those that somebody else has in hand are left out. */
export async function lockDue(db: Transaction<Database>, { now, limit }: { now: Date; limit: number }): Promise<ProjectKeyRow[]> {
  return await db
    .selectFrom('projectKey')
    .selectAll()
    .where('rotateAt', '<=', now)
    .orderBy('rotateAt')
    .orderBy('id')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute();
}

export interface Dead {
  readonly project: string;
  readonly before: Date;
  readonly now: Date;
  readonly limit: number;
}

/** Keys that were revoked, or ended, before an instant. A token that says it is good is not forgotten: the list of revoked ones must name it. */
export async function lockDead(db: Transaction<Database>, { project, before, now, limit }: Dead): Promise<string[]> {
  const rows = await db
    .selectFrom('projectKey')
    .select('id')
    .where('project', '=', project)
    .where((on) => on.or([on('revokedAt', '<', before), on('closesAt', '<', before)]))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('localKey')
            .select('localKey.id')
            .whereRef('localKey.projectKeyId', '=', 'projectKey.id')
            .where('localKey.tokenUntil', '>', now),
        ),
      ),
    )
    .orderBy('id')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute();
  return rows.map(({ id }) => id);
}

/** All that there is of them but their audit. */
export async function removeProjectKeys(db: Transaction<Database>, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db.deleteFrom('localKey').where('projectKeyId', 'in', ids).execute();
  await db.deleteFrom('creation').where('projectKeyId', 'in', ids).execute();
  await db.deleteFrom('projectKey').where('id', 'in', ids).execute();
}

/** The projects that have keys, also those that are no longer configured. */
export async function projectsWithKeys(db: Reader): Promise<string[]> {
  const rows = await db.selectFrom('projectKey').select('project').distinct().execute();
  return rows.map(({ project }) => project);
}

const JSON_COLUMNS = ['metadata', 'rights', 'policies', 'rotation', 'rotationAsked'] as const;

function asText(row: ProjectKeyWrite): Record<string, unknown> {
  const texts = JSON_COLUMNS.flatMap((column) =>
    row[column] === undefined ? [] : [[column, row[column] === null ? null : JSON.stringify(row[column])]],
  );
  return { ...row, ...Object.fromEntries(texts) };
}
