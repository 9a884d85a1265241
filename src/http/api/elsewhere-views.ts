import { z } from 'zod';
import { VERIFY_CODES } from '../../keys/verdict.ts';
import { Time } from './words.ts';

/** What is sent and answered elsewhere than under /api/v1. */

export const Outcome = z
  .object({
    status: z.enum(['accepted', 'quarantined', 'duplicate', 'ignored']),
    eventId: z.string(),
    reservations: z.array(z.string()).meta({ description: "The sender's ids of the bookings it is about." }),
  })
  .meta({ id: 'WebhookOutcome' });

export const Event = z.looseObject({}).meta({ description: "The source's own JSON." });
const Limit = z.object({ limit: z.int(), used: z.int().optional(), remaining: z.int(), resetAt: Time.nullable() });

const LimitState = z
  .object({
    name: z.string(),
    limit: z.int(),
    remaining: z.int(),
    windowSeconds: z.int().nullable().meta({ description: 'Null for a quota of the whole booking.' }),
    resetMs: z
      .int()
      .nullable()
      .meta({ description: 'Until the next place is free; null when that is never, or nothing is taken.' }),
  })
  .meta({ id: 'LimitState' });

export const Verdict = z
  .object({
    valid: z.boolean(),
    code: z.enum(VERIFY_CODES),
    tokenType: z.literal('jwt').optional().meta({ description: 'Where it is a signed token, or looks like one.' }),
    keyId: z.string().optional(),
    project: z.string().optional(),
    lease: z.string().optional(),
    holder: z.string().optional(),
    scopes: z.array(z.string()).optional(),
    expiresAt: Time.nullable().optional().meta({ description: 'Null for a key that does not expire.' }),
    rateLimit: Limit.optional(),
    quota: Limit.optional(),
    limits: z.array(LimitState).optional().meta({ description: 'Every limit the call was held against, the quota last.' }),
    frozen: z.literal(true).optional().meta({ description: 'Staff stopped the budget, whatever is left of it.' }),
    retryAfterMs: z.int().optional(),
  })
  .meta({ id: 'Verdict' });

export const OAuthError = z.object({ error: z.string(), error_description: z.string() }).meta({ id: 'OAuthError' });

export const ByToken = z.object({ token: z.string() });
export const Confirmation = z.object({
  confirmation: z.string().optional().meta({ description: 'The address or the code it asks for.' }),
});
export const ClaimedKey = z
  .looseObject({ key: z.string(), header: z.string(), opensAt: Time, closesAt: Time })
  .meta({ id: 'ClaimedKey' });
export const Healthy = z.object({ status: z.literal('healthy'), service: z.literal('latchkey') }).meta({ id: 'Healthy' });
export const Page = z.string().meta({ description: 'A page for people; JSON for programs that ask for it.' });
