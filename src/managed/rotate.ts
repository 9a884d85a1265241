import { hintOf } from '../keys/key.ts';
import type { Tx } from '../ledger/database.ts';
import { writeProjectKey } from '../ledger/project-keys.ts';
import type { ProjectKeyRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import type { Made } from './create.ts';
import { mustLive, take } from './find.ts';
import { alter, putGeneration } from './generation.ts';
import { projectNamed } from '../reservation/project.ts';
import type { House } from './house.ts';
import { nextRotation } from './life.ts';
import type { Act } from './revoke.ts';

const USUAL_OVERLAP_MS = 24 * 3_600_000;

export interface Rotating extends Act {
  /** How long the old value stays good; 0 after a leak. Without it what the key's own rotation says, or a day. */
  readonly overlapMs?: number;
  /** Only if this is still the current generation. */
  readonly generation?: number;
}

/**
 * A new value under the same rights, window and budget: nothing of it lives longer than before. From the commit on older values work as long
 * as the overlap, at most; with none they are refused at once. Twice at a time is one after the other. Throws a Fault: `not_found`,
 * `conflict` for a dead key, for one whose maker decides on its value, and where another generation was expected.
 */
export async function rotateKey(house: House, tx: Tx, rotating: Rotating): Promise<Made> {
  const row = await take(tx, rotating);
  mustLive(row, house.now());
  if (row.byName) throw new Fault('conflict', `key ${row.name} has the value that its maker gave it; put it again with another`);
  if (rotating.generation !== undefined && rotating.generation !== row.generation)
    throw new Fault('conflict', `key ${row.id} is at generation ${row.generation}: somebody else has rotated it`);
  const overlapMs = overlapFor(house, row, rotating.overlapMs);
  return await renew(house, tx, { row, overlapMs, reason: rotating.reason, actor: rotating.actor });
}

export interface Renewal {
  readonly row: ProjectKeyRow;
  readonly overlapMs: number;
  readonly reason: string;
  readonly actor: string;
  /** The value waits, sealed, for whoever asks for it first. */
  readonly seals?: true;
}

/** The row is locked, and alive. */
export async function renew(house: House, tx: Tx, { row, overlapMs, reason, actor, seals }: Renewal): Promise<Made> {
  const now = house.now();
  await alter(house, tx, {
    id: row.id,
    alteration: overlapMs === 0 ? { revokedAt: now } : { closesBy: new Date(now.getTime() + overlapMs) },
  });
  const next = { ...row, generation: row.generation + 1 };
  const value = await house.mint(tx, next);
  const key = await writeProjectKey(tx.db, row.id, {
    generation: next.generation,
    hint: hintOf(value),
    rotatedAt: now,
    rotateAt: nextRotation(row.rotation, now, row.closesAt),
    rotationAsked: null,
    sealedValue: seals ? house.sealer.seal(value, sealedFor(row.id)) : null,
    updatedAt: now,
  });
  await putGeneration(house, tx, { row: key, value });
  const detail = { project: row.project, generation: key.generation, overlapMs, reason };
  tx.audit({ actor, action: 'project-key.rotated', subject: row.id, detail });
  return { key, value };
}

/** The value that the clock made, once: from then on it is with whoever asked. Throws Fault('gone') where none waits. */
export async function revealKey(house: House, tx: Tx, { actor, ...which }: Omit<Act, 'reason'>): Promise<Made> {
  const row = await take(tx, which);
  if (!row.sealedValue) throw new Fault('gone', `no value of key ${row.id} waits: it was fetched, or its maker got it at once`);
  const value = house.sealer.open(row.sealedValue, sealedFor(row.id));
  const key = await writeProjectKey(tx.db, row.id, { sealedValue: null });
  tx.audit({
    actor,
    action: 'project-key.revealed',
    subject: row.id,
    detail: { project: row.project, generation: row.generation },
  });
  return { key, value };
}

function overlapFor(house: House, row: ProjectKeyRow, asked: number | undefined): number {
  const most = projectNamed(house.policy(), row.project).keys.rotation?.overlapMs;
  const usual = row.rotation?.overlapMs ?? most ?? USUAL_OVERLAP_MS;
  if (asked !== undefined && most !== undefined && asked > most)
    throw new Fault('invalid', `overlap: this project keeps an old value for ${most / 60_000} minutes at most`, {
      at: 'overlap',
    });
  return asked ?? usual;
}

const sealedFor = (id: string): string => `project-key:${id}`;
