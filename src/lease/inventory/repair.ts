import { DriverError, type IssueRequest } from '../../../providers/driver.ts';
import { confirmKey, unconfirmKey } from '../../ledger/keys.ts';
import { markDrift } from '../../ledger/listed-keys.ts';
import type { KeyRow } from '../../ledger/schema.ts';
import type { Finding } from '../../reservation/inventory.ts';
import type { Secret } from '../../secret/secret.ts';
import { borrowTurn } from '../borrow.ts';
import { refOf } from '../key-ref.ts';
import { TurnLost, writeInTurn, type Turn, type Workshop } from '../turn.ts';
import { undoIfRevoked } from '../undo.ts';
import { attempt } from './attempt.ts';
import type { Drifted } from './compare.ts';
import { requestAsGranted } from './granted.ts';
import type { Sweep } from './sweep.ts';

/** A key that is otherwise than it should be is repaired where its driver can; else it is reported. */
export async function judgeDrifted(sweep: Sweep, { key, differs }: Drifted): Promise<Finding> {
  const finding: Finding = {
    kind: 'drifted',
    name: key.name,
    keyId: key.id,
    leaseId: key.leaseId,
    since: null,
    differs,
    remedy: null,
    done: false,
    note: 'its driver does not repair; rotate the lease for a new key',
  };
  if (!sweep.provider.driver.repair) return finding;
  if (!sweep.may.fix) return { ...finding, remedy: 'repair', note: null };
  const note = await attempt(() => repair(sweep, { key, differs }));
  return { ...finding, remedy: 'repair', done: note === null, note };
}

async function repair(sweep: Sweep, { key: listed, differs }: Drifted): Promise<string | null> {
  const { shop } = sweep;
  let note: string | null = null;
  const borrowed = await borrowTurn(shop, listed.leaseId, async (turn) => {
    const key = turn.keys.find(({ id }) => id === listed.id);
    const { lease } = turn;
    if (key?.state !== 'active' || !lease.grant || turn.decision.steps.length > 0 || key.generation !== lease.generation) {
      note = 'it changed meanwhile';
      return;
    }
    const request = requestAsGranted(shop, { ...turn, grant: lease.grant.grant, secret: valueOf(shop, key) }, key);
    await ask(sweep, turn, { key, request });
    await settleRepair(sweep, turn, { key, differs });
  });
  return borrowed ? note : 'something else is done about its lease now';
}

/** Until it is answered, the call may come late and make a key anew that was revoked meanwhile: that is written down first. */
async function ask(
  { shop, provider }: Sweep,
  turn: Turn,
  { key, request }: { key: KeyRow; request: IssueRequest },
): Promise<void> {
  await writeInTurn(shop, turn, 'repair-intent', (tx) => unconfirmKey(tx.db, key.id));
  try {
    await shop.call(provider.name, 'repair', (open, call) => open.driver.repair!(refOf(shop, key), request, call));
  } catch (error) {
    // Only what was not answered may still be on its way.
    const answered = !(error instanceof DriverError) || error.kind !== 'transient';
    if (answered) await writeInTurn(shop, turn, 'repair-refused', (tx) => confirmKey(tx.db, confirmed(key)));
    throw error;
  }
}

async function settleRepair({ shop, by, counted }: Sweep, turn: Turn, { key, differs }: Drifted): Promise<void> {
  try {
    await writeInTurn(shop, turn, 'repair', async (tx) => {
      await confirmKey(tx.db, confirmed(key));
      await markDrift(tx.db, [{ id: key.id, drift: null }]);
      tx.audit({ actor: by, action: 'key.repaired', subject: key.id, detail: { lease: key.leaseId, differed: differs } });
    });
  } catch (error) {
    if (error instanceof TurnLost) await undoIfRevoked(shop, key.id, refOf(shop, key));
    throw error;
  }
  counted('repaired');
}

/** As long as its holder has not got it. */
function valueOf({ sealer }: Workshop, { id, sealedSecret }: KeyRow): Secret | null {
  return sealedSecret ? sealer.open(sealedSecret, `key:${id}`) : null;
}

/** A repair that a crash cut off left it unconfirmed. */
function confirmed({ id, confirmedAt, activeAt }: KeyRow): Pick<KeyRow, 'id' | 'confirmedAt'> {
  return { id, confirmedAt: confirmedAt ?? activeAt };
}
