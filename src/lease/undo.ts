import type { KeyRef } from '../../providers/driver.ts';
import { findKey } from '../ledger/keys.ts';
import type { Workshop } from './turn.ts';

/** We lost our turn while the provider was working: if the key is dead by now, what we just made must die too. */
export async function undoIfRevoked(shop: Workshop, keyId: string, ref: KeyRef<unknown>): Promise<void> {
  const key = await findKey(shop.ledger.db, keyId);
  if (key?.state !== 'revoked') return;
  await shop.call(key.provider, 'revoke', (provider, call) => provider.driver.revoke(ref, call));
}
