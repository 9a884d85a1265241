import { Fault } from '../reservation/fault.ts';
import type { Ledger } from './database.ts';

/**
 * Keeps which master key this database is under, by its id, which is not secret. Under any other nothing that is sealed in it would open
 * and its audit would break: then it throws a `Fault('conflict')`. `ids`: of the configured keys, the one that seals first.
 */
export async function agreeOnMasterKey(ledger: Pick<Ledger, 'transact'>, ids: readonly string[]): Promise<void> {
  const current = ids[0]!;
  await ledger.transact(async (tx) => {
    await tx.db
      .insertInto('masterKey')
      .values({ id: 1, keyId: current })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    const { keyId } = await tx.db.selectFrom('masterKey').select('keyId').forUpdate().executeTakeFirstOrThrow();
    if (keyId === current) return;
    if (!ids.includes(keyId)) throw new Fault('conflict', foreign(keyId, ids));
    await tx.db.updateTable('masterKey').set({ keyId: current }).execute();
    tx.audit({ actor: 'system', action: 'master-key.changed', subject: current, detail: { before: keyId } });
  });
}

function foreign(keyId: string, ids: readonly string[]): string {
  return (
    `the database is under master key ${keyId}, and LATCHKEY_MASTER_KEY has ${ids.join(', ')}: ` +
    'put the right key back. To change it, write the new one first and the old one after a comma'
  );
}
