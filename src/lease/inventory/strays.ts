import { keysByName } from '../../ledger/listed-keys.ts';
import type { StrayRow } from '../../ledger/schema.ts';
import { forgetStrays, markStrayRevoked, noteStrays } from '../../ledger/strays.ts';
import type { Finding } from '../../reservation/inventory.ts';
import { openHandle } from '../handle.ts';
import { isNameOfOurs } from '../request.ts';
import { attempt, unlessGone } from './attempt.ts';
import { strayContext, type Seen } from './compare.ts';
import type { Sweep } from './sweep.ts';

/** Long enough to look at what a restored backup does not know. */
const QUARANTINE_MS = 60 * 60_000;

/** Writes down the strays that a whole listing showed, with when each was first seen. */
export async function quarantine({ shop, provider, began }: Sweep, { strays }: Seen): Promise<StrayRow[]> {
  const seen = Array.from(strays, ([name, handle]) => ({ name, handle }));
  const rows = await noteStrays(shop.ledger.db, provider.name, { seen, now: began });
  await forgetStrays(shop.ledger.db, provider.name, began);
  return rows;
}

/** A stray is reported, and by the provider's rule revoked when its hour is over. It is never touched when it was first seen by this listing. */
export async function judgeStray(sweep: Sweep, stray: StrayRow): Promise<Finding> {
  const { provider, may, shop } = sweep;
  const over = new Date(stray.firstSeenAt.getTime() + QUARANTINE_MS);
  const finding: Finding = {
    kind: 'stray',
    name: stray.name,
    keyId: null,
    leaseId: null,
    since: stray.firstSeenAt.toISOString(),
    differs: [],
    remedy: null,
    done: false,
    note: 'our books do not know it, and strays are only reported',
  };
  if (sweep.rules.strays === 'report') return finding;
  if (!isNameOfOurs(stray.name)) return { ...finding, note: 'no Latchkey gave it this name, so it is never touched' };
  const ripe = over <= shop.now() && stray.firstSeenAt < sweep.began;
  if (!ripe) return { ...finding, note: `in quarantine until ${over.toISOString()}` };
  if (!may.strays) return { ...finding, remedy: 'revoke', note: null };
  const note = await attempt(() => revokeStray(sweep, stray));
  if (note === null) shop.log.warn('stray revoked', { provider: provider.name, name: stray.name });
  return { ...finding, remedy: 'revoke', done: note === null, note };
}

async function revokeStray(sweep: Sweep, stray: StrayRow): Promise<string | null> {
  const { shop, provider, by } = sweep;
  const { name } = stray;
  if ((await keysByName(shop.ledger.db, [name])).size > 0) return 'our books know it by now';
  const stored = stray.handle === null ? null : openHandle(stray.handle, shop.sealer, strayContext(provider.name, name));
  await shop.call(provider.name, 'revoke', async ({ driver, parseHandle }, call) => {
    const handle = stored === null ? null : parseHandle(stored);
    await unlessGone(driver.revoke({ name, handle, secret: null }, call));
  });
  await shop.ledger.transact(async (tx) => {
    await markStrayRevoked(tx.db, stray, shop.now());
    const detail = { provider: provider.name, firstSeenAt: stray.firstSeenAt.toISOString() };
    tx.audit({ actor: by, action: 'stray.revoked', subject: name, detail });
  });
  sweep.counted('stray-revoked');
  return null;
}
