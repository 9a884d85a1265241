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

/** A plan that asks for what its driver does not enforce, by default or at its most, does not start, unless it says `unenforced: accept`. */
export function checkEnforcement({ file, policy, driverOf, lineOf }: EnforcementCheck): Problem[] {
  return policy.plans.flatMap((plan, index) => {
    if (!plan || plan.acceptsUnenforced) return [];
    const driver = driverOf(plan.provider);
    if (!driver) return [];
    return unkept(limitsOf(driver, askedOf(plan, policy.scopesOf(plan.project)))).map(({ limit, note }) => {
      const section = SECTIONS[limit];
      const path: Path = ['plans', index, ...(section ? [section] : [])];
      const message = `asks for ${limit}, which provider "${plan.provider}" does not enforce${note ? ` (${note})` : ''}`;
      return problemAt(
        file,
        lineOf,
      )({ path, message, fix: 'leave it out, choose another provider, or write unenforced: accept' });
    });
  });
}

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
