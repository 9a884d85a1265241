import { z } from 'zod';
import { Id, Instant, OptionalInstant, StrictLabel } from './map/fields.ts';
import { StrictHolders } from './map/holders.ts';
import { StrictParameters } from './map/parameters.ts';

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

const Name = StrictLabel;

export const StandardEvent = z.object({
  type: z.enum(TYPES),
  timestamp: Instant.describe('when it happened; orders the events of a booking that carry no updatedAt'),
  data: z.object({
    reservationId: Id,
    title: Name,
    resource: optional(z.object({ id: Id, name: Name, type: Name })),
    holders: optional(StrictHolders).describe('each gets a key of their own'),
    startsAt: OptionalInstant,
    endsAt: OptionalInstant,
    updatedAt: OptionalInstant.describe('when the booking itself last changed; orders its events'),
    parameters: optional(StrictParameters).describe('what the booking asks for, within what its plan grants'),
  }),
});
export type StandardEvent = z.output<typeof StandardEvent>;
