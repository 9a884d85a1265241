import { checkKey, hintOf } from '../keys/key.ts';
import type { Tx } from '../ledger/database.ts';
import { lockProjectKeyByName, writeProjectKey } from '../ledger/project-keys.ts';
import type { ProjectKeyRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import type { Secret } from '../secret/secret.ts';
import type { KeyAsked, Refusal } from './asked.ts';
import { createKey, sharedBudget } from './create.ts';
import { putGeneration } from './generation.ts';
import { boundsOf, refuse, type House } from './house.ts';
import { windowFor } from './life.ts';
import { revokeRow } from './revoke.ts';
import { rightsFor } from './rights.ts';

export interface Put {
  readonly project: string;
  readonly asked: KeyAsked;
  readonly value: Secret;
  readonly budget?: string;
  readonly actor: string;
}

const NAME = /^[a-z0-9-]{1,60}$/;

/**
 * The key of that name is what is said, and works: it is made, or changed, or made alive again. The same twice is one key. For somebody who
 * decides on names and values, such as another Latchkey. Throws a Fault as `createKey`, and 'invalid' for a name or a value of another form.
 */
export async function putByName(house: House, tx: Tx, { value, budget, ...put }: Put): Promise<ProjectKeyRow> {
  const { project, actor } = put;
  const bounds = boundsOf(house, project);
  if (!NAME.test(put.asked.name)) throw new Fault('invalid', 'name: must be up to 60 of a-z, 0-9 and -', { at: 'name' });
  if (!checkKey(value.reveal())) throw new Fault('invalid', 'value: is not of the form that Latchkey makes', { at: 'value' });
  // Its maker has decided: what it did not limit is not limited, or refused.
  const asked = { ...put.asked, quota: put.asked.quota ?? null, rateLimit: put.asked.rateLimit ?? null };
  const before = await lockProjectKeyByName(tx.db, { project, name: asked.name });
  if (!before) return (await createKey(house, tx, { project, actor, asked, given: { value, budget } })).key;
  const now = house.now();
  const { rights, refused: wrong } = rightsFor(asked, bounds);
  const refused: Refusal[] = [...wrong];
  const window = windowFor(asked, { rules: bounds.rules, now, refused, endsAfter: new Date(0) });
  refuse(refused);
  const row = await writeProjectKey(tx.db, before.id, {
    rights,
    ...window,
    owner: asked.owner ?? before.owner,
    budget: budget === undefined ? before.budget : sharedBudget(project, budget),
    hint: hintOf(value),
    revokedAt: null,
    revokeReason: null,
    deletedAt: null,
    updatedAt: now,
  });
  await putGeneration(house, tx, { row, value });
  tx.audit({ actor, action: 'project-key.put', subject: row.id, detail: { project, name: row.name, rights } });
  return row;
}

/** The key of that name, when it may still work. Throws Fault('not_found'). */
export async function takeByName(tx: Tx, { project, name }: { project: string; name: string }): Promise<ProjectKeyRow> {
  const row = await lockProjectKeyByName(tx.db, { project, name });
  if (!row || row.revokedAt || row.deletedAt) throw new Fault('not_found', `there is no key ${name} in project ${project}`);
  return row;
}

/** After the commit it opens nothing. Throws Fault('not_found') where there is no such key any more. */
export async function revokeByName(
  house: House,
  tx: Tx,
  { actor, reason, ...which }: { project: string; name: string; actor: string; reason: string },
): Promise<void> {
  const row = await takeByName(tx, which);
  await revokeRow(house, tx, { row, actor, reason });
}
