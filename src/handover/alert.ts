import type { Tx } from '../ledger/database.ts';
import { insertDeliveries, type NewDelivery } from '../ledger/deliveries.ts';
import { hooksFor } from '../ledger/hooks.ts';
import { newId } from '../ledger/ids.ts';
import type { Jobs } from '../ledger/jobs.ts';
import type { ProviderAlert } from '../reservation/notice.ts';

/**
 * Returns `alert`: in the caller's transaction it makes one delivery for each hook that wants alerts, and wakes the senders after the
 * commit. The same alert twice does nothing the second time.
 */
export function createAlert(options: {
  now: () => Date;
  jobs: Pick<Jobs, 'enqueue'>;
  /** Hears of each, after its commit. */
  alarm: (alert: ProviderAlert) => void;
}): (tx: Tx, alert: ProviderAlert) => Promise<void> {
  return async (tx, alert) => {
    const { provider, reason, id } = alert;
    tx.afterCommit(() => options.alarm(alert));
    const at = options.now();
    const rows = (await hooksFor(tx.db, 'alert')).map((hook): NewDelivery => ({
      id: newId('dlv'),
      dedupe: `${provider}:${id}:webhook:hook:${hook.id}`,
      leaseId: null,
      claimId: null,
      channel: 'webhook',
      kind: 'alert',
      target: `hook:${hook.id}`,
      body: { part: 'news', provider, reason, at: at.toISOString() },
      state: 'pending',
      nextAt: at,
      createdAt: at,
    }));
    const ids = await insertDeliveries(tx.db, rows);
    if (ids.length > 0) await options.jobs.enqueue(tx, 'deliver', ids);
  };
}
