import type { LocalKey } from '../../providers/key-manager.ts';
import type { Ledger, Tx } from '../ledger/database.ts';
import { putLocalKey, type LocalKeyState } from '../ledger/local-keys.ts';
import type { StoredRights } from '../ledger/tables/built-in.ts';
import { DEFAULT_PROJECT } from '../reservation/project.ts';
import { compileAddresses } from './addresses.ts';
import { CHANNEL, type Book } from './book.ts';
import { hashKey } from './key.ts';
import { readToken } from './token.ts';

/** The built-in key manager inside a transaction of the caller's: what it writes is in force on every node once that is committed, and never without it. */
export interface KeysWithin {
  /** Creates or replaces the key of that name. Throws a Fault 'invalid' for an address list that cannot be read. */
  put(tx: Tx, key: LocalKey, at: Date): Promise<LocalKeyState>;
  /** These rows were changed in this transaction. */
  changed(tx: Tx, rows: readonly LocalKeyState[]): Promise<void>;
}

export function createKeysWithin({ ledger, book }: { ledger: Pick<Ledger, 'engine'>; book: Book }): KeysWithin {
  async function changed(tx: Tx, rows: readonly LocalKeyState[]): Promise<void> {
    tx.afterCommit(() => book.committed(rows));
    // Those that are told in the same moment are told in one statement.
    if (ledger.engine === 'postgres') await Promise.all(rows.map((row) => tx.notify(CHANNEL, row.name)));
  }

  return {
    changed,
    async put(tx, key, at) {
      // Throws before anything is written.
      compileAddresses([...(key.allowedIps ?? []), ...(key.deniedIps ?? [])]);
      const token = key.tokenType === 'jwt' ? readToken(key.secret) : undefined;
      const row = await putLocalKey(tx.db, {
        // A token says its own.
        id: key.id ?? token?.id,
        name: key.name,
        hash: hashKey(key.secret.reveal()),
        leaseId: key.lease,
        holder: key.holder,
        project: key.project ?? DEFAULT_PROJECT,
        projectKeyId: key.projectKey ?? null,
        tokenType: key.tokenType ?? 'opaque',
        tokenKid: token?.kid ?? null,
        tokenFrom: token?.from ?? null,
        tokenUntil: token?.until ?? null,
        rights: rightsOf(key),
        window: key.window,
        now: at,
      });
      await changed(tx, [row]);
      return row;
    },
  };
}

function rightsOf({
  scopes,
  methods,
  endpoints,
  quota,
  rateLimit,
  limits,
  allowedIps,
  deniedIps,
  rules,
  hours,
}: LocalKey): StoredRights {
  // Whoever makes keys took the methods from scopes, where they are these.
  const rights = { scopes, methods, endpoints, quota, rateLimit, limits, allowedIps, deniedIps, rules, hours };
  return structuredClone(rights) as StoredRights;
}
