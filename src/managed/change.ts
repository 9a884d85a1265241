import { retimeLocalKey } from '../ledger/local-keys.ts';
import type { Tx } from '../ledger/database.ts';
import { writeProjectKey } from '../ledger/project-keys.ts';
import type { ProjectKeyRow } from '../ledger/schema.ts';
import type { StoredRights } from '../ledger/tables/built-in.ts';
import { canonical } from '../reservation/canonical.ts';
import { Fault } from '../reservation/fault.ts';
import type { Bounds, KeyAsked, Refusal, RightsAsked } from './asked.ts';
import { mustLive, take, type Which } from './find.ts';
import { alter, generationName } from './generation.ts';
import { boundsOf, refuse, type House } from './house.ts';
import { endless, mustEnd, nextRotation, rotationFor, windowFor } from './life.ts';
import { rightsFor } from './rights.ts';
import { renew } from './rotate.ts';

/** What may be changed of a key; what is not named stays. Null takes a limit or list of its own away: the project's stays. */
export type KeyChanges = Partial<Pick<KeyAsked, 'name' | 'owner' | 'metadata' | 'opensAt' | 'rotation' | 'scopes'>> & {
  readonly [Field in Exclude<keyof RightsAsked, 'scopes'>]?: RightsAsked[Field] | null;
} & {
  readonly description?: string | null;
  readonly contact?: string | null;
  /** A length counts from now. */
  readonly ends?: KeyAsked['ends'];
  readonly policies?: readonly unknown[] | null;
  /** Worked out by somebody else, within what the project grants. */
  readonly rights?: StoredRights;
};

export interface Change extends Which {
  readonly changes: KeyChanges;
  readonly actor: string;
}

/**
 * Changes a key under all its values; after the commit every node goes by it. A token with a later end is another token, which waits to be
 * fetched: the one that is out works until the end that it says. Throws a Fault: `not_found`, `conflict` for a dead key,
 * `invalid` with all the reasons where it would then exceed what its project grants.
 */
export async function changeKey(house: House, tx: Tx, { changes, actor, ...which }: Change): Promise<ProjectKeyRow> {
  const before = await take(tx, which);
  const now = house.now();
  mustLive(before, now);
  const set = draftChange(house, before, changes);
  const after = await writeProjectKey(tx.db, before.id, { ...set, updatedAt: now });
  const outgrows = before.tokenType === 'jwt' && after.closesAt > before.closesAt;
  await carryOver(house, tx, { before, after: outgrows ? { ...after, closesAt: before.closesAt } : after });
  const told = difference(before, after);
  if (Object.keys(told).length > 0)
    tx.audit({ actor, action: 'project-key.changed', subject: before.id, detail: { project: before.project, changed: told } });
  if (!outgrows) return after;
  const overlapMs = before.closesAt.getTime() - now.getTime();
  return (await renew(house, tx, { row: after, overlapMs, reason: 'a token ends when it says', actor, seals: true })).key;
}

/** What would stand in the books. Throws a Fault as `changeKey`, and writes nothing. */
export function draftChange(house: House, row: ProjectKeyRow, changes: KeyChanges): Partial<ProjectKeyRow> {
  const now = house.now();
  const bounds = boundsOf(house, row.project);
  const refused: Refusal[] = [];
  if (row.policies && changesRights(changes))
    throw new Fault('conflict', `the rights of key ${row.id} come of its policies: change them by POST /api/policies`);
  const rights = changes.rights ?? (changesRights(changes) ? newRights(row, changes, { bounds, refused }) : row.rights);
  const movesWindow = changes.ends !== undefined || changes.opensAt !== undefined;
  const ends = changes.ends ?? { at: row.closesAt };
  const window = movesWindow
    ? windowFor(
        {
          opensAt: changes.opensAt ?? row.opensAt,
          ends: ends !== 'never' && 'inMs' in ends ? { at: new Date(now.getTime() + ends.inMs) } : ends,
        },
        { rules: bounds.rules, now, refused },
      )
    : { opensAt: row.opensAt, closesAt: row.closesAt };
  const rotation =
    changes.rotation === undefined || row.byName ? row.rotation : rotationFor(changes.rotation, bounds.rules, refused);
  mustEnd(row.tokenType, window.closesAt, refused);
  refuse(refused);
  const { name, owner, description, contact, metadata, policies } = changes;
  return {
    rights,
    ...window,
    rotation,
    rotateAt: nextRotation(rotation, row.rotatedAt ?? row.opensAt, window.closesAt),
    ...(name !== undefined && !row.byName && { name }),
    ...(owner !== undefined && { owner }),
    ...(description !== undefined && { description }),
    ...(contact !== undefined && { contact }),
    ...(metadata !== undefined && { metadata: { ...metadata } }),
    ...(policies !== undefined && { policies }),
  };
}

const RIGHTS = [
  'scopes',
  'methods',
  'endpoints',
  'quota',
  'rateLimit',
  'limits',
  'allowedIps',
  'deniedIps',
  'hours',
] as const satisfies readonly (keyof RightsAsked)[];

const changesRights = (changes: KeyChanges): boolean => RIGHTS.some((field) => changes[field] !== undefined);

/** As if the whole key were asked for today. */
function newRights(
  { rights }: ProjectKeyRow,
  changes: KeyChanges,
  { bounds, refused }: { bounds: Bounds; refused: Refusal[] },
): StoredRights {
  const scopes = changes.scopes ?? rights.scopes;
  const kept = { ...rights, methods: keptMethods(rights, scopes, bounds) } as Omit<RightsAsked, 'scopes'>;
  const asked = Object.fromEntries(
    RIGHTS.map((field) => {
      const change = changes[field];
      if (change === undefined) return [field, kept[field as 'limits']];
      return [field, change === null && field !== 'quota' && field !== 'rateLimit' ? undefined : change];
    }),
  );
  const { rights: made, refused: wrong } = rightsFor({ ...asked, scopes }, bounds);
  refused.push(...wrong);
  return made;
}

/** Whoever had fewer methods than the scopes allow gets no more by getting other scopes. */
function keptMethods({ scopes, methods }: StoredRights, next: readonly string[], bounds: Bounds) {
  const all = (names: readonly string[]) => rightsFor({ scopes: names }, bounds).rights.methods;
  const wasNarrowed = all(scopes).some((method) => !methods.includes(method));
  return wasNarrowed ? all(next).filter((method) => methods.includes(method)) : undefined;
}

/** Older values, which overlap with the current one, never get longer. */
async function carryOver(
  house: House,
  tx: Tx,
  { before, after }: { before: ProjectKeyRow; after: ProjectKeyRow },
): Promise<void> {
  const { rights, owner, opensAt, closesAt } = after;
  await alter(house, tx, { id: after.id, alteration: { rights, holder: owner, opensAt, closesBy: closesAt } });
  if (closesAt.getTime() === before.closesAt.getTime()) return;
  const row = await retimeLocalKey(tx.db, generationName(after), { window: { opensAt, closesAt }, now: house.now() });
  if (row) await house.within.changed(tx, [row]);
}

/** Whose content is nobody's business, or personal: that they changed is all that the audit says. */
const PRIVATE = new Set(['description', 'contact', 'metadata', 'policies']);
const TOLD = ['name', 'owner', 'description', 'contact', 'metadata', 'policies', 'rotation', 'opensAt', 'closesAt'] as const;

function difference(before: ProjectKeyRow, after: ProjectKeyRow): Record<string, unknown> {
  const plain = (value: unknown) => (value instanceof Date && endless(value) ? null : value);
  const own = TOLD.filter((field) => canonical(before[field]) !== canonical(after[field])).map((field) => [
    field,
    PRIVATE.has(field) ? 'changed' : { from: plain(before[field]), to: plain(after[field]) },
  ]);
  const rights = Object.keys({ ...before.rights, ...after.rights }) as (keyof StoredRights)[];
  const granted = rights
    .filter((field) => canonical(before.rights[field]) !== canonical(after.rights[field]))
    .map((field) => [field, { from: before.rights[field] ?? null, to: after.rights[field] ?? null }]);
  return Object.fromEntries([...own, ...granted]);
}
