import type { Parameters, Resource } from './event.ts';
import type { Grant } from './lease.ts';
import { formatRate, parseRate, rateWithin } from './limits.ts';
import { globMatches, isPathPattern, patternCovers } from './patterns.ts';
import { METHODS, type Catalogue, type Limit, type Plan, type Scopes } from './plan.ts';
import { rulesOf } from './rights.ts';
import { expandScopes, isScopeWildcard, scopeCovers } from './scopes.ts';
import { quoted } from './text.ts';

const MOST_REASONS = 10;
const MOST_NAMES = 30;

export type Narrowed = { readonly grant: Grant } | { readonly refused: readonly string[] };

/**
 * The plan's rights, narrowed by what the booking asks for. Asking for more is refused with its reasons, nothing is trimmed
 * in silence (law 7): they are for the person who booked.
 */
export function narrow(plan: Plan, scopes: Scopes, asked: Parameters): Narrowed {
  const refused: string[] = [];
  if (asked.problem) refused.push(asked.problem);
  const granted = narrowScopes(plan, scopes, asked, refused);
  const endpoints = narrowEndpoints(plan, asked, refused);
  const quota = narrowQuota(plan, asked, refused);
  const rateLimit = narrowRate(plan, asked, refused);
  if (asked.expirationHours !== undefined && !(asked.expirationHours > 0))
    refused.push(`expirationHours must be a positive number of hours, not ${asked.expirationHours}`);
  if (refused.length > 0) return { refused: told(refused) };
  return {
    grant: {
      scopes: granted,
      methods: methodsOf(granted, scopes),
      endpoints,
      quota,
      rateLimit,
      limits: plan.furtherLimits,
      rules: rulesOf(granted, scopes),
      allowedIps: plan.allowedIps,
      deniedIps: plan.deniedIps,
      hours: plan.hours,
      ...(plan.tokenType === 'opaque' ? {} : { tokenType: plan.tokenType }),
    },
  };
}

/** A form can be pasted full. */
function told(reasons: readonly string[]): readonly string[] {
  if (reasons.length <= MOST_REASONS) return reasons;
  return [...reasons.slice(0, MOST_REASONS), `and ${reasons.length - MOST_REASONS} more`];
}

/** The first plan of the source's project, in the order of the configuration, whose globs match the booking. */
export function matchPlan({ plans, projectOf }: Catalogue, source: string, resource: Resource): Plan | undefined {
  const own = projectOf(source);
  return plans.find(
    ({ match, project }) =>
      project === own &&
      globMatches(match.source ?? '*', source) &&
      (globMatches(match.resource ?? '*', resource.name) || globMatches(match.resource ?? '*', resource.id)) &&
      globMatches(match.resourceType ?? '*', resource.type),
  );
}

function narrowScopes(plan: Plan, scopes: Scopes, asked: Parameters, refused: string[]): readonly string[] {
  const wanted = asked.scopes && asked.scopes.length > 0 ? [...new Set(asked.scopes)] : plan.scopes.default;
  const known = Object.keys(scopes);
  const granted = wanted.flatMap((scope) => {
    // A wildcard stands for the scopes that there are now: a key does not grow with the catalogue.
    const named = isScopeWildcard(scope) ? expandScopes([scope], known) : known.filter((name) => name === scope);
    if (named.length === 0) refused.push(`scope ${quoted(scope)} does not exist; known scopes: ${someOf(known)}`);
    else if (!plan.scopes.allowed.some((allowed) => allowed === scope || scopeCovers(allowed, scope)))
      refused.push(`scope ${quoted(scope)} is not granted by plan ${plan.name}; allowed: ${someOf(plan.scopes.allowed)}`);
    return named;
  });
  return [...new Set(granted)];
}

/** A catalogue of scopes can be long. */
function someOf(names: readonly string[]): string {
  const some = names.slice(0, MOST_NAMES).join(', ');
  return names.length > MOST_NAMES ? `${some} and ${names.length - MOST_NAMES} more` : some;
}

function narrowEndpoints(plan: Plan, asked: Parameters, refused: string[]): readonly string[] {
  const wanted = asked.endpoints && asked.endpoints.length > 0 ? [...new Set(asked.endpoints)] : plan.endpoints.default;
  for (const endpoint of wanted) {
    if (!isPathPattern(endpoint))
      refused.push(`endpoint ${quoted(endpoint)} is not a path such as /api/v1/** (one * is one segment)`);
    else if (!plan.endpoints.allowed.some((allowed) => patternCovers(allowed, endpoint)))
      refused.push(`endpoint ${quoted(endpoint)} is not within plan ${plan.name}; allowed: ${plan.endpoints.allowed.join(', ')}`);
  }
  return wanted;
}

function narrowQuota(plan: Plan, asked: Parameters, refused: string[]): Limit | undefined {
  const { quota } = asked;
  if (quota !== undefined && !(Number.isSafeInteger(quota) && quota > 0)) {
    refused.push(`quota must be a whole positive number, not ${quota}`);
    return undefined;
  }
  if (!plan.quota) return quota === undefined ? undefined : { limit: quota, per: 'reservation' };
  const { per, unit, max } = plan.quota;
  if (quota !== undefined && quota > max)
    refused.push(`quota ${quota} is more than plan ${plan.name} grants (${max} per ${per})`);
  return { limit: quota ?? plan.quota.default, per, ...(unit && { unit }) };
}

function narrowRate(plan: Plan, asked: Parameters, refused: string[]): Limit | undefined {
  if (asked.rateLimit === undefined) return plan.rateLimit?.default;
  const rate = parseRate(asked.rateLimit);
  if (!rate) {
    refused.push(`rate limit ${quoted(asked.rateLimit)} is not of the form 100/hour (second, minute, hour, day, month)`);
    return undefined;
  }
  if (plan.rateLimit && !rateWithin(rate, plan.rateLimit.max))
    refused.push(`rate limit ${formatRate(rate)} is more than plan ${plan.name} grants (${formatRate(plan.rateLimit.max)})`);
  return rate;
}

function methodsOf(granted: readonly string[], scopes: Scopes): Grant['methods'] {
  const methods = new Set(granted.flatMap((scope) => (Object.hasOwn(scopes, scope) ? scopes[scope]!.methods : [])));
  return METHODS.filter((method) => methods.has(method));
}
