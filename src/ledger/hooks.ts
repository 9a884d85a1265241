import type { Insertable, Kysely } from 'kysely';
import { inOne } from './in-one.ts';
import type { Database, HookRow } from './schema.ts';
import type { HookTable } from './tables/handover.ts';

/** Queries on the outgoing webhooks that operators subscribed by API. */

type Db = Kysely<Database>;
export type NewHook = Insertable<HookTable>;

export async function insertHook(db: Db, hook: NewHook): Promise<void> {
  await db.insertInto('hook').values(hook).execute();
}

export async function listHooks(db: Db): Promise<HookRow[]> {
  return await db.selectFrom('hook').selectAll().orderBy('id').execute();
}

export async function hookById(db: Db, id: string): Promise<HookRow | undefined> {
  return await db.selectFrom('hook').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The hooks that want this kind of notice; no kinds means all. */
export const hooksFor = inOne(async (db, kinds: readonly string[]) => {
  const hooks = await db.selectFrom('hook').selectAll().where('disabledAt', 'is', null).orderBy('id').execute();
  return kinds.map((kind) => hooks.filter((hook) => hook.kinds.length === 0 || hook.kinds.includes(kind)));
});

export async function disableHook(db: Db, id: string, at: Date): Promise<boolean> {
  const row = await db
    .updateTable('hook')
    .set({ disabledAt: at })
    .where('id', '=', id)
    .where('disabledAt', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}
