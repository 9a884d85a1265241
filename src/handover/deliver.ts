import { randomInt } from 'node:crypto';
import { claimById } from '../ledger/claims.ts';
import type { Ledger } from '../ledger/database.ts';
import {
  claimDeliveries,
  deliveryById,
  type DeliveryOutcome,
  dueDeliveries,
  finishDelivery,
  restartDelivery,
  takeDelivery,
} from '../ledger/deliveries.ts';
import { disableHook } from '../ledger/hooks.ts';
import type { Jobs } from '../ledger/jobs.ts';
import type { DeliveryRow } from '../ledger/schema.ts';
import { Fault } from '../reservation/fault.ts';
import type { Policy } from '../reservation/policy.ts';
import type { Sealer } from '../secret/seal.ts';
import { hookOf, type Webhook } from './channels/webhook.ts';
import { isLocked } from './claim-state.ts';
import { composeDispatch } from './compose.ts';
import type { Keeping } from './keeping.ts';
import type { Outcome, Send } from './dispatch.ts';
import type { Unenforced } from './facts.ts';
import type { Announce } from './notify.ts';
import { renewLink } from './renew.ts';
import { nextAttempt, TURN_MS } from './schedule.ts';

export interface DelivererOptions {
  ledger: Ledger;
  sealer: Sealer;
  policy: () => Policy;
  now: () => Date;
  jobs: Pick<Jobs, 'enqueue'>;
  announce: Announce;
  publicUrl: string;
  unenforced: Unenforced;
  keeping: Keeping;
  /** `email` only when mail can be sent. */
  channels: Readonly<Record<'callback' | 'log' | 'webhook', Send>> & { readonly email?: Send };
  /** What concerns a provider and no lease. */
  alert: Webhook['alert'];
  /** In [0, 1), for the jitter. */
  random?: () => number;
  log?: (message: string, fields: Record<string, unknown>) => void;
  /** Counts each attempt that failed. */
  metrics?: { readonly deliveryFailures: { inc(labels: { channel: string }): void } };
}

export interface Deliverer {
  /** Makes one attempt if it is due. Never throws for a failed attempt; throws when the database is out of reach. */
  deliver(deliveryId: string): Promise<void>;
  /** Sends it again from the beginning. A claim locked by wrong tries gets a new link. Throws Fault('not_found'). */
  resend(deliveryId: string, actor: string): Promise<void>;
  /** Turns what is due into jobs, retries and what a dead process left behind alike; returns how many. */
  sweep(limit?: number): Promise<number>;
}

const SWEEP_GRACE_MS = 10_000;

/** At least once: the attempt is counted and committed before it is made, so a crash in the middle sends again after its turn. */
export function createDeliverer(options: DelivererOptions): Deliverer {
  const { ledger, now, jobs } = options;
  const random = options.random ?? (() => randomInt(1_000_000) / 1_000_000);
  /** Jobs that wait behind a slow endpoint are not made again with every sweep. */
  const wokenAt = new Map<string, Date>();

  async function deliver(id: string): Promise<void> {
    const at = now();
    wokenAt.delete(id);
    const delivery = await takeDelivery(ledger.db, id, { now: at, until: new Date(at.getTime() + TURN_MS) });
    if (!delivery) return;
    await record(delivery, await attempt(delivery, at));
  }

  async function attempt(delivery: DeliveryRow, at: Date): Promise<Outcome> {
    try {
      if (delivery.leaseId === null) return await options.alert(delivery, at);
      const dispatch = await composeDispatch(delivery, at, options);
      if (typeof dispatch === 'string') return { sent: false, final: true, moot: true, error: dispatch };
      const send = options.channels[delivery.channel];
      return send
        ? await send(dispatch)
        : { sent: false, final: true, error: `there is no ${delivery.channel} configured any more` };
    } catch (error) {
      if (error instanceof Fault)
        return { sent: false, error: error.message, ...(error.code === 'invalid' ? { final: true } : {}) };
      options.log?.('delivery could not be made', { id: delivery.id, error });
      return { sent: false, error: 'it could not be made; see the log' };
    }
  }

  async function record(delivery: DeliveryRow, outcome: Outcome): Promise<void> {
    if (!outcome.sent && !outcome.moot) options.metrics?.deliveryFailures.inc({ channel: delivery.channel });
    const result = judge(delivery, outcome, { at: now(), random: random() });
    await ledger.transact(async (tx) => {
      if (!(await finishDelivery(tx.db, delivery, result))) return;
      const { id, leaseId, channel, kind, attempts } = delivery;
      const hookId = hookOf(delivery);
      if (hookId !== undefined && result.status === 410 && (await disableHook(tx.db, hookId, now())))
        tx.audit({ actor: 'latchkey', action: 'hook.disabled', subject: hookId, detail: { because: 'answered 410' } });
      if (result.state === 'pending') return;
      const error = result.state === 'failed' ? result.error : undefined;
      tx.audit({
        actor: 'latchkey',
        action: `delivery.${result.state}`,
        subject: leaseId ?? id,
        detail: { id, channel, kind, attempts, error },
      });
      // News of an alert that cannot be delivered would be another alert, for ever.
      if (error === undefined || kind === 'alert' || leaseId === null || (!outcome.sent && outcome.moot)) return;
      const reason = `news (${kind}) could not be delivered by ${channel}: ${error}`;
      await options.announce(tx, { kind: 'alert', leaseId, id: `undelivered:${id}`, reason });
      tx.afterCommit(() => options.log?.('delivery failed', { id, leaseId, channel, kind, hookId, attempts, error }));
    });
  }

  async function resend(id: string, actor: string): Promise<void> {
    await ledger.transact(async (tx) => {
      const delivery = await deliveryById(tx.db, id);
      if (!delivery) throw new Fault('not_found', `there is no delivery ${id}`);
      const claim = delivery.claimId === null ? undefined : await claimById(tx.db, delivery.claimId);
      const renewed = claim !== undefined && isLocked(claim);
      if (renewed) await renewLink(tx, claim, { ...options, actor });
      // A new link comes with a new code, so whatever carried either goes out again.
      const ids = renewed ? [...new Set([id, ...(await claimDeliveries(tx.db, claim.id))])] : [id];
      for (const each of ids) await restartDelivery(tx.db, each, now());
      tx.audit({ actor, action: 'delivery.resent', subject: delivery.leaseId ?? id, detail: { ids } });
      await jobs.enqueue(tx, 'deliver', ids);
    });
  }

  async function sweep(limit = 500): Promise<number> {
    const at = now();
    for (const [id, woken] of wokenAt) if (at.getTime() - woken.getTime() >= SWEEP_GRACE_MS) wokenAt.delete(id);
    const due = (await dueDeliveries(ledger.db, at, limit)).filter((id) => !wokenAt.has(id));
    if (due.length > 0) await ledger.transact(async (tx) => await jobs.enqueue(tx, 'deliver', due));
    for (const id of due) wokenAt.set(id, at);
    return due.length;
  }

  return { deliver, resend, sweep };
}

function judge(delivery: DeliveryRow, outcome: Outcome, turn: { at: Date; random: number }): DeliveryOutcome {
  const status = outcome.status ?? null;
  if (outcome.sent) return { state: 'delivered', at: turn.at, status };
  const wait = outcome.final ? undefined : nextAttempt(delivery.attempts, turn.random, outcome.retryAfterMs);
  if (wait === undefined) return { state: 'failed', status, error: outcome.error };
  return { state: 'pending', nextAt: new Date(turn.at.getTime() + wait), status, error: outcome.error };
}
