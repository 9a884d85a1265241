import type { Kysely } from 'kysely';
import { hookById } from '../../ledger/hooks.ts';
import type { Database, DeliveryRow } from '../../ledger/schema.ts';
import type { Source } from '../../reservation/source.ts';
import type { Sealer } from '../../secret/seal.ts';
import type { Secret } from '../../secret/secret.ts';
import { signMessage } from '../../secret/standard-webhooks.ts';
import { type DeliveryBody, type Dispatch, type Outcome, outcomeOf, type Send } from '../dispatch.ts';
import { brief } from '../message.ts';
import type { Outgoing } from '../outgoing.ts';

const TIMEOUT_MS = 15_000;
const HOOK_TARGET = /^hook:(?<id>.+)$/;

/** The hook a delivery goes to, when an operator subscribed it by API. */
export function hookOf(delivery: Pick<DeliveryRow, 'target'>): string | undefined {
  return HOOK_TARGET.exec(delivery.target)?.groups?.['id'];
}

/**
 * Standard Webhooks 1.0.0: `webhook-id` is the delivery's and stays over retries, `webhook-timestamp` is the attempt's, 410 ends it.
 * A source's own webhook hands the claim link over; a subscribed hook gets the news alone, and its URL is not trusted.
 */
export function createWebhook(options: { db: Kysely<Database>; sealer: Sealer; outgoing: Outgoing }): Webhook {
  async function targetOf(delivery: DeliveryRow, source: Source | undefined): Promise<Target | undefined> {
    const hookId = hookOf(delivery);
    if (hookId === undefined) return source?.webhook && { ...source.webhook, trusted: 'operator' };
    const hook = await hookById(options.db, hookId);
    if (!hook || hook.disabledAt) return undefined;
    return { url: hook.url, secret: options.sealer.open(hook.sealedSecret, `hook:${hook.id}`), trusted: 'untrusted' };
  }

  async function post({ id, sentAt }: { id: string; sentAt: Date }, target: Target, news: WebhookEvent): Promise<Outcome> {
    const body = Buffer.from(JSON.stringify(news));
    const headers = { 'content-type': 'application/json', ...signMessage({ id, sentAt, body }, [target.secret]) };
    const { url, trusted } = target;
    return outcomeOf(await options.outgoing.post({ url, headers, body, timeoutMs: TIMEOUT_MS, trusted }));
  }

  return {
    async send(dispatch) {
      const { delivery, source, now } = dispatch;
      const target = await targetOf(delivery, source);
      if (!target) return NOWHERE;
      const news = target.trusted === 'operator' ? withClaim(dispatch) : event(dispatch);
      return await post({ id: delivery.id, sentAt: now }, target, news);
    },
    async alert(delivery, now) {
      const target = await targetOf(delivery, undefined);
      if (!target) return NOWHERE;
      const { at, provider, alert, reason } = delivery.body as DeliveryBody;
      const news = alert
        ? { type: 'alert.raised', timestamp: at, data: { ...alert, reason, message: reason } }
        : { type: 'provider.alert', timestamp: at, data: { provider, reason, message: reason } };
      return await post({ id: delivery.id, sentAt: now }, target, news);
    },
  };
}

export interface Webhook {
  readonly send: Send;
  /** News that no lease is concerned by. */
  readonly alert: (delivery: DeliveryRow, now: Date) => Promise<Outcome>;
}

const NOWHERE: Outcome = { sent: false, final: true, error: 'there is no webhook to send it to any more' };

interface Target {
  readonly url: string;
  readonly secret: Secret;
  readonly trusted: 'operator' | 'untrusted';
}

interface WebhookEvent {
  readonly type: string;
  readonly timestamp: string;
  readonly data: Record<string, unknown>;
}

/** The thin payload: ids, window and rights; no address and no link. */
function event({ delivery, body, facts, message }: Dispatch): WebhookEvent {
  const { lease, reservation, key, holder, resource, window, grant } = facts;
  return {
    type: `key.${delivery.kind}`,
    timestamp: body.at,
    data: {
      leaseId: lease.id,
      keyId: key?.id,
      keyHint: key?.hint,
      plan: lease.plan,
      reservation: { source: reservation.source, id: reservation.externalId },
      resource,
      holder: { id: holder.id },
      opensAt: window?.opensAt,
      closesAt: window?.closesAt,
      grant,
      reason: body.reason,
      message: brief({ ...message, link: undefined, code: undefined }, 500),
    },
  };
}

function withClaim(dispatch: Dispatch): WebhookEvent {
  const { message, facts } = dispatch;
  const thin = event(dispatch);
  return {
    ...thin,
    data: { ...thin.data, holder: facts.holder, claimUrl: message.link?.reveal(), confirmationCode: message.code?.reveal() },
  };
}
