import { beginRevoking, endKey } from '../../ledger/keys.ts';
import type { KeyRow } from '../../ledger/schema.ts';
import type { Finding } from '../../reservation/inventory.ts';
import { borrowTurn } from '../borrow.ts';
import { refOf } from '../key-ref.ts';
import { readBack, type ReadBack } from '../read-back.ts';
import { writeInTurn, type Turn } from '../turn.ts';
import { attempt, unlessGone } from './attempt.ts';
import type { Checked } from './missing.ts';
import type { Sweep } from './sweep.ts';

/** Why a key ends whose provider lost it. */
export const LOST = 'it was no longer at its provider';

/**
 * A key that its provider does not have any more ends in our books, and `decide` has the next one made. Where no driver can tell a key's
 * own state, one listing's word is not enough: it must have been missing before.
 */
export async function judgeMissing(sweep: Sweep, key: KeyRow, { checked, untrusted }: Judgement): Promise<Finding> {
  const finding: Finding = {
    kind: 'missing',
    name: key.name,
    keyId: key.id,
    leaseId: key.leaseId,
    since: (key.missingAt ?? sweep.began).toISOString(),
    differs: [],
    remedy: null,
    done: false,
    note: null,
  };
  if (typeof checked === 'object') return { ...finding, note: `it could not be asked for: ${checked.failed}` };
  if (untrusted && !sweep.may.evenIfMost) return { ...finding, note: 'most keys are missing: nothing is done unless you insist' };
  const wanted: Finding = { ...finding, remedy: 'reissue' };
  if (!sweep.may.fix) return wanted;
  if (checked === 'unknown' && key.missingAt === null)
    return { ...wanted, note: 'missed for the first time: it is replaced when the next inventory misses it too' };
  const note = await attempt(() => reissue(sweep, key));
  return { ...wanted, done: note === null, note };
}

export interface Judgement {
  readonly checked: Exclude<Checked, 'there'>;
  /** The whole listing is suspicious. */
  readonly untrusted: boolean;
}

const BUSY = 'something else is done about its lease now';

async function reissue(sweep: Sweep, listed: KeyRow): Promise<string | null> {
  const { shop, provider, by } = sweep;
  let note: string | null = null;
  const borrowed = await borrowTurn(shop, listed.leaseId, async (turn) => {
    const key = turn.keys.find(({ id }) => id === listed.id);
    if (key?.state !== 'active' || isOther(key, listed)) {
      note = 'it changed meanwhile';
      return;
    }
    // Should the listing have been wrong, the key must not outlive its end in our books.
    await shop.call(provider.name, 'revoke', (open, call) => unlessGone(open.driver.revoke(refOf(shop, key), call)));
    await end(sweep, turn, { key, seen: await readBack(shop, key) });
    sweep.counted('reissued');
    shop.log.warn('missing key ended', { lease: key.leaseId, key: key.id, provider: provider.name, by });
  });
  return borrowed ? note : BUSY;
}

function isOther(now: KeyRow, before: KeyRow): boolean {
  return now.opensAt.getTime() !== before.opensAt.getTime() || now.closesAt.getTime() !== before.closesAt.getTime();
}

async function end({ shop, by }: Sweep, turn: Turn, { key, seen }: { key: KeyRow; seen: ReadBack }): Promise<void> {
  const now = shop.now();
  await writeInTurn(shop, turn, 'missing', async (tx) => {
    await beginRevoking(tx.db, { id: key.id, reason: LOST, now });
    const proof = { revokedAt: now.toISOString(), attempts: 1, by: key.provider, ...seen };
    await endKey(tx.db, { id: key.id, proof, now });
    tx.audit({ actor: by, action: 'key.revoked', subject: key.id, detail: { lease: key.leaseId, reason: LOST } });
  });
}
