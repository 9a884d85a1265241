import { isWebhookSecret } from '../../secret/standard-webhooks.ts';
import { z } from 'zod';
import type { Event, EventType, Holder } from '../../reservation/event.ts';
import { Id, Instant, OptionalInstant, problemOf, withoutUnread } from '../fields.ts';
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

/** Null counts as not stated. */
const optional = <Field extends z.ZodType>(field: Field) => field.nullish().transform((value) => value ?? undefined);

/** Unknown members are refused here, and only here: a misspelt parameter must not silently become a default. */
const StandardParameters = z.strictObject({
  scopes: optional(z.array(z.string()).max(100)),
  quota: optional(z.int().positive()),
  rateLimit: optional(z.string().max(50)).describe('a count and a period, such as 100/hour'),
  expirationHours: optional(z.number().positive()).describe('only shortens the booking'),
  endpoints: optional(z.array(z.string()).max(100)),
});

const Name = optional(z.string().trim().max(300));
const StandardHolder = z.object({ id: Id, name: Name, email: optional(z.email().max(320)) });

export const StandardEvent = z.object({
  type: z.enum(Object.keys(TYPES) as (keyof typeof TYPES)[]),
  timestamp: Instant.describe('when it happened; orders the events of a booking that carry no updatedAt'),
  data: z.object({
    reservationId: Id,
    title: Name,
    resource: optional(z.object({ id: Id, name: Name, type: Name })),
    holders: optional(z.array(StandardHolder).max(500)).describe('each gets a key of their own'),
    startsAt: OptionalInstant,
    endsAt: OptionalInstant,
    updatedAt: OptionalInstant.describe('when the booking itself last changed; orders its events'),
    parameters: optional(StandardParameters).describe('what the booking asks for, within what its plan grants'),
  }),
});
export type StandardEvent = z.output<typeof StandardEvent>;

function map(parsed: unknown, { signedId, sentAt, now }: MappingContext): readonly MappedItem[] {
  const read = readEvent(parsed, sentAt ?? now);
  const signed = signedId === undefined ? undefined : `id:${signedId}`;
  if (!read.success) return [unread(parsed, signed, problemOf(read.error))];
  const event = eventOf(read.data);
  return [{ outcome: 'accepted', dedupe: signed ?? meaningOf(event, read.data.data.updatedAt), event }];
}

/** Of an end or a cancellation, which count as soon as it is known which booking they are about, what cannot be read is left out. */
function readEvent(parsed: unknown, cameAt: Date): z.ZodSafeParseResult<StandardEvent> {
  const read = StandardEvent.safeParse(parsed);
  const closing = Closing.safeParse(parsed).data;
  if (read.success || !closing) return read;
  const timestamp = Instant.safeParse(closing.timestamp).success ? closing.timestamp : cameAt.toISOString();
  const data = StandardEvent.shape.data.safeParse(closing.data);
  return StandardEvent.safeParse({
    ...closing,
    timestamp,
    data: data.success ? closing.data : withoutUnread(closing.data, data.error),
  });
}

const Closing = z.object({
  type: z.enum(['reservation.ended', 'reservation.cancelled']),
  timestamp: z.unknown(),
  data: z.record(z.string(), z.unknown()),
});

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
