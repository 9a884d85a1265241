import { openHandle, sealHandle } from './lease/handle.ts';
import type { Ledger } from './ledger/database.ts';
import { handlesAfter, replaceHandle, replaceSealed, SEALED, sealedElsewhere, type SealedColumn } from './ledger/sealed.ts';
import type { Sealer } from './secret/seal.ts';

const AT_ONCE = 200;

export interface Resealed {
  readonly done: number;
  /** They stay as they are: changed by somebody, or of a master key that is not configured. */
  readonly unreadable: number;
}

/**
 * Seals everything under the current master key that is still under an older one, so that the older one can be taken out of the configuration.
 * While others work: a value that changed meanwhile is left alone. May stop anywhere and begin again.
 */
export async function reseal({ db }: Pick<Ledger, 'db'>, sealer: Sealer): Promise<Resealed> {
  const total = { done: 0, unreadable: 0 };
  if (sealer.keyIds.length < 2) return total;
  for (const column of SEALED) await resealColumn({ db }, sealer, { column, total });
  for (let after = ''; ;) {
    const rows = await handlesAfter(db, { keyId: sealer.keyIds[0]!, after, limit: AT_ONCE });
    for (const { id, handle } of rows) {
      const again = attempt(() => sealHandle(openHandle(handle, sealer, id), sealer, id));
      if (again === undefined) total.unreadable += 1;
      else total.done += await replaceHandle(db, { id, before: handle, after: again });
    }
    if (rows.length < AT_ONCE) return total;
    after = rows.at(-1)!.id;
  }
}

async function resealColumn(
  { db }: Pick<Ledger, 'db'>,
  sealer: Sealer,
  { column, total }: { column: SealedColumn; total: { done: number; unreadable: number } },
): Promise<void> {
  for (let after = ''; ;) {
    const values = await sealedElsewhere(db, column, { keyId: sealer.keyIds[0]!, after, limit: AT_ONCE });
    const changes = values.flatMap(({ sealed, context }) => {
      const again = attempt(() => sealer.seal(sealer.open(sealed, context), context));
      return again === undefined ? [] : [{ before: sealed, after: again }];
    });
    await replaceSealed(db, column, changes);
    total.done += changes.length;
    total.unreadable += values.length - changes.length;
    if (values.length < AT_ONCE) return;
    after = values.at(-1)!.sealed;
  }
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    // One that does not open keeps no other from being read; it is counted.
    return undefined;
  }
}
