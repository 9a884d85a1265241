import { z } from 'zod';
import { parseRate } from '../../reservation/limits.ts';
import { isPathPattern } from '../../reservation/patterns.ts';
import { METHODS, PERIODS } from '../../reservation/plan.ts';

/** The policies of a key as they travel, and as they are kept. Each says one thing; the last one said about it stands. */

const RATE = 'must be a count and a period, such as 100/hour';
const PATTERN = 'must be a path such as /api/v1/** (one * is one segment)';

export const Rate = z
  .string()
  .max(40)
  .refine((text) => parseRate(text) !== undefined, RATE);
export const Pattern = z.string().max(300).refine(isPathPattern, PATTERN);
const Methods = z.array(z.enum(METHODS)).min(1).max(METHODS.length);
const Count = z.int().min(1);
/** Whose limit it is: nothing but the key's own is offered. */
const OfKey = z.literal('api_key').optional();

const policy = <Type extends string, Shape extends z.ZodRawShape>(type: Type, configuration: Shape) =>
  z.strictObject({ policy_type: z.literal(type), configuration: z.strictObject(configuration) });

export const POLICIES = [
  policy('rate_limit', { limit: Rate, scope: OfKey }),
  policy('quota', { limit: Count, period: z.enum(PERIODS).default('month'), scope: OfKey }),
  policy('scope_access', {
    scope: z.string().min(1).max(128),
    allowed_methods: Methods,
    allowed_endpoints: z
      .array(Pattern)
      .max(100)
      .nullish()
      .meta({ description: "Null for those of the key, or else those that the project's scope names: never simply all." }),
  }),
  policy('path_access', {
    path_pattern: Pattern,
    allowed_methods: Methods,
    deny_by_default: z.literal(true).optional().meta({ description: 'What is named by none of its path_access is refused.' }),
  }),
] as const;

/** What the key itself says. */
export const Terms = z.strictObject({
  scopes: z.array(z.string().min(1).max(128)).max(100),
  allowed_endpoints: z.array(Pattern).max(100),
  quota: Count.optional(),
  rate_limit: Rate.optional(),
  user_id: z.string().optional(),
  username: z.string().optional(),
  resource_name: z.string().optional(),
});
export type Terms = z.output<typeof Terms>;

export type KeyPolicy = z.output<(typeof POLICIES)[number]>;

const Kept = z.tuple(
  [z.strictObject({ policy_type: z.literal('key'), configuration: Terms })],
  z.discriminatedUnion('policy_type', POLICIES),
);

export interface Said {
  readonly terms: Terms;
  readonly policies: readonly KeyPolicy[];
}

/** As a row keeps it: what the key said first, then its policies in their order. */
export function toKeep({ terms, policies }: Said): readonly unknown[] {
  return [{ policy_type: 'key', configuration: terms }, ...policies];
}

/** Undefined for a key that was not made this way. */
export function fromKept(kept: readonly unknown[] | null): Said | undefined {
  if (kept === null) return undefined;
  const [{ configuration: terms }, ...policies] = Kept.parse(kept);
  return { terms, policies };
}

/** With one more, in the place of the one that it replaces. */
export function withPolicy(policies: readonly KeyPolicy[], added: KeyPolicy): readonly KeyPolicy[] {
  const about = subjectOf(added);
  const isNew = policies.every((one) => subjectOf(one) !== about);
  return isNew ? [...policies, added] : policies.map((one) => (subjectOf(one) === about ? added : one));
}

/** Two limits of one kind over different periods stand beside each other. */
function subjectOf({ policy_type: type, configuration: what }: KeyPolicy): string {
  if ('path_pattern' in what) return `${type} ${what.path_pattern}`;
  if ('allowed_methods' in what) return `${type} ${what.scope}`;
  return `${type} ${'period' in what ? what.period : parseRate(what.limit)!.per}`;
}
