import { z } from 'zod';
import { shortAddress } from '../../handover/address.ts';
import type { ListedClaim } from '../../ledger/lists/claims.ts';
import type { Decision } from '../../reservation/decide.ts';
import { LEASE_STATES } from '../../reservation/lease.ts';
import { AuditView } from './audit.ts';
import { DeliveryView } from './deliveries.ts';
import { EventView } from './event-views.ts';
import { DebtView, KeyView } from './key-views.ts';
import { LeaseView } from './lease-views.ts';
import { ReservationView } from './reservation-views.ts';
import { Time } from './words.ts';

const Step = z.object({
  do: z.string().meta({ description: 'issue, retime, revoke, suspend or resume.' }),
  keyId: z.string().optional(),
  generation: z.int().optional(),
  reason: z.string().optional(),
  opensAt: Time.optional(),
  closesAt: Time.optional(),
});

export const DecisionView = z
  .object({
    state: z.enum(LEASE_STATES),
    reason: z.string().nullable(),
    steps: z.array(Step).meta({ description: 'What would be done at once.' }),
    wakeAt: Time.nullable().meta({ description: 'When it would be looked at again.' }),
  })
  .meta({ id: 'Decision', description: 'What the rules say now, of things as they stand.' });

export function viewOfDecision({ state, reason, steps, wakeAt }: Decision): z.output<typeof DecisionView> {
  return { state, reason, wakeAt, steps: steps.map((step) => ({ ...step, ...('window' in step ? step.window : {}) })) };
}

export const ClaimView = z
  .object({
    id: z.string(),
    keyId: z.string(),
    confirm: z.enum(['none', 'email', 'code']),
    expiresAt: Time,
    claimedAt: Time.nullable(),
    claimedFrom: z.string().nullable().meta({ description: 'The beginning of an address.' }),
    reveals: z.int(),
    refusals: z.int().meta({ description: 'Wrong confirmations and reveals after the claim.' }),
    createdAt: Time,
  })
  .meta({ id: 'Claim', description: "The one-time hand-over of a key's value." });

export function viewOfClaim(claim: ListedClaim): z.output<typeof ClaimView> {
  return { ...claim, claimedFrom: claim.claimedIp === null ? null : shortAddress(claim.claimedIp) };
}

const ExplainedLease = LeaseView.extend({
  keys: z.array(KeyView),
  claims: z.array(ClaimView),
  deliveries: z.array(DeliveryView),
  debts: z.array(DebtView),
  decision: DecisionView,
  next: z.string(),
}).meta({ id: 'ExplainedLease' });

export const Explanation = z
  .object({
    reservation: ReservationView,
    events: z.array(EventView).meta({ description: 'As they came.' }),
    leases: z.array(ExplainedLease),
    audit: z.array(AuditView).meta({ description: 'As it happened.' }),
    next: z.string().meta({ description: 'What happens next and when, for people.' }),
  })
  .meta({ id: 'Explanation', description: 'The whole story of one booking.' });
