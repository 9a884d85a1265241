import { mintKey } from '../keys/key.ts';
import type { Tx } from '../ledger/database.ts';
import type { ProjectKeyRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import type { Mint } from './house.ts';

/** Makes values: a random text for an opaque key, and what `sign` makes of it for a token. */
export function createMint({ sign }: { readonly sign?: Mint } = {}): Mint {
  return async (tx: Tx, row: ProjectKeyRow) => {
    if (row.tokenType === 'opaque') return mintKey(row.prefix);
    if (!sign) throw new Fault('invalid', 'tokenType: nothing signs tokens here', { at: 'tokenType' });
    return await sign(tx, row);
  };
}
