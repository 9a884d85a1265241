import { z } from 'zod';
import { EVENT_TYPES } from '../../reservation/event.ts';

/** How `map` is written in the configuration. Expressions are checked when they are compiled. */

const expression = z.string().min(1).meta({ description: 'A JMESPath expression (jmespath.site).' });

/** An expression, with a table that its value is looked up in, or a fixed text. */
export const ValueEntry = z.union([
  expression,
  z.strictObject({
    expr: expression,
    values: z.record(z.string(), z.string()).optional().meta({ description: 'What each value stands for.' }),
    otherwise: z
      .string()
      .optional()
      .meta({ description: 'What a value that is not in the table stands for. Without it that is a mistake.' }),
  }),
  z.strictObject({ value: z.string().meta({ description: 'The same for every event.' }) }),
]);
export type ValueEntry = z.output<typeof ValueEntry>;

export const MatchEntry = z.strictObject({
  expr: expression,
  in: z
    .array(z.union([z.string(), z.number(), z.boolean()]))
    .min(1)
    .optional()
    .meta({
      description: 'One of these. Without it anything but null, false and the empty.',
    }),
});
export type MatchEntry = z.output<typeof MatchEntry>;

export const ACTIONS = [...EVENT_TYPES, 'ignore'] as const;
export type Action = (typeof ACTIONS)[number];

const described = (description: string) => ValueEntry.optional().meta({ description });

export const FieldsEntry = z.strictObject({
  reservationId: described("The system's own id of the booking."),
  title: described('What the booking is called.'),
  resource: described('The id of what is booked; plans match it.'),
  resourceName: described('How it is called. Without it its id.'),
  resourceType: described('The kind of resource; plans match it.'),
  startsAt: described('An instant: ISO 8601, or made by datetime(), minutes(), iso() or epoch().'),
  endsAt: described('Likewise; the first moment that is no longer booked.'),
  holderId: described("The system's own id of the person that it is for."),
  holderName: described('Their name.'),
  holderEmail: described('Their address.'),
  holders: described('Instead of these: a list of objects with id, name and email, or of ids. Each gets a key of their own.'),
  version: described('When the booking itself last changed, an instant or a number: what orders its events.'),
  dedupe: described('What is the same for a repeated event, within its source. Without it what the event says.'),
  supersedes: described('The id, or ids, of bookings that this one takes the place of: they are cancelled.'),
  restates: described('True where it repeats what was read before: it undoes no change.'),
  parameters: described('What the booking asks for, as an object or as JSON in a text.'),
  scopes: described('Scopes that it asks for, a list or one text with commas.'),
  quota: described('Requests that it asks for.'),
  rateLimit: described('Such as 100/hour.'),
  expirationHours: described('Only shortens the booking.'),
  endpoints: described('Paths that it asks for.'),
  reply: described('An object of what callbacks name again: webhookId, userId, eventId, resourceId, eventType.'),
});
export type FieldName = keyof z.output<typeof FieldsEntry>;

export const RuleEntry = z.strictObject({
  match: z
    .union([MatchEntry, z.array(MatchEntry).min(1)])
    .optional()
    .meta({ description: 'What documents it is for; of several all must hold. The first rule that matches is taken.' }),
  action: z
    .union([
      z.enum([...ACTIONS, 'check']),
      z.strictObject({
        expr: expression,
        values: z.record(z.string(), z.enum(ACTIONS)),
        otherwise: z.enum(ACTIONS).optional(),
      }),
    ])
    .meta({
      description:
        'What it says of a booking, or a table of that. check: it asks whether the booking would be granted; nothing is recorded.',
    }),
  reason: z
    .union([z.string().max(200), z.strictObject({ expr: expression })])
    .optional()
    .meta({ description: 'Why it is ignored, for the log: a text, or an expression.' }),
  forEach: expression.optional().meta({ description: 'A list: one event for each element, which is called item.' }),
  strict: z.boolean().optional().meta({
    description:
      'Keeps an event aside that has a name, an address or a parameter that cannot be read, or no time of sending. Without it the event counts without them, and gets no key for parameters that cannot be read.',
  }),
  fields: FieldsEntry.prefault({}),
});
export type RuleEntry = z.output<typeof RuleEntry>;

export const MapEntry = z.array(RuleEntry).min(1).max(100);

export function mayBe(action: unknown): action is Action {
  return (ACTIONS as readonly unknown[]).includes(action);
}
