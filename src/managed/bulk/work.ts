import type { Tx } from '../../ledger/database.ts';
import type { ItemEnd } from '../../ledger/bulks.ts';
import type { BulkItemRow, BulkRow } from '../../ledger/schema.ts';
import type { KeyAsked } from '../asked.ts';
import { changeKey, type KeyChanges } from '../change.ts';
import { createKey } from '../create.ts';
import type { House } from '../house.ts';
import { revokeKey } from '../revoke.ts';

/** What is asked of one key. The id of a key that is made is decided before, so that whatever is done again is done to the same key. */
export type Work =
  | { readonly verb: 'create'; readonly id: string; readonly asked: KeyAsked }
  | { readonly verb: 'update'; readonly id: string; readonly changes: KeyChanges }
  | { readonly verb: 'revoke'; readonly id: string };

/** Does one item, in the caller's transaction, which has admitted the keys that it makes. Throws what making, changing and revoking throw. */
export async function carryOut(house: House, tx: Tx, { bulk, item }: { bulk: BulkRow; item: BulkItemRow }): Promise<ItemEnd> {
  const { project, actor, reason } = bulk;
  const work = fromStored(item.asked);
  const done = { place: item.place, state: 'done', error: null, sealedValue: null } as const;
  if (work.verb === 'create') {
    const { key, value } = await createKey(house, tx, { project, actor, id: work.id, asked: work.asked, admitted: true });
    const sealedValue = house.sealer.seal(value, sealedFor(bulk.id, item.place));
    return { ...done, result: { id: key.id, name: key.name, owner: key.owner }, sealedValue };
  }
  const which = { project, actor, id: work.id };
  const key =
    work.verb === 'update'
      ? await changeKey(house, tx, { ...which, changes: work.changes })
      : await revokeKey(house, tx, { ...which, reason: reason ?? 'revoked in bulk' });
  return { ...done, result: { id: key.id, name: key.name, owner: key.owner } };
}

export const sealedFor = (bulkId: string, place: number): string => `bulk:${bulkId}:${place}`;

/** As JSON, which has no instants. */
export function fromStored(stored: Readonly<Record<string, unknown>>): Work {
  const work = stored as unknown as Work;
  if (work.verb === 'create') return { ...work, asked: revived(work.asked) };
  return work.verb === 'update' ? { ...work, changes: revived(work.changes) } : work;
}

function revived<T extends Pick<KeyAsked, 'opensAt' | 'ends'>>(wish: T): T {
  const { opensAt, ends } = wish;
  return {
    ...wish,
    ...(opensAt && { opensAt: new Date(opensAt) }),
    ...(typeof ends === 'object' && 'at' in ends && { ends: { at: new Date(ends.at) } }),
  };
}
