import { z } from 'zod';
import type { Parameters } from '../../reservation/event.ts';
import { parseJson } from '../json.ts';
import { spend, type Budget } from './budget.ts';
import { problemOf } from './fields.ts';

const Words = z.union([z.array(z.string().trim()), z.string().transform((text) => text.split(',').map((word) => word.trim()))], {
  error: 'must be a list of texts, or one text with commas',
});
const Count = z.union(
  [
    z.number(),
    z
      .string()
      .trim()
      .regex(/^\d+(\.\d+)?$/u)
      .transform(Number),
  ],
  { error: 'must be a number' },
);

const Shape = z.object({
  scopes: Words.nullish(),
  quota: Count.nullish(),
  rate_limit: z.string({ error: 'must be a text such as 100/hour' }).trim().nullish(),
  expiration_hours: Count.nullish(),
  endpoints: Words.nullish(),
});

/** The form fields of the booking page may be named either way. */
const ALIASES = { rateLimit: 'rate_limit', expirationHours: 'expiration_hours' } as const;

/**
 * Reads what a booking asks for: an object, or JSON inside a text. Undefined when nothing is said of it. What cannot be read becomes a `problem`, with
 * which the booking is refused: its other news (window, holder, end) still counts, and nothing is guessed.
 */
export function readParameters(sent: unknown, budget: Budget): Parameters | undefined {
  if (sent === null || sent === undefined) return undefined;
  spend(budget, SHAPE);
  if (typeof sent === 'string' && sent.trim() === '') return {};
  if (typeof sent === 'string') spend(budget, sent.length);
  const parsed = typeof sent === 'string' ? parseJson(sent) : ({ ok: true, value: sent } as const);
  if (!parsed.ok) return { problem: `parameters: ${parsed.problem}` };
  if (parsed.value === null) return {};
  if (typeof parsed.value !== 'object' || Array.isArray(parsed.value)) return { problem: 'parameters: not an object' };
  return shape(parsed.value as Record<string, unknown>);
}

/** To compare an object with the shape takes as long as so many steps. */
const SHAPE = 100;

/** For who promises to send nothing else. A misspelt name must not silently become a default. */
export const StrictParameters = z.strictObject({
  scopes: optional(z.array(z.string()).max(100)),
  quota: optional(z.int().positive()),
  rateLimit: optional(z.string().max(50)).describe('a count and a period, such as 100/hour'),
  expirationHours: optional(z.number().positive()).describe('only shortens the booking'),
  endpoints: optional(z.array(z.string()).max(100)),
});

/** Null counts as not stated. */
function optional<Field extends z.ZodType>(field: Field) {
  return field.nullish().transform((value) => value ?? undefined);
}

/** The same, where each was read by itself. */
export function readStatedParameters(given: Readonly<Record<string, unknown>>): Parameters {
  return shape(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)));
}

function shape(given: Record<string, unknown>): Parameters {
  const named: Record<string, unknown> = { ...given };
  for (const [alias, name] of Object.entries(ALIASES)) {
    if (given[alias] === undefined) continue;
    if (given[name] !== undefined && given[name] !== given[alias])
      return { problem: `parameters: ${name} and ${alias} contradict each other` };
    named[name] = given[alias];
  }
  const read = Shape.safeParse(named);
  if (!read.success) return { problem: `parameters: ${problemOf(read.error)}` };
  const { scopes, quota, rate_limit: rateLimit, expiration_hours: expirationHours, endpoints } = read.data;
  return stated({
    scopes: words(scopes),
    quota,
    rateLimit: rateLimit || undefined,
    expirationHours,
    endpoints: words(endpoints),
  });
}

/** `""` and `"read,"` are how an empty or half-filled form field arrives. */
function words(list: readonly string[] | null | undefined): readonly string[] | undefined {
  const filled = list?.filter((word) => word !== '');
  return filled && filled.length > 0 ? filled : undefined;
}

function stated(parameters: Record<string, unknown>): Parameters {
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null));
}
