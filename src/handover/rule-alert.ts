import type { Tx } from '../ledger/database.ts';
import { insertDeliveries, type NewDelivery } from '../ledger/deliveries.ts';
import { hooksFor } from '../ledger/hooks.ts';
import { newId } from '../ledger/ids.ts';
import type { Jobs } from '../ledger/jobs.ts';
import type { RuleAlert } from '../reservation/notice.ts';
import type { Alert } from './alarm.ts';

/**
 * Returns `alertByRule`: in the caller's transaction it makes one delivery for each hook and person that the rule wants told, and wakes the
 * senders after the commit. The same alert twice does nothing the second time.
 */
export function createRuleAlert(options: {
  now: () => Date;
  jobs: Pick<Jobs, 'enqueue'>;
  /** Whether mail can be sent. */
  smtp: boolean;
  /** Hears of each, after its commit. */
  alarm: (alert: Alert) => void;
}): (tx: Tx, alert: RuleAlert) => Promise<void> {
  return async (tx, alert) => {
    const { id, channels, reason, ...about } = alert;
    tx.afterCommit(() => options.alarm({ id: `${about.type}:${id}`, reason, leaseId: about.subject }));
    const at = options.now();
    const body = { part: 'news', reason, at: at.toISOString(), alert: { id, ...about } };
    const rows = (await targetsOf(tx, channels, options.smtp)).map(({ channel, target }): NewDelivery => ({
      id: newId('dlv'),
      dedupe: `${id}:${channel}:${target}`,
      leaseId: null,
      claimId: null,
      channel,
      kind: 'alert',
      target,
      body,
      state: 'pending',
      nextAt: at,
      createdAt: at,
    }));
    const ids = await insertDeliveries(tx.db, rows);
    if (ids.length > 0) await options.jobs.enqueue(tx, 'deliver', ids);
  };
}

async function targetsOf(
  tx: Tx,
  channels: RuleAlert['channels'],
  smtp: boolean,
): Promise<{ channel: 'webhook' | 'email'; target: string }[]> {
  const hooks = channels.some(({ kind }) => kind === 'webhook') ? await hooksFor(tx.db, 'alert') : [];
  const people = smtp ? channels.flatMap((channel) => (channel.kind === 'email' ? channel.to : [])) : [];
  return [
    ...hooks.map(({ id }) => ({ channel: 'webhook' as const, target: `hook:${id}` })),
    ...[...new Set(people)].map((target) => ({ channel: 'email' as const, target })),
  ];
}
