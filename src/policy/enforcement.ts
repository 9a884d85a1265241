import type { LimitReport } from '../../providers/driver.ts';
import type { Plan } from '../reservation/plan.ts';
import { problemAt, type Locate, type Path, type Problem } from './problems.ts';

export interface EnforcementCheck {
  readonly file: string;
  /** A plan that could not be read is left out, and keeps its place. */
  readonly policy: { readonly plans: readonly (Plan | undefined)[] };
  /** What the driver of a provider reports; undefined where that is not known. */
  readonly limitsOf: (provider: string) => LimitReport | undefined;
  readonly lineOf: Locate;
}

/**
 * A plan that asks for what its driver does not enforce does not start, unless it says `unenforced: accept`. Not opening early is
 * ours in any case: where the provider cannot wait, the key is made when the window opens.
 */
export function checkEnforcement({ file, policy, limitsOf, lineOf }: EnforcementCheck): Problem[] {
  return policy.plans.flatMap((plan, index) => {
    if (!plan || plan.acceptsUnenforced) return [];
    const limits = limitsOf(plan.provider);
    if (!limits) return [];
    return asked(plan)
      .filter(({ limit }) => limits[limit].by === 'none')
      .map(({ limit, section }) => {
        const { note } = limits[limit];
        const path: Path = ['plans', index, ...(section ? [section] : [])];
        const message = `asks for ${limit}, which provider "${plan.provider}" does not enforce${note ? ` (${note})` : ''}`;
        return problemAt(
          file,
          lineOf,
        )({ path, message, fix: 'leave it out, choose another provider, or write unenforced: accept' });
      });
  });
}

interface Asked {
  readonly limit: keyof LimitReport;
  readonly section?: string;
}

/** A scope or a method is always asked for; a path only where the plan does not allow all. */
function asked(plan: Plan): Asked[] {
  return [
    { limit: 'scopes', section: 'scopes' },
    { limit: 'methods', section: 'scopes' },
    { limit: 'expiry', section: 'window' },
    ...(plan.endpoints.allowed.includes('/**') && plan.endpoints.default.includes('/**')
      ? []
      : [{ limit: 'endpoints', section: 'endpoints' } as const]),
    ...(plan.quota ? [{ limit: 'quota', section: 'quota' } as const] : []),
    ...(plan.rateLimit ? [{ limit: 'rate', section: 'rateLimit' } as const] : []),
    ...(plan.allowedIps ? [{ limit: 'allowedIps', section: 'allowedIps' } as const] : []),
  ];
}
