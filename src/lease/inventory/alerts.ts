import { chunksOf } from '../../ledger/chunks.ts';
import type { Tx } from '../../ledger/database.ts';
import type { InventoryReport } from '../../reservation/inventory.ts';
import type { ProviderAlert } from '../../reservation/notice.ts';
import type { Sweep } from './sweep.ts';
import type { Taken } from './take.ts';

/** Tells operators what a provider, and no lease, is the matter with. */
export type Alert = (tx: Tx, alert: ProviderAlert) => Promise<void>;

/** Operators are told once of each key that is missing, of strays when they are first seen, and when an inventory becomes suspicious. */
export async function tellNews(sweep: Sweep, taken: Taken, { before, alert }: News): Promise<void> {
  const { shop, provider, began } = sweep;
  const { suspicious, newlyMissing, newStrays } = taken;
  const at = began.toISOString();
  const tell = (about: string, reason: string) =>
    shop.ledger.transact((tx) => alert(tx, { provider: provider.name, reason, id: `${about}:${provider.name}:${at}` }));
  const [stray] = newStrays;
  if (stray)
    await tell(
      'stray',
      `${newStrays.length} of the keys under our names at ${provider.name} are not in our books, such as ${stray.name}`,
    );
  if (suspicious !== null) {
    // Not one for each key: most of them are said to be missing.
    if (!before?.suspicious) await tell('suspicious', `${provider.name}: ${suspicious}`);
    return;
  }
  for (const chunk of chunksOf(newlyMissing))
    await shop.ledger.transact(async (tx) => {
      for (const key of chunk)
        await shop.announce(tx, {
          kind: 'alert',
          leaseId: key.leaseId,
          keyId: key.id,
          reason: `a key that should work is not at ${provider.name} any more`,
          id: `missing:${key.id}:${at}`,
        });
    });
}

export interface News {
  /** The report of the inventory before. */
  readonly before: InventoryReport | null;
  readonly alert: Alert;
}
