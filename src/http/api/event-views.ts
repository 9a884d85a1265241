import { z } from 'zod';
import type { ListedEvent } from '../../ledger/events.ts';
import { HolderView, ParametersView, ResourceView } from './reservation-views.ts';
import { Time } from './words.ts';

export const OUTCOMES = ['accepted', 'ignored', 'quarantined'] as const;

/** As mapped to our words; instants are text as they were recorded. */
export const Said = z.object({
  type: z.string(),
  version: z.number().meta({ description: 'Orders the events of a booking; epoch milliseconds.' }),
  restates: z.literal(true).optional().meta({ description: 'It repeats what the booking was, and undoes no change.' }),
  title: z.string().optional(),
  resource: ResourceView.optional(),
  holders: z.array(HolderView).readonly().optional(),
  startsAt: z.string().optional(),
  endsAt: z.string().optional(),
  parameters: ParametersView.optional(),
});

export const EventView = z
  .object({
    id: z.string(),
    source: z.string(),
    outcome: z.enum(OUTCOMES),
    reason: z.string().nullable().meta({ description: 'Why it was ignored or quarantined.' }),
    type: z.string().nullable(),
    externalId: z.string().nullable(),
    reservationId: z.string().nullable(),
    said: Said.nullable().meta({ description: 'What it said in our words.' }),
    requestId: z.string(),
    receivedAt: Time,
    seen: z.int().meta({ description: 'How often it was sent.' }),
    lastSeenAt: Time,
  })
  .meta({ id: 'Event', description: 'One authenticated observation from a source.' });

export function viewOfEvent({ event, ...row }: ListedEvent): z.output<typeof EventView> {
  // Read from JSON, where its instants are text.
  return { ...row, said: event as unknown as z.output<typeof Said> | null };
}
