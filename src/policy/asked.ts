import { ENFORCED, type Asked, type Driver, type Enforcement, type LimitReport } from '../../providers/driver.ts';
import type { Grant } from '../reservation/lease.ts';
import type { Catalogue, Plan } from '../reservation/plan.ts';

/** A driver, as far as it says what it keeps. */
export type Enforcer = Pick<Driver<unknown>, 'limits' | 'limitsFor'>;
type Limit = (typeof ENFORCED)[number];
type Scopes = Catalogue['scopes'];

/** What the keys of a plan want: as they are by default, and the most that a booking may ask for. */
export function askedOf(plan: Plan, scopes: Scopes): readonly Asked[] {
  const { quota, rateLimit, allowedIps } = plan;
  const most = { default: 'default', allowed: 'max' } as const;
  return (['default', 'allowed'] as const).map((end) => ({
    ...scopesOf(plan.scopes[end], scopes),
    endpoints: plan.endpoints[end],
    quota: quota && { limit: quota[most[end]], per: quota.per },
    rateLimit: rateLimit?.[most[end]],
    allowedIps,
  }));
}

/** What the keys of one lease want. */
export function askedOfGrant({ endpoints, quota, rateLimit, allowedIps, ...grant }: Grant, scopes: Scopes): Asked {
  return { ...scopesOf(grant.scopes, scopes), endpoints, quota, rateLimit, allowedIps };
}

/** Who keeps each limit that is asked for; where that depends on how it is asked, the weakest answer. */
export function limitsOf(driver: Enforcer, asked: readonly Asked[]): Partial<LimitReport> {
  const reports = asked.map((one) => ({ wanted: wantedBy(one), report: driver.limitsFor?.(one) ?? driver.limits }));
  return Object.fromEntries(
    ENFORCED.flatMap((limit) => {
      const answers = reports.filter(({ wanted }) => wanted.has(limit)).map(({ report }) => report[limit]);
      return answers.length === 0 ? [] : [[limit, answers.reduce((a, b) => (WEAKNESS[b.by] > WEAKNESS[a.by] ? b : a))]];
    }),
  );
}

/** The limits that nobody keeps. */
export function unkept(limits: Partial<LimitReport>): { readonly limit: Limit; readonly note?: string }[] {
  return ENFORCED.flatMap((limit) => {
    const kept = limits[limit];
    return kept?.by === 'none' ? [{ limit, note: kept.note }] : [];
  });
}

const WEAKNESS: Readonly<Record<Enforcement, number>> = { gateway: 0, latchkey: 1, approximate: 2, none: 3 };

/**
 * A scope or a method is always asked for; a path only where not all are allowed. Not opening early is ours in any case: where the
 * provider cannot wait, the key is made when the window opens.
 */
function wantedBy({ endpoints, quota, rateLimit, allowedIps }: Asked): ReadonlySet<Limit> {
  return new Set<Limit>([
    'scopes',
    'methods',
    'expiry',
    ...(endpoints.includes('/**') ? [] : (['endpoints'] as const)),
    ...(quota ? (['quota'] as const) : []),
    ...(rateLimit ? (['rate'] as const) : []),
    ...(allowedIps ? (['allowedIps'] as const) : []),
  ]);
}

function scopesOf(granted: readonly string[], scopes: Scopes): Pick<Asked, 'scopes' | 'methodsByScope'> {
  return {
    scopes: granted,
    methodsByScope: Object.fromEntries(
      granted.map((scope) => [scope, Object.hasOwn(scopes, scope) ? scopes[scope]!.methods : []]),
    ),
  };
}
