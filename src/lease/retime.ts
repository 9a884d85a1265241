import type { DriverError } from '../../providers/driver.ts';
import { moveKey, noteSetback } from '../ledger/keys.ts';
import type { KeyRow } from '../ledger/schema.ts';
import type { Step } from '../reservation/steps.ts';
import { Secret } from '../secret/secret.ts';
import { backoffMs } from './backoff.ts';
import { refOf } from './issue.ts';
import { requestFor } from './request.ts';
import { moveLease, writeInTurn, type Turn, type Workshop } from './turn.ts';

type RetimeStep = Step & { do: 'retime' };

/** Moves a living key's window without changing the key: by a call where the provider keeps an expiry, else in our books. */
export async function retime(shop: Workshop, turn: Turn, key: KeyRow, step: RetimeStep): Promise<void> {
  const driver = shop.providers(key.provider)?.driver;
  // A provider that cannot move it still has us: a window that became shorter is kept by our clock.
  if (driver?.retime && key.lastErrorKind !== 'fixed') {
    await shop.call(key.provider, 'retime', async (provider, call) => {
      const ref = refOf(shop, key);
      const wish = { name: key.name, secret: ref.secret ?? new Secret(''), window: step.window, grant: step.grant };
      await provider.driver.retime!(ref, requestFor(turn, wish, shop.policy().scopes), call);
    });
  }
  await writeInTurn(shop, turn, 'retime', async (tx) => {
    await moveKey(tx.db, key.id, step.window);
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
  });
}
