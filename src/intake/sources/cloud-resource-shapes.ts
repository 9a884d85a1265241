import { z } from 'zod';
import type { EventType } from '../../reservation/event.ts';
import { Email, Id, Label, OptionalId, OptionalInstant, withoutUnread } from '../fields.ts';

/** The bodies that the Cloud Resource Reservation senders post, each turned into one sighting of a booking. */

export type Json = Readonly<Record<string, unknown>>;

export interface Sighting {
  readonly bookingId: string;
  readonly title?: string;
  readonly resource?: { readonly id: string; readonly name: string; readonly type: string };
  readonly resourceId?: string;
  readonly userId?: string;
  readonly username?: string;
  readonly email?: string;
  readonly startsAt?: Date;
  readonly endsAt?: Date;
  /** As sent: a text that holds JSON, or nothing. */
  readonly customParameters: unknown;
  /** The booking's own last change; only the entity shape has it. */
  readonly updatedAt?: Date;
}

/** Every shape. `timestamp` is when it was sent, so a repetition has another one. */
export const Envelope = z.object({
  eventType: z.string().trim().min(1).max(100),
  timestamp: OptionalInstant,
  webhookId: OptionalId.catch(undefined),
});

/** What the time-based sender posts today; also each entry of a batch, with the batch's own fields around it. */
export const FlatEvent = z
  .object({
    eventId: Id,
    eventTitle: Label,
    eventStart: OptionalInstant,
    eventEnd: OptionalInstant,
    // Missing when the sender's user directory is out of reach.
    userId: OptionalId,
    username: Label,
    email: Email,
    customParameters: z.unknown().optional(),
    resourceId: OptionalId,
    resourceName: Label,
    resourceType: Label,
  })
  .transform((flat): Sighting => ({
    bookingId: flat.eventId,
    title: flat.eventTitle,
    resource: resourceOf(flat.resourceId, flat.resourceName, flat.resourceType),
    resourceId: flat.resourceId,
    userId: flat.userId,
    username: flat.username,
    email: flat.email,
    startsAt: flat.eventStart,
    endsAt: flat.eventEnd,
    customParameters: flat.customParameters,
  }));

/** What the booking service posts: its own record of the booking, under `data`. It names no user but by id. */
export const EntityEvent = z
  .object({
    id: Id,
    title: Label,
    start: OptionalInstant,
    end: OptionalInstant,
    updatedAt: OptionalInstant,
    keycloakId: OptionalId,
    customParameters: z.unknown().optional(),
    resource: z.object({ id: OptionalId, name: Label, type: z.object({ name: Label }).nullish() }).nullish(),
  })
  .transform((entity): Sighting => ({
    bookingId: entity.id,
    title: entity.title,
    resource: resourceOf(entity.resource?.id, entity.resource?.name, entity.resource?.type?.name),
    resourceId: entity.resource?.id,
    userId: entity.keycloakId,
    startsAt: entity.start,
    endsAt: entity.end,
    customParameters: entity.customParameters,
    updatedAt: entity.updatedAt,
  }));

/** A resource that is only named (as in some deletions) does not identify one: two sites may have a `Server 1`. */
function resourceOf(id: string | undefined, name: string | undefined, type: string | undefined): Sighting['resource'] {
  return id === undefined ? undefined : { id, name: name ?? id, type: type ?? '' };
}

/** Of an end or a cancellation, which count as soon as it is known which booking they are about, what cannot be read is left out. */
export function readSparing<T>(shape: z.ZodType<T>, document: unknown, type: EventType | undefined): z.ZodSafeParseResult<T> {
  const read = shape.safeParse(document);
  if (read.success || !closes(type) || !isJson(document)) return read;
  return shape.safeParse(withoutUnread(document, read.error));
}

export function closes(type: EventType | undefined): boolean {
  return type === 'ended' || type === 'cancelled';
}

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
