import { z } from 'zod';
import { Id, Instant, OptionalInstant } from './map/fields.ts';

/** Our own event format as a schema, for who writes such events: config/reservation-event.schema.json. How it is read is in config/sources/standard.yaml. */

const TYPES = [
  'reservation.created',
  'reservation.updated',
  'reservation.started',
  'reservation.ended',
  'reservation.cancelled',
] as const;

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
  type: z.enum(TYPES),
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
