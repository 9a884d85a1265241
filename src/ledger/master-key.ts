import { Fault } from '../reservation/fault.ts';
import type { Ledger, Tx } from './database.ts';
import { countSealed } from './sealed.ts';

const CHANGED = 'master-key.changed';

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
    if (keyId === current) return await refuseEarly(tx, ids);
    if (!ids.includes(keyId)) throw new Fault('conflict', foreign(keyId, ids));
    await refuseEarly(tx, ids);
    await tx.db.updateTable('masterKey').set({ keyId: current }).execute();
    tx.audit({ actor: 'system', action: CHANGED, subject: current, detail: { before: keyId } });
  });
}

/** A master key that was taken out while something is sealed under it would be missed only when that is needed. */
async function refuseEarly({ db }: Tx, ids: readonly string[]): Promise<void> {
  // Where it was never changed there is nothing to look for.
  const former = await db
    .selectFrom('audit')
    .select('detail')
    .where('subject', 'in', ids)
    .where('action', '=', CHANGED)
    .execute();
  if (former.length === 0) return;
  const missing = [...(await countSealed(db))].find(([id]) => !ids.includes(id));
  if (!missing) return;
  throw new Fault(
    'conflict',
    `${missing[1]} values in the database are sealed under master key ${missing[0]}, which LATCHKEY_MASTER_KEY has no more: ` +
      'put it back, after a comma, until a running service has sealed them anew; that takes an hour at most',
  );
}

function foreign(keyId: string, ids: readonly string[]): string {
  return (
    `the database is under master key ${keyId}, and LATCHKEY_MASTER_KEY has ${ids.join(', ')}: ` +
    'put the right key back. To change it, write the new one first and the old one after a comma'
  );
}
