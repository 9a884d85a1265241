import { networkWithin } from '../keys/addresses.ts';
import type { StoredRights } from '../ledger/tables/built-in.ts';
import { formatRate, rateWithin } from '../reservation/limits.ts';
import { isPathPattern } from '../reservation/patterns.ts';
import { METHODS, type Limit, type Method, type Scope } from '../reservation/plan.ts';
import { rulesOf } from '../reservation/rights.ts';
import { expandScopes, isScopeWildcard } from '../reservation/scopes.ts';
import { quoted } from '../reservation/text.ts';
import type { Bounds, Refusal, RightsAsked } from './asked.ts';
import { hoursWithin } from './hours.ts';

/**
 * The rights of a key: what is asked for, completed by the project's rules. What exceeds them is refused with its reasons, and nothing is
 * trimmed in silence; the rights are then of no use.
 */
export function rightsFor(
  asked: RightsAsked,
  { rules, scopes }: Pick<Bounds, 'rules' | 'scopes'>,
): { rights: StoredRights; refused: Refusal[] } {
  const refused: Refusal[] = [];
  const granted = scopesOf(asked, scopes, refused);
  const methods = methodsOf(
    asked,
    granted.map((name) => scopes[name]!),
    refused,
  );
  const rights = {
    scopes: granted,
    methods,
    endpoints: endpointsOf(asked, refused),
    rules: rulesOf(granted, scopes),
    ...limitsWithin(asked, rules, refused),
  };
  return { rights: stored(rights) as StoredRights, refused };
}

export type Limits = Pick<StoredRights, 'quota' | 'rateLimit' | 'limits' | 'allowedIps' | 'deniedIps' | 'hours'>;

/** Everything but what it is for: how much, from where and when, within what the project grants. */
export function limitsWithin(asked: Omit<RightsAsked, 'scopes'>, rules: Bounds['rules'], refused: Refusal[]): Limits {
  const limits = {
    quota: within('quota', asked.quota, rules.quota, refused),
    rateLimit: within('rateLimit', asked.rateLimit, rules.rateLimit, refused),
    limits: together(asked.limits, rules.limits),
    allowedIps: addressesOf(asked, rules.allowedIps, refused),
    deniedIps: together(asked.deniedIps, rules.deniedIps),
    hours: hoursOf(asked, rules.hours, refused),
  };
  for (const network of limits.deniedIps ?? []) checkNetwork(network, 'deniedIps', refused);
  return stored(limits) as Limits;
}

function scopesOf({ scopes: asked }: RightsAsked, scopes: Bounds['scopes'], refused: Refusal[]): string[] {
  const known = Object.keys(scopes);
  if (asked.length === 0) refused.push({ at: 'scopes', why: `a key needs a scope; there are ${known.join(', ')}` });
  for (const scope of asked) {
    if (isScopeWildcard(scope)) {
      if (expandScopes([scope], known).length === 0)
        refused.push({ at: 'scopes', why: `${quoted(scope)} is no scope of this project` });
    } else if (!Object.hasOwn(scopes, scope))
      refused.push({ at: 'scopes', why: `scope ${quoted(scope)} does not exist; known scopes: ${known.join(', ')}` });
  }
  return [...new Set(asked.flatMap((scope) => expandScopes([scope], known)))];
}

function methodsOf({ methods: asked }: RightsAsked, granted: readonly Scope[], refused: Refusal[]): Method[] {
  const allowed = new Set(granted.flatMap(({ methods }) => methods));
  if (!asked) return METHODS.filter((method) => allowed.has(method));
  if (asked.length === 0) refused.push({ at: 'methods', why: 'a key without methods opens nothing' });
  for (const method of asked)
    if (!allowed.has(method)) refused.push({ at: 'methods', why: `${method} is allowed by none of its scopes` });
  return METHODS.filter((method) => asked.includes(method));
}

function endpointsOf({ endpoints = ['/**'] }: RightsAsked, refused: Refusal[]): string[] {
  if (endpoints.length === 0) refused.push({ at: 'endpoints', why: 'a key without endpoints opens nothing' });
  for (const endpoint of endpoints)
    if (!isPathPattern(endpoint))
      refused.push({ at: 'endpoints', why: `${quoted(endpoint)} is not a path such as /api/v1/** (one * is one segment)` });
  return [...new Set(endpoints)];
}

function within(at: string, asked: Limit | null | undefined, most: Limit | undefined, refused: Refusal[]): Limit | undefined {
  if (asked === undefined) return most;
  if (asked === null) {
    if (most) refused.push({ at, why: `this project lets no key be without; it grants ${formatRate(most)}` });
    return undefined;
  }
  if (most && !rateWithin(asked, most))
    refused.push({ at, why: `${formatRate(asked)} is more than this project grants (${formatRate(most)})` });
  return asked;
}

function addressesOf(
  { allowedIps: asked }: Pick<RightsAsked, 'allowedIps'>,
  most: readonly string[] | undefined,
  refused: Refusal[],
) {
  if (!asked) return most;
  if (asked.length === 0) refused.push({ at: 'allowedIps', why: 'an empty list lets nobody in; leave it out for everybody' });
  for (const network of asked)
    if (checkNetwork(network, 'allowedIps', refused) && most && !most.some((outer) => networkWithin(network, outer)))
      refused.push({ at: 'allowedIps', why: `${network} is not within what this project allows (${most.join(', ')})` });
  return asked;
}

function checkNetwork(network: string, at: string, refused: Refusal[]): boolean {
  try {
    networkWithin(network, network);
    return true;
  } catch {
    refused.push({ at, why: `${quoted(network)} is not an IP address or a CIDR range` });
    return false;
  }
}

function hoursOf(
  { hours: asked }: Pick<RightsAsked, 'hours'>,
  most: RightsAsked['hours'],
  refused: Refusal[],
): RightsAsked['hours'] {
  if (!asked) return most;
  if (asked.length === 0) refused.push({ at: 'hours', why: 'an empty list is no time at all; leave it out for always' });
  for (const part of asked)
    if (most && !most.some((outer) => hoursWithin(part, outer)))
      refused.push({ at: 'hours', why: `${part.from} to ${part.to} (${part.zone}) is not within the hours of this project` });
  return asked;
}

/** The key's own and the project's: it has to keep both. */
function together<T>(own: readonly T[] | undefined, everybodys: readonly T[] | undefined): readonly T[] | undefined {
  if (!own && !everybodys) return undefined;
  const all = new Map([...(everybodys ?? []), ...(own ?? [])].map((one) => [JSON.stringify(one), one]));
  return all.size > 0 ? [...all.values()] : undefined;
}

/** As it is read back: without what is undefined. */
function stored(rights: unknown): unknown {
  return JSON.parse(JSON.stringify(rights));
}
