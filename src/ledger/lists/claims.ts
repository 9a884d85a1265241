import type { Kysely } from 'kysely';
import type { ClaimRow, Database } from '../schema.ts';

/** How far a key's hand-over is: neither token nor code, sealed or hashed. */
export type ListedClaim = Pick<
  ClaimRow,
  'id' | 'keyId' | 'leaseId' | 'confirm' | 'expiresAt' | 'claimedAt' | 'claimedIp' | 'reveals' | 'refusals' | 'createdAt'
>;

/** In the order in which they were made. */
export async function claimsOf(db: Kysely<Database>, leaseIds: readonly string[]): Promise<ListedClaim[]> {
  if (leaseIds.length === 0) return [];
  return await db
    .selectFrom('claim')
    .select(CLAIM)
    .where('leaseId', 'in', [...leaseIds])
    .orderBy('id')
    .execute();
}

const CLAIM = [
  'id',
  'keyId',
  'leaseId',
  'confirm',
  'expiresAt',
  'claimedAt',
  'claimedIp',
  'reveals',
  'refusals',
  'createdAt',
] as const;
