import { isWebhookSecret } from '../../secret/standard-webhooks.ts';
import { z } from 'zod';
import type { Event, EventType, Holder } from '../../reservation/event.ts';
import { Id, Instant, problemOf } from '../fields.ts';
import { contentHash, meaningOf, type MappedItem, type MappingContext, type Preset } from '../mapping.ts';
import { verifyStandardWebhook } from '../standard-webhooks.ts';

/**
 * Our own event format, for who can choose: Standard Webhooks headers around `{type, timestamp, data}`. The signed webhook-id
 * identifies the event, whatever it holds. Fields left out are not stated, so an update may name only what changed.
 */
export const standard: Preset = {
  id: 'standard',
  secretForm: {
    fits: isWebhookSecret,
    words: 'whsec_ and the base64 of at least 24 bytes, or the public half whpk_… of an Ed25519 pair',
  },
  verify: (request, source) => verifyStandardWebhook(request, source.secrets),
  map,
};

const TYPES = {
  'reservation.created': 'created',
  'reservation.updated': 'updated',
  'reservation.started': 'started',
  'reservation.ended': 'ended',
  'reservation.cancelled': 'cancelled',
} as const satisfies Record<string, EventType>;

/** Unknown members are refused here, and only here: a misspelt parameter must not silently become a default. */
const StandardParameters = z.strictObject({
  scopes: z.array(z.string()).max(100).optional(),
  quota: z.int().positive().optional(),
  rateLimit: z.string().max(50).optional().describe('a count and a period, such as 100/hour'),
  expirationHours: z.number().positive().optional().describe('only shortens the booking'),
  endpoints: z.array(z.string()).max(100).optional(),
});

const Name = z.string().trim().max(300).optional();
const StandardHolder = z.object({ id: Id, name: Name, email: z.email().max(320).optional() });

export const StandardEvent = z.object({
  type: z.enum(Object.keys(TYPES) as (keyof typeof TYPES)[]),
  timestamp: Instant.describe('when it happened; orders the events of a booking that carry no updatedAt'),
  data: z.object({
    reservationId: Id,
    title: Name,
    resource: z.object({ id: Id, name: Name, type: Name }).optional(),
    holders: z.array(StandardHolder).max(500).optional().describe('each gets a key of their own'),
    startsAt: Instant.optional(),
    endsAt: Instant.optional(),
    updatedAt: Instant.optional().describe('when the booking itself last changed; orders its events'),
    parameters: StandardParameters.optional().describe('what the booking asks for, within what its plan grants'),
  }),
});
export type StandardEvent = z.output<typeof StandardEvent>;

function map(parsed: unknown, { signedId }: MappingContext): readonly MappedItem[] {
  const read = StandardEvent.safeParse(parsed);
  const signed = signedId === undefined ? undefined : `id:${signedId}`;
  if (!read.success) return [unread(parsed, signed, problemOf(read.error))];
  const event = eventOf(read.data);
  return [{ outcome: 'accepted', dedupe: signed ?? meaningOf(event, read.data.data.updatedAt), event }];
}

/** A type of another family is no news about bookings; anything else that does not fit is kept. */
function unread(parsed: unknown, signed: string | undefined, reason: string): MappedItem {
  const type = z.object({ type: z.string() }).safeParse(parsed).data?.type;
  if (type !== undefined && !type.startsWith('reservation.'))
    return {
      outcome: 'ignored',
      dedupe: signed ?? `ignored:${contentHash(parsed)}`,
      reason: `${type.slice(0, 50)} says nothing about a booking`,
    };
  return { outcome: 'quarantined', dedupe: signed ?? `quarantined:${contentHash(parsed)}`, reason, document: parsed };
}

function eventOf({ type, timestamp, data }: StandardEvent): Event {
  const { resource } = data;
  return {
    type: TYPES[type],
    reservationId: data.reservationId,
    version: (data.updatedAt ?? timestamp).getTime(),
    title: data.title,
    resource: resource && { id: resource.id, name: resource.name || resource.id, type: resource.type ?? '' },
    holders: data.holders && oncePerId(data.holders),
    startsAt: data.startsAt,
    endsAt: data.endsAt,
    parameters: data.parameters,
  };
}

function oncePerId(holders: readonly Holder[]): readonly Holder[] {
  return [...new Map(holders.map((holder) => [holder.id, holder])).values()];
}
