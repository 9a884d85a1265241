import type { Tx } from '../ledger/database.ts';
import { lockProjectKey } from '../ledger/project-keys.ts';
import type { ProjectKeyRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';

export interface Which {
  readonly project: string;
  readonly id: string;
}

/** The key, and nobody else changes it until the transaction ends. Throws Fault('not_found'), also for a key of another project. */
export async function take(tx: Tx, { project, id }: Which): Promise<ProjectKeyRow> {
  const row = await lockProjectKey(tx.db, { project, id });
  if (!row) throw new Fault('not_found', `there is no key ${id} in project ${project}`);
  return row;
}

/** Throws Fault('conflict') for one that can never work again. */
export function mustLive({ id, revokedAt, closesAt }: ProjectKeyRow, now: Date): void {
  if (revokedAt) throw new Fault('conflict', `key ${id} was revoked, for good; make a new one`);
  if (closesAt <= now) throw new Fault('conflict', `key ${id} has ended; make a new one`);
}

export const PROJECT_KEY_STATES = ['pending', 'active', 'suspended', 'expired', 'revoked'] as const;
/**
 * pending    it does not work yet      active   it works
 * suspended  held back by an operator  expired  its time is over
 * revoked    taken away, for good
 */
export type ProjectKeyState = (typeof PROJECT_KEY_STATES)[number];

export function stateOf(
  { revokedAt, closesAt, suspendedAt, opensAt }: Pick<ProjectKeyRow, 'revokedAt' | 'closesAt' | 'suspendedAt' | 'opensAt'>,
  now: Date,
): ProjectKeyState {
  if (revokedAt) return 'revoked';
  if (closesAt <= now) return 'expired';
  if (suspendedAt) return 'suspended';
  return opensAt > now ? 'pending' : 'active';
}
