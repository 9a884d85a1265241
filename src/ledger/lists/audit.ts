import type { Kysely } from 'kysely';
import { z } from 'zod';
import { pageBy, type Listed, type Order, type Page } from '../listing.ts';
import type { AuditRow, Database } from '../schema.ts';

export type ListedAudit = Omit<AuditRow, 'mac'>;

export interface AuditFilter {
  readonly subject?: string;
  readonly actor?: string;
  readonly action?: string;
}

/** Newest first. */
export async function listAudit(db: Kysely<Database>, filter: AuditFilter, page: Page): Promise<Listed<ListedAudit>> {
  return await pageBy(bySeq, page, async (after, limit) => {
    let query = db.selectFrom('audit').select(AUDIT).orderBy('seq', 'desc').limit(limit);
    if (after !== undefined) query = query.where('seq', '<', after);
    for (const column of ['subject', 'actor', 'action'] as const) {
      if (filter[column] !== undefined) query = query.where(column, '=', filter[column]);
    }
    return await query.execute();
  });
}

/** The newest entries about any of these, oldest of them first. */
export async function auditOf(db: Kysely<Database>, subjects: readonly string[], most: number): Promise<ListedAudit[]> {
  if (subjects.length === 0) return [];
  const rows = await db
    .selectFrom('audit')
    .select(AUDIT)
    .where('subject', 'in', [...subjects])
    .orderBy('seq', 'desc')
    .limit(most)
    .execute();
  return rows.reverse();
}

const bySeq: Order<ListedAudit, number> = { list: 'audit', place: z.int().min(0), placeOf: (entry) => entry.seq };

const AUDIT = ['seq', 'at', 'actor', 'action', 'subject', 'detail'] as const;
