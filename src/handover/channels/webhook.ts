import type { Kysely } from 'kysely';
import { hookById } from '../../ledger/hooks.ts';
import type { Database, DeliveryRow } from '../../ledger/schema.ts';
import type { Source } from '../../reservation/policy.ts';
import type { Sealer } from '../../secret/seal.ts';
import type { Secret } from '../../secret/secret.ts';
import { signMessage } from '../../secret/standard-webhooks.ts';
import { type Dispatch, outcomeOf, type Send } from '../dispatch.ts';
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
export function createWebhook(options: { db: Kysely<Database>; sealer: Sealer; outgoing: Outgoing }): Send {
  async function targetOf(delivery: DeliveryRow, source: Source | undefined): Promise<Target | undefined> {
    const hookId = hookOf(delivery);
    if (hookId === undefined) return source?.webhook && { ...source.webhook, trusted: 'operator' };
    const hook = await hookById(options.db, hookId);
    if (!hook || hook.disabledAt) return undefined;
    return { url: hook.url, secret: options.sealer.open(hook.sealedSecret, `hook:${hook.id}`), trusted: 'untrusted' };
  }

  return async (dispatch) => {
    const { delivery, source, now } = dispatch;
    const target = await targetOf(delivery, source);
    if (!target) return { sent: false, final: true, error: 'there is no webhook to send it to any more' };
    const body = Buffer.from(JSON.stringify(target.trusted === 'operator' ? withClaim(dispatch) : event(dispatch)));
    const signed = signMessage({ id: delivery.id, sentAt: now, body }, [target.secret]);
    const headers = { 'content-type': 'application/json', ...signed };
    const { url, trusted } = target;
    return outcomeOf(await options.outgoing.post({ url, headers, body, timeoutMs: TIMEOUT_MS, trusted }));
  };
}

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
