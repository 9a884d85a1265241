import type { Kysely } from 'kysely';
import { z } from 'zod';
import { pageBy, type Listed, type Order, type Page } from '../listing.ts';
import type { Database, StrayRow } from '../schema.ts';

/** Without what its driver keeps to find it again. */
export type ListedStray = Omit<StrayRow, 'handle'>;

/** By provider, and by name. */
export async function listStrays(
  db: Kysely<Database>,
  filter: { readonly provider?: string },
  page: Page,
): Promise<Listed<ListedStray>> {
  return await pageBy(byName, page, async (after, limit) => {
    let query = db.selectFrom('stray').select(STRAY).orderBy('provider').orderBy('name').limit(limit);
    if (filter.provider !== undefined) query = query.where('provider', '=', filter.provider);
    if (after) {
      const [provider, name] = after;
      query = query.where((on) =>
        on.or([on('provider', '>', provider), on.and([on('provider', '=', provider), on('name', '>', name)])]),
      );
    }
    return await query.execute();
  });
}

const byName: Order<ListedStray, [string, string]> = {
  list: 'strays',
  place: z.tuple([z.string().max(300), z.string().max(300)]),
  placeOf: ({ provider, name }) => [provider, name],
};

const STRAY = ['provider', 'name', 'firstSeenAt', 'lastSeenAt', 'revokedAt'] as const;
