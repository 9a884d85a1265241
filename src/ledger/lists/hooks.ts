import type { Kysely } from 'kysely';
import { byId, pageBy, type Listed, type Page } from '../listing.ts';
import type { Database, HookRow } from '../schema.ts';

export type ListedHook = Omit<HookRow, 'sealedSecret'>;

/** Newest first, with those that were disabled. */
export async function listHookPage(db: Kysely<Database>, page: Page): Promise<Listed<ListedHook>> {
  return await pageBy(byId<ListedHook>('hooks'), page, async (after, limit) => {
    let query = db.selectFrom('hook').select(HOOK).orderBy('id', 'desc').limit(limit);
    if (after !== undefined) query = query.where('id', '<', after);
    return await query.execute();
  });
}

const HOOK = ['id', 'url', 'kinds', 'createdAt', 'disabledAt'] as const;
