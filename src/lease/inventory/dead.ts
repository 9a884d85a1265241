import type { Finding } from '../../reservation/inventory.ts';
import { attempt, unlessGone } from './attempt.ts';
import type { Seen } from './compare.ts';
import type { Sweep } from './sweep.ts';

/** A key that is listed although our books call it revoked: it may work, so it is revoked again. */
export async function revokeAgain(sweep: Sweep, { key, ref }: Seen['dead'][number]): Promise<Finding> {
  const { shop, provider, may, by } = sweep;
  const finding: Finding = {
    kind: 'dead',
    name: ref.name,
    keyId: key.id,
    leaseId: key.leaseId,
    since: key.revokedAt?.toISOString() ?? null,
    differs: [],
    remedy: 'revoke',
    done: false,
    note: null,
  };
  if (!may.revoke) return finding;
  const note = await attempt(async () => {
    await shop.call(provider.name, 'revoke', (open, call) => unlessGone(open.driver.revoke(ref, call)));
    await shop.ledger.transact(async (tx) =>
      tx.audit({ actor: by, action: 'key.revoked-again', subject: key.id, detail: { provider: provider.name } }),
    );
    sweep.counted('revoked-again');
  });
  return { ...finding, done: note === null, note };
}
