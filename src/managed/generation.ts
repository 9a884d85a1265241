import type { Tx } from '../ledger/database.ts';
import { alterGenerations, type Alteration } from '../ledger/generations.ts';
import type { ProjectKeyRow } from '../ledger/schema.ts';
import type { Secret } from '../secret/secret.ts';
import type { House } from './house.ts';

/** What the built-in key manager calls one value of a key. */
export function generationName({ id, generation }: Pick<ProjectKeyRow, 'id' | 'generation'>): string {
  return `${id}-${generation}`;
}

/** From the commit on this value opens the door, within the key's rights and window. */
export async function putGeneration({ within, now }: House, tx: Tx, made: { row: ProjectKeyRow; value: Secret }): Promise<void> {
  const { row, value } = made;
  await within.put(
    tx,
    {
      ...row.rights,
      name: generationName(row),
      secret: value,
      lease: row.budget,
      holder: row.owner,
      project: row.project,
      projectKey: row.id,
      tokenType: row.tokenType,
      window: { opensAt: row.opensAt, closesAt: row.closesAt },
    },
    now(),
  );
  // A value that is made while the key is held back is held back too.
  if (row.suspendedAt) await alter({ within, now }, tx, { id: row.id, alteration: { suspendedAt: row.suspendedAt } });
}

/** Changes every value of a key that may still work. */
export async function alter(
  { within, now }: Pick<House, 'within' | 'now'>,
  tx: Tx,
  { id, alteration }: { id: string; alteration: Alteration },
): Promise<void> {
  await within.changed(tx, await alterGenerations(tx.db, { projectKeyId: id, now: now() }, alteration));
}
