import type { Tx } from '../ledger/database.ts';
import type { MappedItem } from '../reservation/source.ts';
import type { Mover } from './move.ts';
import type { Sealer } from '../secret/seal.ts';
import { record } from './record.ts';

/** What was seen of a source without being sent: there is no signature, as it was asked for by us. */
export interface Seen {
  readonly source: string;
  /** What asked for it; stands where the id of a request does. */
  readonly askedBy: string;
  readonly items: readonly MappedItem[];
}

/** Records it in this transaction as if it had been sent: its events, the reservations that they move, and the work that follows. */
export async function observe(
  tx: Tx,
  { source, askedBy, items }: Seen,
  mover: Mover & { readonly sealer: Sealer },
): Promise<void> {
  if (items.length === 0) return;
  const arrival = { source, requestId: askedBy, receivedAt: mover.now, brought: { headers: {}, path: '' }, items };
  await record(tx, [arrival], mover);
}
