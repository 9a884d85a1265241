import { z } from 'zod';
import type { ReservationRow } from '../../ledger/schema.ts';
import { holdersOf, reviveReservation } from '../../reservation/fold.ts';
import { Time } from './words.ts';

export const ResourceView = z.object({ id: z.string(), name: z.string(), type: z.string() });

export const HolderView = z.object({ id: z.string(), name: z.string().optional(), email: z.string().optional() });

/** What a booking asked for, as its source wrote it. */
export const ParametersView = z.object({
  scopes: z.array(z.string()).readonly().optional(),
  quota: z.number().optional(),
  rateLimit: z.string().optional(),
  expirationHours: z.number().optional(),
  endpoints: z.array(z.string()).readonly().optional(),
  problem: z.string().optional().meta({ description: 'Why what the booking asked for could not be read.' }),
});

export const ReservationView = z
  .object({
    id: z.string(),
    source: z.string(),
    externalId: z.string().meta({ description: "The source's own id of the booking." }),
    title: z.string().nullable(),
    resource: ResourceView.nullable(),
    holders: z.array(HolderView).readonly(),
    startsAt: Time.nullable(),
    endsAt: Time.nullable(),
    parameters: ParametersView.nullable(),
    closed: z.boolean().meta({ description: 'Cancelled, or ended and not extended since.' }),
    problem: z.string().nullable().meta({ description: 'Why no lease came of it.' }),
    createdAt: Time,
    updatedAt: Time,
  })
  .meta({ id: 'Reservation', description: 'A booking: what all its events add up to.' });

export function viewOfReservation(row: ReservationRow): z.output<typeof ReservationView> {
  const state = reviveReservation(row.state);
  return {
    id: row.id,
    source: row.source,
    externalId: row.externalId,
    title: state.title?.value ?? null,
    resource: state.resource?.value ?? null,
    holders: holdersOf(state),
    startsAt: state.startsAt?.value ?? null,
    endsAt: state.endsAt?.value ?? null,
    parameters: state.parameters?.value ?? null,
    closed: row.closed,
    problem: row.problem,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
}
