import { ASKABLE, type Askable, type Asked, type Driver, type Enforcement, type Kept } from '../../providers/driver.ts';
import type { Grant } from '../reservation/lease.ts';
import type { Plan, Scopes } from '../reservation/plan.ts';
import { rulesOf } from '../reservation/rights.ts';
import { expandScopes, isScopeWildcard } from '../reservation/scopes.ts';

/** A driver, as far as it says what it keeps. */
export type Enforcer = Pick<Driver<unknown>, 'limits' | 'limitsFor'>;

/** Who keeps each limit of those that are asked for. */
export type Keeping = Partial<Record<Askable, Kept>>;

/** What the keys of a plan want: as they are by default, and the most that a booking may ask for. */
export function askedOf(plan: Plan, scopes: Scopes): readonly Asked[] {
  const { quota, rateLimit, allowedIps, deniedIps, hours, furtherLimits, tokenType } = plan;
  const most = { default: 'default', allowed: 'max' } as const;
  return (['default', 'allowed'] as const).map((end) => ({
    ...scopesAsked(namedBy(plan.scopes[end], scopes), scopes),
    endpoints: plan.endpoints[end],
    quota: quota && { limit: quota[most[end]], per: quota.per, ...(quota.unit && { unit: quota.unit }) },
    rateLimit: rateLimit?.[most[end]],
    limits: furtherLimits,
    allowedIps,
    deniedIps,
    hours,
    tokenType,
  }));
}

/** What the keys of one lease want. */
export function askedOfGrant(grant: Grant, scopes: Scopes): Asked {
  const { endpoints, quota, rateLimit, limits, allowedIps, deniedIps, hours, tokenType } = grant;
  const rights = { endpoints, quota, rateLimit, limits, allowedIps, deniedIps, hours, tokenType };
  return { ...scopesAsked(grant.scopes, scopes), ...rights };
}

/** The scopes that a plan names, with what its wildcards stand for now. */
export function namedBy(patterns: readonly string[], scopes: Scopes): readonly string[] {
  const known = Object.keys(scopes);
  return [...new Set(patterns.flatMap((pattern) => (isScopeWildcard(pattern) ? expandScopes([pattern], known) : [pattern])))];
}

/** Who keeps each limit that is asked for; where that depends on how it is asked, the weakest answer. */
export function limitsOf(driver: Enforcer, asked: readonly Asked[]): Keeping {
  const reports = asked.map((one) => ({ wanted: wantedBy(one), report: driver.limitsFor?.(one) ?? driver.limits }));
  return Object.fromEntries(
    ASKABLE.flatMap((limit) => {
      const answers = reports.filter(({ wanted }) => wanted.has(limit)).map(({ report }) => report[limit] ?? BY_NOBODY);
      return answers.length === 0 ? [] : [[limit, answers.reduce((a, b) => (WEAKNESS[b.by] > WEAKNESS[a.by] ? b : a))]];
    }),
  );
}

/** The limits that nobody keeps. */
export function unkept(limits: Keeping): { readonly limit: Askable; readonly note?: string }[] {
  return ASKABLE.flatMap((limit) => {
    const kept = limits[limit];
    return kept?.by === 'none' ? [{ limit, note: kept.note }] : [];
  });
}

const BY_NOBODY: Kept = { by: 'none' };

const WEAKNESS: Readonly<Record<Enforcement, number>> = { gateway: 0, latchkey: 1, approximate: 2, none: 3 };

/**
 * A scope or a method is always asked for; a path only where not all are allowed. Not opening early is ours in any case: where the
 * provider cannot wait, the key is made when the window opens.
 */
function wantedBy(asked: Asked): ReadonlySet<Askable> {
  const wants: Partial<Record<Askable, boolean>> = {
    endpoints: !asked.endpoints.includes('/**'),
    quota: asked.quota !== undefined,
    rate: asked.rateLimit !== undefined,
    allowedIps: asked.allowedIps !== undefined,
    limits: asked.limits !== undefined,
    scopeEndpoints: asked.rules !== undefined,
    deniedIps: asked.deniedIps !== undefined,
    hours: asked.hours !== undefined,
    tokens: asked.tokenType === 'jwt',
  };
  return new Set<Askable>(['scopes', 'methods', 'expiry', ...ASKABLE.filter((limit) => wants[limit])]);
}

function scopesAsked(granted: readonly string[], scopes: Scopes): Pick<Asked, 'scopes' | 'methodsByScope' | 'rules'> {
  return {
    scopes: granted,
    methodsByScope: Object.fromEntries(
      granted.map((scope) => [scope, Object.hasOwn(scopes, scope) ? scopes[scope]!.methods : []]),
    ),
    rules: rulesOf(granted, scopes),
  };
}
