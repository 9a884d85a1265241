import type { DriverError } from '../../providers/driver.ts';
import { confirmKey, moveKey, noteSetback, unconfirmKey } from '../ledger/keys.ts';
import type { KeyRow } from '../ledger/schema.ts';
import type { Step } from '../reservation/steps.ts';
import { Secret } from '../secret/secret.ts';
import { backoffMs } from './backoff.ts';
import { refOf } from './key-ref.ts';
import { requestFor } from './request.ts';
import { moveLease, TurnLost, writeInTurn, type Turn, type Workshop } from './turn.ts';
import { undoIfRevoked } from './undo.ts';

type RetimeStep = Step & { do: 'retime' };

/** Moves a living key's window without changing the key: by a call where the provider keeps an expiry, else in our books. */
export async function retime(shop: Workshop, turn: Turn, key: KeyRow, step: RetimeStep): Promise<void> {
  const driver = shop.providers(key.provider)?.driver;
  // A provider that cannot move it still has us: a window that became shorter is kept by our clock.
  const asks = driver?.retime !== undefined && key.lastErrorKind !== 'fixed';
  if (asks) await ask(shop, turn, key, step);
  try {
    await writeMoved(shop, turn, key, step);
  } catch (error) {
    if (asks && error instanceof TurnLost) await undoIfRevoked(shop, key.id, refOf(shop, key));
    throw error;
  }
}

/** Until it is answered, the call may come late and make a key anew that was revoked meanwhile: that is written down first. */
async function ask(shop: Workshop, turn: Turn, key: KeyRow, step: RetimeStep): Promise<void> {
  await writeInTurn(shop, turn, 'retime-intent', (tx) => unconfirmKey(tx.db, key.id));
  await shop.call(key.provider, 'retime', async (provider, call) => {
    const ref = refOf(shop, key);
    const wish = { id: key.id, name: key.name, secret: ref.secret ?? new Secret(''), window: step.window, grant: step.grant };
    await provider.driver.retime!(ref, requestFor(turn, wish, shop.policy()), call);
  });
}

async function writeMoved(shop: Workshop, turn: Turn, key: KeyRow, step: RetimeStep): Promise<void> {
  await writeInTurn(shop, turn, 'retime', async (tx) => {
    await moveKey(tx.db, key.id, step.window);
    await confirmKey(tx.db, key);
    await moveLease(shop, tx, turn, { opensAt: step.window.opensAt, closesAt: step.window.closesAt });
    tx.audit({
      actor: 'latchkey',
      action: 'key.retimed',
      subject: key.id,
      detail: { lease: turn.lease.id, opensAt: step.window.opensAt.toISOString(), closesAt: step.window.closesAt.toISOString() },
    });
    if (key.generation !== turn.lease.generation) return;
    await shop.announce(tx, {
      kind: 'extended',
      leaseId: turn.lease.id,
      keyId: key.id,
      id: `extended:${step.window.opensAt.toISOString()}:${step.window.closesAt.toISOString()}`,
    });
  });
}

/** A provider that cannot move the window gets a new key instead: `fixed` tells `decide` so. */
export async function noteRetimeFailure(shop: Workshop, turn: Turn, key: KeyRow, failure: DriverError): Promise<void> {
  const fixed = failure.kind === 'rejected' || failure.kind === 'gone';
  const retryAt = new Date(shop.now().getTime() + backoffMs(failure, key.attempts, shop.random));
  await writeInTurn(shop, turn, 'retime-failed', async (tx) => {
    await noteSetback(tx.db, key.id, {
      error: failure.message,
      kind: fixed ? 'fixed' : failure.kind,
      retryAt: fixed ? null : retryAt,
      counts: true,
    });
    if (failure.kind !== 'transient') await confirmKey(tx.db, key);
  });
}
