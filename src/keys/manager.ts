import type { Standing } from '../../providers/driver.ts';
import type { KeyManager } from '../../providers/key-manager.ts';
import type { Ledger, Tx } from '../ledger/database.ts';
import {
  findLocalKeyByName,
  findLocalKeysByName,
  pageLocalKeys,
  rekeyLocalKey,
  retimeLocalKey,
  revokeLocalKey,
  suspendLocalKey,
  type LocalKeyState,
} from '../ledger/local-keys.ts';
import { askTogether } from '../ledger/together.ts';
import { sumUsage } from '../ledger/usage.ts';
import type { Book } from './book.ts';
import type { Flush } from './flush.ts';
import { hashKey } from './key.ts';
import { recordOf, type KeyRecord } from './record.ts';
import { standing } from './refusals.ts';
import { createKeysWithin } from './within.ts';

const PAGE = 1000;

export interface KeyManagerOptions {
  readonly ledger: Ledger;
  readonly book: Book;
  readonly usage: Pick<Flush, 'flush'>;
  readonly now: () => Date;
}

/**
 * The built-in key manager: what the `builtin` driver writes to, and verify reads. Every change is in force on this node when its promise resolves, and reaches the others by NOTIFY, in milliseconds while they are connected.
 * Throws a Fault 'unavailable' when the ledger is out of reach, 'invalid' for an address list that cannot be read.
 */
export function createKeyManager({ ledger, book, usage, now }: KeyManagerOptions): KeyManager {
  const within = createKeysWithin({ ledger, book });

  async function change(work: (tx: Tx, at: Date) => Promise<readonly LocalKeyState[]>): Promise<readonly LocalKeyState[]> {
    return await ledger.transact(async (tx) => {
      const rows = await work(tx, now());
      await within.changed(tx, rows);
      return rows;
    });
  }

  const hold = (name: string, since: (at: Date) => Date | null) =>
    change(async (tx, at) => present(await suspendLocalKey(tx.db, name, { suspendedAt: since(at), now: at })));

  const rowOf = askTogether(async (names) => {
    const rows = await findLocalKeysByName(ledger.db, names, now());
    return new Map(rows.map((row) => [row.name, row]));
  });

  return {
    async put(key) {
      const { id } = await ledger.transact((tx) => within.put(tx, key, now()));
      return { keyId: id };
    },
    async rekey(name, secret) {
      const hash = hashKey(secret.reveal());
      const rows = await change(async (tx, at) => present(await rekeyLocalKey(tx.db, name, { hash, now: at })));
      return rows.length > 0;
    },
    async retime(name, window) {
      const rows = await change(async (tx, at) => present(await retimeLocalKey(tx.db, name, { window, now: at })));
      return rows.length > 0;
    },
    async remove(name) {
      await change(async (tx, at) => present(await revokeLocalKey(tx.db, name, at)));
    },
    async suspend(name) {
      return (await hold(name, (at) => at)).length > 0;
    },
    async resume(name) {
      return (await hold(name, () => null)).length > 0;
    },
    async usage(name) {
      await usage.flush();
      const row = await findLocalKeyByName(ledger.db, name, now());
      if (!row) return undefined;
      const byCode = await sumUsage(ledger.db, row.leaseId);
      const passed = byCode.VALID ?? 0;
      const all = Object.values(byCode).reduce((sum, count) => sum + count, 0);
      return { used: row.rights.quota ? row.used : passed, limit: row.rights.quota?.limit, refused: all - passed };
    },
    async standing(name) {
      const row = await rowOf(name);
      if (!row) return 'gone';
      // What this node lets through and what the ledger says may differ for a moment; neither may be forgotten.
      const records = [book.find(row.hash), recordOf(row, () => undefined)].filter((record) => record != null);
      const found = new Set(records.map((record) => standingOf(record, now())));
      return (['works', 'held'] as const).find((one) => found.has(one)) ?? 'gone';
    },
    async *list() {
      for (let after = ''; ;) {
        const rows = await pageLocalKeys(ledger.db, { after, limit: PAGE, now: now() });
        for (const row of rows) yield { name: row.name, keyId: row.id };
        if (rows.length < PAGE) return;
        after = rows.at(-1)?.id ?? '';
      }
    },
  };
}

function standingOf(record: KeyRecord, at: Date): Standing {
  if (record.revokedAt !== null) return 'gone';
  return standing(record, at.getTime()) ? 'held' : 'works';
}

function present(row: LocalKeyState | undefined): LocalKeyState[] {
  return row ? [row] : [];
}
