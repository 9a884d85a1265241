import { z } from 'zod';
import { ASKABLE } from '../../../providers/driver.ts';
import { namedBy, type Keeping } from '../../policy/asked.ts';
import { CHANNELS, CONFIRMATIONS, METHODS, PERIODS, type Plan, type Scopes } from '../../reservation/plan.ts';
import { TOKEN_TYPES } from '../../reservation/rights.ts';
import { HoursView, LimitView, RuleView } from './lease-views.ts';

const Names = z.array(z.string()).readonly();

export const Enforcement = z.object({ by: z.enum(['gateway', 'approximate', 'latchkey', 'none']), note: z.string().optional() });

export const PlanView = z
  .object({
    name: z.string(),
    project: z.string(),
    match: z.object({ source: z.string().optional(), resource: z.string().optional(), resourceType: z.string().optional() }),
    provider: z.string(),
    scopes: z.object({ default: Names, allowed: Names }),
    methods: z.record(z.string(), z.array(z.enum(METHODS)).readonly()).meta({ description: 'Of each allowed scope.' }),
    rules: z.record(z.string(), RuleView).meta({ description: 'Of each allowed scope that is for some paths only.' }),
    endpoints: z.object({ default: Names, allowed: Names }),
    quota: z.object({ default: z.int(), max: z.int(), per: z.enum(PERIODS), unit: z.literal('requests').optional() }).optional(),
    rateLimit: z.object({ default: LimitView, max: LimitView }).optional(),
    furtherLimits: z.array(LimitView).readonly().optional(),
    allowedIps: Names.optional(),
    deniedIps: Names.optional(),
    hours: z.array(HoursView).readonly().optional(),
    tokenType: z.enum(TOKEN_TYPES),
    window: z.object({
      opensBeforeMs: z.int(),
      closesAfterMs: z.int(),
      longestMs: z.int().optional(),
      issueBeforeMs: z.int(),
    }),
    handover: z.object({ by: z.array(z.enum(CHANNELS)).readonly(), confirm: z.enum(CONFIRMATIONS) }),
    rotation: z.object({ everyMs: z.int(), overlapMs: z.int() }).optional(),
    limits: z.partialRecord(z.enum(ASKABLE), Enforcement).meta({
      description: 'Who keeps each limit that the plan asks for, by default or at its most: the weakest answer of its provider.',
    }),
    acceptsUnenforced: z.boolean(),
  })
  .meta({ id: 'Plan', description: 'What a resource grants. The first plan that matches a booking is its plan.' });

export function viewOfPlan(plan: Plan, { scopes, limits }: { scopes: Scopes; limits: Keeping }): z.output<typeof PlanView> {
  const allowed = namedBy(plan.scopes.allowed, scopes);
  const methods = Object.fromEntries(allowed.map((scope) => [scope, scopes[scope]?.methods ?? []]));
  const rules = Object.fromEntries(
    allowed.flatMap((scope) => {
      const { endpoints, methods = [] } = scopes[scope] ?? {};
      return endpoints ? [[scope, { methods, endpoints }]] : [];
    }),
  );
  return { ...plan, methods, rules, limits };
}
