import type { KeyRow } from '../ledger/schema.ts';
import { refOf } from './key-ref.ts';
import { writeInTurn, type Turn, type Workshop } from './turn.ts';

/** Holds a key back at its provider, or lets it go again; the key stays the same. Asked only of drivers that can. */
export async function hold(shop: Workshop, turn: Turn, key: KeyRow, verb: 'suspend' | 'resume'): Promise<void> {
  await shop.call(key.provider, verb, async (provider, call) => {
    await provider.driver[verb]?.(refOf(shop, key), call);
  });
  await writeInTurn(shop, turn, verb, async (tx) => {
    const suspendedAt = verb === 'suspend' ? shop.now() : null;
    await tx.db.updateTable('key').set({ suspendedAt, attempts: 0, retryAt: null }).where('id', '=', key.id).execute();
    tx.audit({
      actor: 'latchkey',
      action: `key.${verb === 'suspend' ? 'suspended' : 'resumed'}`,
      subject: key.id,
      detail: { lease: turn.lease.id },
    });
  });
}
