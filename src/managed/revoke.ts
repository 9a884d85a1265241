import type { Tx } from '../ledger/database.ts';
import { writeProjectKey } from '../ledger/project-keys.ts';
import type { ProjectKeyRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import { mustLive, stateOf, take, type Which } from './find.ts';
import { alter } from './generation.ts';
import type { House } from './house.ts';

/** What it takes to change the rows of a key. */
type Hands = Pick<House, 'within' | 'now'>;

export interface Act extends Which {
  readonly actor: string;
  readonly reason: string;
}

/** After the commit no value of it opens anything, on any node that can still answer. Doing it twice is fine. */
export async function revokeKey(house: Hands, tx: Tx, act: Act): Promise<ProjectKeyRow> {
  const row = await take(tx, act);
  return row.revokedAt ? row : await revokeRow(house, tx, { ...act, row });
}

export async function revokeRow(
  house: Hands,
  tx: Tx,
  { row, actor, reason }: { row: ProjectKeyRow; actor: string; reason: string },
): Promise<ProjectKeyRow> {
  const now = house.now();
  await alter(house, tx, { id: row.id, alteration: { revokedAt: now } });
  tx.audit({ actor, action: 'project-key.revoked', subject: row.id, detail: { project: row.project, reason } });
  return await writeProjectKey(tx.db, row.id, {
    revokedAt: now,
    revokeReason: reason,
    sealedValue: null,
    rotateAt: null,
    rotationAsked: null,
    updatedAt: now,
  });
}

/** Takes a dead key out of every list; its audit stays. Throws Fault('conflict') for one that may still work. */
export async function deleteKey(house: Hands, tx: Tx, { actor, ...which }: Which & { actor: string }): Promise<void> {
  const row = await take(tx, which);
  const now = house.now();
  const state = stateOf(row, now);
  if (state !== 'revoked' && state !== 'expired')
    throw new Fault('conflict', `key ${row.id} is ${state}: revoke it first, or delete it with ?revoke=true`);
  await writeProjectKey(tx.db, row.id, { deletedAt: now, sealedValue: null, rotateAt: null, updatedAt: now });
  tx.audit({ actor, action: 'project-key.deleted', subject: row.id, detail: { project: row.project, name: row.name } });
}

/** Holds it back until it is resumed. Doing it twice is fine. Throws Fault('conflict') for a dead key. */
export async function suspendKey(house: Hands, tx: Tx, { actor, reason, ...which }: Act): Promise<ProjectKeyRow> {
  const row = await take(tx, which);
  const now = house.now();
  mustLive(row, now);
  if (row.suspendedAt) return row;
  await alter(house, tx, { id: row.id, alteration: { suspendedAt: now } });
  tx.audit({ actor, action: 'project-key.suspended', subject: row.id, detail: { project: row.project, reason } });
  return await writeProjectKey(tx.db, row.id, { suspendedAt: now, suspendReason: reason, updatedAt: now });
}

export async function resumeKey(house: Hands, tx: Tx, { actor, reason, ...which }: Act): Promise<ProjectKeyRow> {
  const row = await take(tx, which);
  const now = house.now();
  mustLive(row, now);
  if (!row.suspendedAt) return row;
  await alter(house, tx, { id: row.id, alteration: { suspendedAt: null } });
  tx.audit({ actor, action: 'project-key.resumed', subject: row.id, detail: { project: row.project, reason } });
  return await writeProjectKey(tx.db, row.id, { suspendedAt: null, suspendReason: null, updatedAt: now });
}
