import { keepHandle } from '../ledger/keys.ts';
import type { KeyRow } from '../ledger/schema.ts';
import type { Secret } from '../secret/secret.ts';
import { openHandle, sealHandle } from './handle.ts';
import { writeInTurn, type Turn, type Workshop } from './turn.ts';

/** The driver's own view of a stored key. */
export function refOf(
  shop: Pick<Workshop, 'sealer' | 'providers'>,
  key: KeyRow,
): { name: string; handle: unknown; secret: Secret | null } {
  const secret = key.sealedSecret ? shop.sealer.open(key.sealedSecret, `key:${key.id}`) : null;
  const stored = key.handle === null ? null : openHandle(key.handle, shop.sealer, key.id);
  const handle = stored === null ? null : (shop.providers(key.provider)?.parseHandle(stored) ?? stored);
  return { name: key.name, handle, secret };
}

/** What a driver has so far: after a crash its next call goes on from there. */
export async function keep(shop: Workshop, turn: Turn, keyId: string, handle: unknown): Promise<void> {
  await writeInTurn(shop, turn, 'handle-kept', (tx) => keepHandle(tx.db, keyId, sealHandle(handle, shop.sealer, keyId)));
}
