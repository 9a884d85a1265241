import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';

export interface KeyUse {
  readonly id: string;
  readonly lastUsedAt: Date | null;
  readonly lastIp: string | null;
}

/** When and from where the built-in manager's keys of a lease were let through last; half a minute late at most. */
export async function usesOfLease(db: Kysely<Database>, leaseId: string): Promise<KeyUse[]> {
  return await db.selectFrom('localKey').select(['id', 'lastUsedAt', 'lastIp']).where('leaseId', '=', leaseId).execute();
}
