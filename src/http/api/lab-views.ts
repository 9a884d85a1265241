import { z } from 'zod';
import { EVENT_TYPES } from '../../reservation/event.ts';
import { LEASE_STATES } from '../../reservation/lease.ts';
import { CHANNELS, CONFIRMATIONS } from '../../reservation/plan.ts';
import { OUTCOMES, Said } from './event-views.ts';
import { GrantView } from './lease-views.ts';
import { HolderView, ParametersView, ResourceView } from './reservation-views.ts';
import { Time } from './words.ts';

/** Findings about samples, as src/lab/report.ts has them. */

export const ProblemView = z
  .object({
    at: z.string().meta({ examples: ['map[0].fields.startsAt'] }),
    expression: z.string().optional(),
    value: z.string().optional().meta({ description: 'What was there, shortened.' }),
    reason: z.string(),
  })
  .meta({ id: 'MappingProblem', description: 'Why an observation cannot be read.' });

const Signature = z.object({
  verdict: z.enum(['accepted', 'refused', 'unsigned', 'open', 'removed', 'read']).meta({
    description:
      'unsigned: no headers were given, so there is nothing to judge. open: the source asks for none. removed: the sample lost its secrets when it was recorded. read: it is a list that the source is polled for.',
  }),
  reason: z.string().nullable(),
  expected: z.string().meta({ description: 'What a request must bring, described.' }),
  secret: z.int().nullable().meta({ description: 'Which secret of the source matched, from 1.' }),
});

export const ObservationView = z.object({
  outcome: z.enum(OUTCOMES),
  type: z.enum(EVENT_TYPES).nullable(),
  booking: z.string().nullable().meta({ description: "The source's own id." }),
  reason: z.string().nullable(),
  said: Said.nullable().meta({ description: 'What it says in our words.' }),
  problems: z.array(ProblemView).readonly(),
  recorded: z.boolean().meta({ description: 'It was recorded before: as a repetition it would change nothing.' }),
});

const ListFindingView = z.object({
  bookings: z.int(),
  changed: z.int().meta({ description: 'Of these, those of which something would be recorded.' }),
  missing: z.int().meta({ description: 'Read before, not in it any more, and not over.' }),
  cancelled: z.int().meta({ description: 'Of these, cancelled by this reading.' }),
  held: z.int().meta({ description: 'Of these, left alone, as they are too many at once.' }),
  problem: z.string().nullable().meta({ description: 'What in it could not be read.' }),
});

const SampleView = z.object({
  name: z.string().nullable(),
  receivedAt: Time,
  path: z.string(),
  arrival: z.object({ outcome: z.string(), reason: z.string().nullable() }).nullable(),
  signature: Signature,
  body: z.object({ kind: z.string(), bytes: z.int(), problem: z.string().nullable() }),
  handshake: z
    .object({ status: z.int(), answer: z.string().meta({ description: 'What the answer holds, described.' }) })
    .nullable()
    .meta({ description: 'Where it is no event but asks whether we are here, or whether a booking would get its keys.' }),
  list: ListFindingView.nullable().meta({
    description: 'Where it is what the source is polled for: next to what was read before.',
  }),
  observations: z.array(ObservationView),
});

const PlanFindingView = z.object({
  plan: z.string(),
  matches: z.boolean(),
  why: z.array(z.string()).readonly().meta({ description: 'What matched, or what did not.' }),
});

const LeaseFindingView = z.object({
  id: z.string().nullable().meta({ description: 'Of one that there is already.' }),
  holder: HolderView,
  plan: z.string(),
  provider: z.string(),
  state: z.enum(LEASE_STATES),
  reason: z.string().nullable(),
  opensAt: Time.nullable(),
  closesAt: Time.nullable(),
  grant: GrantView.nullable(),
  refused: z.array(z.string()).readonly(),
  told: z.object({
    by: z.array(z.enum(CHANNELS)).readonly().meta({ description: 'Empty: an operator hands the link on.' }),
    confirm: z.enum(CONFIRMATIONS),
    codeBy: z.enum([...CHANNELS, 'operator']).nullable(),
  }),
  next: z
    .array(
      z.object({
        at: Time,
        does: z.enum(['issue', 'opens', 'ending', 'retime', 'suspend', 'resume', 'revoke']),
        reason: z.string().optional(),
      }),
    )
    .readonly()
    .meta({ description: 'What would happen and when, if nothing else were said and every provider answered.' }),
  wakeAt: Time.nullable(),
});

export const BookingFindingView = z.object({
  booking: z.string(),
  known: z.boolean().meta({ description: 'True where this comes on top of what is recorded.' }),
  title: z.string().nullable(),
  resource: ResourceView.nullable(),
  holders: z.array(HolderView).readonly(),
  startsAt: Time.nullable(),
  endsAt: Time.nullable(),
  parameters: ParametersView.nullable(),
  closed: z.enum(['cancelled', 'ended']).nullable(),
  problem: z.string().nullable().meta({ description: 'Why no lease would come of it.' }),
  plans: z.array(PlanFindingView).readonly().meta({ description: 'In their order, up to the one that matches.' }),
  leases: z.array(LeaseFindingView),
});

export const FindingsView = z
  .object({
    source: z.string(),
    project: z.string(),
    preset: z.string().nullable(),
    now: Time.meta({ description: 'When what happens next was asked.' }),
    ok: z.boolean().meta({ description: 'It would be let in, and everything in it is accepted or ignored.' }),
    samples: z.array(SampleView),
    bookings: z.array(BookingFindingView),
    more: z.int().meta({ description: 'Bookings that are left out, as they are too many.' }),
  })
  .meta({ id: 'Findings', description: 'What would come of an event. Nothing of it was stored or sent.' });
