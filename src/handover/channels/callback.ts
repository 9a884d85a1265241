import type { NoticeKind } from '../../reservation/notice.ts';
import type { Source } from '../../reservation/source.ts';
import { fingerprintOf, hmacSha256 } from '../../secret/hmac.ts';
import type { Secret } from '../../secret/secret.ts';
import { type Dispatch, type Outcome, outcomeOf, type Send } from '../dispatch.ts';
import { brief } from '../message.ts';
import type { Outgoing } from '../outgoing.ts';

/*
 * The booking system's own endpoints: a notification that its user sees, and a line in its webhook log. Both parse strictly (one
 * unknown field is a 400), compare the base64 of an HMAC-SHA256 over our exact bytes as text (hex fails), and know us by the webhook's
 * id, which only the event told us.
 */

const MESSAGE_LIMIT = 500;
const TEXT_LIMIT = 4000;

/** The log's enum, less `ALL`. A line is about the event that moved the booking last. */
const LOG_TYPES = new Set([
  'EVENT_CREATED',
  'EVENT_UPDATED',
  'EVENT_DELETED',
  'EVENT_START',
  'EVENT_END',
  'RESOURCE_CREATED',
  'RESOURCE_UPDATED',
  'RESOURCE_STATUS_CHANGED',
  'RESOURCE_DELETED',
]);

/** As the status of the work, in the log's own terms. */
const LOG_STATUS = { refused: 422, failed: 502, alert: 409 } as const satisfies Partial<Record<NoticeKind, number>>;

export function createCallback(outgoing: Outgoing): { notify: Send; log: Send } {
  async function post(dispatch: Dispatch, to: Endpoint, fields: Record<string, unknown>): Promise<Outcome> {
    const { source, facts, now } = dispatch;
    const { url, timeoutMs } = to;
    const { webhookId, signedWith } = facts.reservation.state.reply?.value ?? {};
    const secret = source && secretFor(source, signedWith, now);
    if (!source || !url || timeoutMs === undefined)
      return { sent: false, final: true, error: 'the source has no such endpoint any more' };
    if (!secret) return { sent: false, final: true, error: 'the source has no secret to sign with' };
    if (!webhookId) return { sent: false, final: true, error: 'the booking carried no webhook id to answer with' };
    const body = Buffer.from(JSON.stringify({ webhookId: numeric(webhookId) ?? webhookId, ...fields }));
    const headers = { 'content-type': 'application/json', 'x-webhook-signature': sign(secret, body) };
    return outcomeOf(await outgoing.post({ url, headers, body, timeoutMs, trusted: 'operator' }));
  }

  return {
    notify: async (dispatch) => {
      const { notifications: url, timeoutMs } = dispatch.source?.callback ?? {};
      return await post(dispatch, { url, timeoutMs }, notification(dispatch));
    },
    log: async (dispatch) => {
      const { log: url, timeoutMs, logTimeoutMs = timeoutMs } = dispatch.source?.callback ?? {};
      return await post(dispatch, { url, timeoutMs: logTimeoutMs }, logLine(dispatch));
    },
  };
}

interface Endpoint {
  readonly url: string | undefined;
  readonly timeoutMs: number | undefined;
}

function notification({ delivery, facts, message }: Dispatch): Record<string, unknown> {
  return {
    userId: facts.holder.id,
    message: brief(message, MESSAGE_LIMIT),
    type: message.tone,
    eventId: facts.reservation.externalId,
    resourceId: facts.resource.id,
    eventType: `KEY_${delivery.kind.toUpperCase()}`,
    metadata: {
      resourceType: facts.resource.type,
      resourceName: facts.resource.name,
      timestamp: delivery.createdAt.toISOString(),
    },
  };
}

/** Readable by everyone who administers the booking system: no link, no code. */
function logLine({ delivery, body, facts, message }: Dispatch): Record<string, unknown> {
  const { kind } = delivery;
  const payload = {
    kind,
    leaseId: facts.lease.id,
    keyId: body.keyId,
    plan: facts.lease.plan,
    opensAt: facts.window?.opensAt,
    closesAt: facts.window?.closesAt,
    reason: body.reason,
    at: body.at,
  };
  const resourceId = numeric(facts.resource.id);
  const seen = facts.reservation.state.reply?.value.eventType;
  const statusCode = kind === 'refused' || kind === 'failed' || kind === 'alert' ? LOG_STATUS[kind] : 200;
  return {
    eventType: seen !== undefined && LOG_TYPES.has(seen) ? seen : 'EVENT_UPDATED',
    payload: JSON.stringify(payload).slice(0, TEXT_LIMIT),
    statusCode,
    response: brief({ ...message, link: undefined, code: undefined }, TEXT_LIMIT),
    success: statusCode === 200,
    retryCount: delivery.attempts - 1,
    // 404 means that the resource is gone over there: the line is worth more than its resource.
    ...(resourceId === undefined || delivery.lastStatus === 404 ? {} : { resourceId }),
  };
}

/** Over there each registration has its own secret: the one that signed the event is the one that its answer is checked with. */
function secretFor(source: Source, signedWith: string | undefined, now: Date): Secret | undefined {
  const inForce = source.secrets.filter(({ notAfter }) => !notAfter || notAfter > now).map(({ secret }) => secret);
  return inForce.find((secret) => fingerprintOf(secret) === signedWith) ?? inForce[0];
}

/** The secret is used as text, although it looks like base64. */
function sign(secret: Secret, body: Buffer): string {
  return hmacSha256(secret.reveal(), body).toString('base64');
}

function numeric(id: string): number | undefined {
  return /^\d{1,15}$/.test(id) ? Number(id) : undefined;
}
