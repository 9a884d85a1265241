import { z } from 'zod';
import { isPathPattern } from '../reservation/patterns.ts';
import { METHODS, type Method, type Scope } from '../reservation/plan.ts';
import { isScopeName, isScopePattern, isScopeWildcard } from '../reservation/scopes.ts';

/** A scope of a project's catalogue. */
export interface Entry {
  readonly name: string;
  /** None for a wildcard: what it lets through is what the scopes that it covers let through. */
  readonly methods: readonly Method[];
  /** Null for every path that the plan or key is for. */
  readonly endpoints: readonly string[] | null;
  readonly description: string | null;
}

/** Scopes in one project. Every wildcard of a plan is compared with each of them. */
export const MOST_SCOPES = 5000;
/** Of one scope: a key compiles them all. */
export const MOST_ENDPOINTS = 500;
const LONGEST_ENDPOINT = 500;

export const ScopeNameText = z
  .string()
  .refine(isScopePattern, 'must be letters, digits and . _ : -, or end in a whole part *, such as pets:read or shop:pets:*');

const Endpoint = z
  .string()
  .max(LONGEST_ENDPOINT)
  .refine(isPathPattern, 'must be a path such as /api/v1/** (one * is one segment, ** any number)');

/** What one scope says beside its name. */
export const ScopeBody = z.strictObject({
  methods: z
    .array(z.enum(METHODS))
    .max(METHODS.length)
    .default([])
    .meta({ description: 'HTTP methods that it lets through; none for a wildcard.' }),
  endpoints: z
    .array(Endpoint)
    .min(1)
    .max(MOST_ENDPOINTS)
    .nullish()
    .transform((value) => value ?? null)
    .meta({ description: 'The only paths that its methods are for; left out or null for all.' }),
  description: z
    .string()
    .trim()
    .max(500)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be one line without control characters')
    .nullish()
    .transform((value) => value || null),
});

/** What is wrong in a scope beyond its form; undefined where nothing is. */
export function wrongWith({ name, methods, endpoints }: Pick<Entry, 'name' | 'methods' | 'endpoints'>): string | undefined {
  if (isScopeName(name) && methods.length === 0) return 'methods: a scope lets at least one method through, such as GET';
  if (isScopeWildcard(name) && (methods.length > 0 || endpoints !== null))
    return 'methods and endpoints of a wildcard are those of the scopes that it covers: leave them out';
  return undefined;
}

/** As plans and keys know it. */
export function scopeOf({ methods, endpoints, description }: Entry): Scope {
  return { methods, ...(endpoints && { endpoints }), ...(description && { description }) };
}

/** Whether two say the same, in whatever order. */
export function isSame(one: Entry, other: Entry): boolean {
  return said(one) === said(other);
}

function said({ methods, endpoints, description }: Entry): string {
  return JSON.stringify([methods.toSorted(), endpoints && endpoints.toSorted(), description]);
}
