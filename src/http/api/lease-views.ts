import { z } from 'zod';
import type { Ledger } from '../../ledger/database.ts';
import { keysOf } from '../../ledger/lists/keys.ts';
import { leaseWithBooking, type ListedLease } from '../../ledger/lists/leases.ts';
import { sumUsage } from '../../ledger/usage.ts';
import { Fault } from '../../reservation/fault.ts';
import { LEASE_STATES } from '../../reservation/lease.ts';
import { METHODS, PERIODS } from '../../reservation/plan.ts';
import { TOKEN_TYPES } from '../../reservation/rights.ts';
import { KeyView, viewOfKey } from './key-views.ts';
import { Time } from './words.ts';

export const LimitView = z.object({
  limit: z.int(),
  per: z.enum(PERIODS),
  unit: z.literal('requests').optional().meta({ description: 'Each call counts once; else for the cost that its caller says.' }),
});

export const RuleView = z.object({
  methods: z.array(z.enum(METHODS)).readonly(),
  endpoints: z.array(z.string()).readonly(),
});

export const HoursView = z
  .object({
    days: z.array(z.int().min(1).max(7)).readonly().optional().meta({ description: '1 is Monday; every day when left out.' }),
    from: z.string().meta({ examples: ['08:00'] }),
    to: z.string().meta({ description: 'Where it is not after `from`, of the next day.', examples: ['18:00'] }),
    zone: z.string().meta({ examples: ['Europe/Rome'] }),
  })
  .meta({ id: 'Hours', description: 'Part of each week, by the wall clock of an IANA time zone.' });

export const GrantView = z
  .object({
    scopes: z.array(z.string()).readonly(),
    methods: z.array(z.enum(METHODS)).readonly(),
    endpoints: z.array(z.string()).readonly(),
    quota: LimitView.optional(),
    rateLimit: LimitView.optional(),
    limits: z.array(LimitView).readonly().optional().meta({ description: 'Further limits, each a sliding window.' }),
    rules: z
      .array(RuleView)
      .readonly()
      .optional()
      .meta({ description: 'Where scopes are for some paths only: one for each, one of which must let a request through.' }),
    allowedIps: z.array(z.string()).readonly().optional(),
    deniedIps: z.array(z.string()).readonly().optional(),
    hours: z.array(HoursView).readonly().optional(),
    tokenType: z.enum(TOKEN_TYPES).optional(),
  })
  .meta({ id: 'Grant', description: "What a key may do: the plan's ceilings narrowed by the booking." });

export const LeaseView = z
  .object({
    id: z.string(),
    reservationId: z.string(),
    source: z.string(),
    externalId: z.string().meta({ description: "The source's own id of the booking." }),
    holderId: z.string(),
    plan: z.string(),
    provider: z.string(),
    resourceId: z.string(),
    state: z.enum(LEASE_STATES),
    reason: z.string().nullable().meta({ description: 'Why it is refused, suspended, revoked or stuck.' }),
    grant: GrantView.nullable().meta({ description: 'As last granted; null before the first key.' }),
    opensAt: Time.nullable(),
    closesAt: Time.nullable(),
    generation: z.int().meta({ description: 'Of the key the holder should have.' }),
    overlapUntil: Time.nullable().meta({ description: 'Older keys stay good until then.' }),
    suspendedAt: Time.nullable(),
    revokedBy: z.object({ actor: z.string(), reason: z.string(), at: z.string() }).nullable(),
    wakeAt: Time.nullable().meta({ description: 'When it is looked at again if nothing happens before.' }),
    attempts: z.int(),
    lastError: z.string().nullable(),
    createdAt: Time,
    updatedAt: Time,
  })
  .meta({ id: 'Lease', description: 'One plan granted to one holder for one booking.' });

export const LeaseDetail = LeaseView.extend({
  keys: z.array(KeyView).readonly().meta({ description: 'By generation.' }),
  usage: z.record(z.string(), z.int()).meta({ description: 'Requests so far, by verify code; counted over all its keys.' }),
}).meta({ id: 'LeaseDetail', description: 'A lease with its keys.' });

export const LeaseReply = z.object({ lease: LeaseDetail });

export function viewOfLease(lease: ListedLease): z.output<typeof LeaseView> {
  return { ...lease, grant: lease.grant?.grant ?? null };
}

/** Throws Fault('not_found'). */
export async function readLease({ db }: Pick<Ledger, 'db'>, id: string): Promise<z.output<typeof LeaseDetail>> {
  const lease = await leaseWithBooking(db, id);
  if (!lease) throw new Fault('not_found', `there is no lease ${id}`);
  const [keys, usage] = await Promise.all([keysOf(db, [id]), sumUsage(db, id)]);
  return { ...viewOfLease(lease), keys: keys.map(viewOfKey), usage };
}
