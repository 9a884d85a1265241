import type { Askable } from '../../providers/driver.ts';
import type { Catalogue, Plan } from '../reservation/plan.ts';
import { askedOf, limitsOf, unkept, type Enforcer } from './asked.ts';
import { problemAt, type Locate, type Path, type Problem } from './problems.ts';

export interface EnforcementCheck {
  readonly file: string;
  /** A plan that could not be read is left out, and keeps its place. */
  readonly policy: { readonly plans: readonly (Plan | undefined)[]; readonly scopesOf: Catalogue['scopesOf'] };
  /** The driver of a provider; undefined where that is not known. */
  readonly driverOf: (provider: string) => Enforcer | undefined;
  readonly lineOf: Locate;
}

/**
 * A plan that asks for what its driver does not enforce, by default or at its most, does not start, unless it says `unenforced: accept`. Nobody
 * can accept a token where the provider makes its own values, or knows nothing of its signature.
 */
export function checkEnforcement({ file, policy, driverOf, lineOf }: EnforcementCheck): Problem[] {
  return policy.plans.flatMap((plan, index) => {
    const driver = plan && driverOf(plan.provider);
    if (!plan || !driver) return [];
    const open = unkept(limitsOf(driver, askedOf(plan, policy.scopesOf(plan.project))));
    return open
      .filter(({ limit }) => limit === 'tokens' || !plan.acceptsUnenforced)
      .map(({ limit, note }) => {
        const section = SECTIONS[limit];
        const path: Path = ['plans', index, ...(section ? [section] : [])];
        const message = `asks for ${limit}, which provider "${plan.provider}" does not enforce${note ? ` (${note})` : ''}`;
        return problemAt(file, lineOf)({ path, message, fix: limit === 'tokens' ? FIX_OF_TOKENS : FIX });
      });
  });
}

const FIX = 'leave it out, choose another provider, or write unenforced: accept';
const FIX_OF_TOKENS = 'leave it out, or choose a provider whose driver is builtin';

/** Where a plan asks for it. */
const SECTIONS: Partial<Record<Askable, string>> = {
  scopes: 'scopes',
  methods: 'scopes',
  expiry: 'window',
  endpoints: 'endpoints',
  quota: 'quota',
  rate: 'rateLimit',
  allowedIps: 'allowedIps',
  limits: 'limits',
  scopeEndpoints: 'scopes',
  deniedIps: 'deniedIps',
  hours: 'hours',
  tokens: 'tokenType',
};
