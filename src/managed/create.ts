import { hintOf } from '../keys/key.ts';
import type { Tx } from '../ledger/database.ts';
import { newId } from '../ledger/ids.ts';
import { insertProjectKey } from '../ledger/project-keys.ts';
import type { ProjectKeyRow } from '../ledger/schema.ts';
import type { StoredRights } from '../ledger/tables/built-in.ts';
import { Secret } from '../secret/secret.ts';
import { admit } from './admit.ts';
import type { KeyAsked, Refusal } from './asked.ts';
import { putGeneration } from './generation.ts';
import { boundsOf, refuse, type House } from './house.ts';
import { endless, mustEnd, nextRotation, rotationFor, windowFor } from './life.ts';
import { prefixFor } from './prefix.ts';
import { rightsFor } from './rights.ts';

export interface Making {
  readonly project: string;
  readonly asked: KeyAsked;
  readonly actor: string;
  /** By somebody who decides on name and value, and under which budget it counts. */
  readonly given?: { readonly value: Secret; readonly budget?: string };
  /** A value that its maker decided on, of any form. */
  readonly value?: Secret;
  /** Worked out by somebody else, within what the project grants; without them what is asked for is looked at. */
  readonly rights?: StoredRights;
  /** Decided before; without one it gets one. */
  readonly id?: string;
  /** Whoever makes many at once has asked for all of them. */
  readonly admitted?: true;
  /** As the seed's policies were given, to be told again. */
  readonly policies?: readonly unknown[];
}

export interface Made {
  readonly key: ProjectKeyRow;
  readonly value: Secret;
}

/**
 * Makes a key, in the caller's transaction: its books, its first value and the audit are there together or not at all. Throws a Fault:
 * `not_found` for a project that is not configured, `invalid` with all the reasons where it asks for more than the project grants, `too_many`
 * where the project has made its share.
 */
export async function createKey(house: House, tx: Tx, making: Making): Promise<Made> {
  const { project, asked, actor } = making;
  const now = house.now();
  const row = draftKey(house, making);
  if (!making.admitted) await admit(tx, project, { created: boundsOf(house, project).rules.created, now });
  const value = making.given?.value ?? making.value ?? (await house.mint(tx, row));
  const key = { ...row, hint: hintOf(value) };
  await insertProjectKey(tx.db, key);
  await putGeneration(house, tx, { row: key, value });
  const { name, owner, rights } = key;
  tx.audit({
    actor,
    action: 'project-key.created',
    subject: key.id,
    detail: {
      project,
      name,
      owner,
      rights,
      closesAt: endless(key.closesAt) ? null : key.closesAt,
      environment: asked.environment,
    },
  });
  return { key, value };
}

/** What would stand in the books. Throws a Fault as `createKey`, and writes nothing. */
export function draftKey(house: House, making: Making): ProjectKeyRow {
  const { project, asked, actor, given, policies } = making;
  const now = house.now();
  const bounds = boundsOf(house, project);
  const { rules } = bounds;
  const { rights, refused: wrong } = making.rights ? { rights: making.rights, refused: [] } : rightsFor(asked, bounds);
  const refused: Refusal[] = [...wrong];
  const window = windowFor(asked, { rules, now, refused, endsAfter: given && new Date(0) });
  // Nobody else changes a value that somebody gave.
  const isGiven = given !== undefined || making.value !== undefined;
  const rotation = isGiven ? null : rotationFor(asked.rotation, rules, refused);
  const prefix = prefixFor(asked, bounds, refused);
  const tokenType = isGiven ? 'opaque' : (asked.tokenType ?? rules.tokenType);
  mustEnd(tokenType, window.closesAt, refused);
  refuse(refused);
  const id = making.id ?? newId('pky');
  return {
    id,
    project,
    name: asked.name,
    byName: given !== undefined,
    budget: given?.budget === undefined ? id : sharedBudget(project, given.budget),
    description: asked.description ?? null,
    owner: asked.owner ?? actor,
    contact: asked.contact ?? null,
    environment: asked.environment ?? null,
    metadata: { ...asked.metadata },
    rights,
    policies: policies ?? null,
    tokenType,
    prefix,
    hint: '',
    generation: 1,
    ...window,
    rotation,
    rotateAt: nextRotation(rotation, window.opensAt, window.closesAt),
    rotatedAt: null,
    rotationAsked: null,
    sealedValue: null,
    suspendedAt: null,
    suspendReason: null,
    revokedAt: null,
    revokeReason: null,
    deletedAt: null,
    createdBy: actor,
    createdAt: now,
    updatedAt: now,
  };
}

/** What keys by name count under together: of one project, and nobody's id. */
export function sharedBudget(project: string, name: string): string {
  return `by-name:${project}:${name}`;
}
