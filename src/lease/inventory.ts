import type { KeyRef } from '../../providers/driver.ts';
import type { Ledger } from '../ledger/database.ts';
import { findKeyByName } from '../ledger/keys.ts';
import type { Log } from '../observe/log.ts';
import type { Caller, OpenProvider } from './call.ts';

export interface Inventory {
  readonly provider: string;
  readonly seen: number;
  /** Ours by name, but dead in our books: revoked again. */
  readonly revoked: readonly string[];
  /** Ours by name, but unknown to our books (a restored backup, another instance): reported, never touched. */
  readonly unknown: readonly string[];
}

/**
 * Compares what a provider has under our names with our books, all pages. Only a key that our books call revoked is taken
 * away: a key that they do not know may be in use.
 */
export async function takeInventory(
  deps: { ledger: Ledger; call: Caller; log: Log },
  provider: OpenProvider,
): Promise<Inventory | undefined> {
  if (!provider.driver.list) return undefined;
  const listed = await deps.call(provider.name, 'list', async (open, call) => {
    const refs: KeyRef<unknown>[] = [];
    for await (const ref of open.driver.list!(call)) refs.push(ref);
    return refs;
  });
  const revoked: string[] = [];
  const unknown: string[] = [];
  for (const ref of listed) {
    const key = await findKeyByName(deps.ledger.db, ref.name);
    if (!key) unknown.push(ref.name);
    else if (key.state === 'revoked') {
      await deps.call(provider.name, 'revoke', (open, call) => open.driver.revoke(ref, call));
      await deps.ledger.transact(async (tx) =>
        tx.audit({ actor: 'latchkey', action: 'key.revoked-again', subject: key.id, detail: { provider: provider.name } }),
      );
      revoked.push(ref.name);
    }
  }
  if (revoked.length > 0 || unknown.length > 0)
    deps.log.warn('inventory differs', { provider: provider.name, revoked: revoked.length, unknown: unknown.length });
  return { provider: provider.name, seen: listed.length, revoked, unknown };
}
