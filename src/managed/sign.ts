import type { MintToken } from '../keys/token.ts';
import { newId } from '../ledger/ids.ts';
import type { Mint } from './house.ts';

/** Tokens as values of keys without a booking: each generation is one, and has an id of its own, which it says. */
export function signWith(mintToken: MintToken): Mint {
  return (tx, row) => {
    const { budget: lease, owner: holder, project, opensAt, closesAt } = row;
    const said = { keyId: newId('key'), lease, holder, scopes: row.rights.scopes, project };
    return mintToken({ ...said, window: { opensAt, closesAt } }, tx);
  };
}
