import { ASKABLE } from '../../providers/driver.ts';
import type { Keeping } from '../policy/asked.ts';
import { formatRate } from '../reservation/limits.ts';
import type { Plan } from '../reservation/plan.ts';
import { table } from './table.ts';

/** What each plan grants at most and who keeps it, for people. */
export function planTable(plans: readonly (Plan & { readonly limits: Keeping })[]): string {
  return table(plans, [
    { title: 'PLAN', of: (plan) => plan.name },
    { title: 'PROJECT', of: (plan) => plan.project },
    { title: 'MATCHES', of: (plan) => matchOf(plan) },
    { title: 'PROVIDER', of: (plan) => plan.provider },
    { title: 'SCOPES', of: (plan) => plan.scopes.allowed.join(' ') },
    { title: 'ENDPOINTS', of: (plan) => plan.endpoints.allowed.join(' ') },
    { title: 'QUOTA', of: (plan) => (plan.quota ? `${plan.quota.max}/${plan.quota.per}` : 'none') },
    { title: 'RATE', of: (plan) => ratesOf(plan) },
    { title: 'LONGEST', of: (plan) => (plan.window.longestMs === undefined ? '' : lengthOf(plan.window.longestMs)) },
    { title: 'HANDOVER', of: (plan) => `${plan.handover.by.join(' ') || 'operator'}, confirm ${plan.handover.confirm}` },
    { title: 'ENFORCED BY', of: (plan) => enforcedBy(plan.limits), whole: true },
  ]);
}

/** `gateway: scopes methods; none: quota` */
export function enforcedBy(limits: Keeping): string {
  return Object.entries(Object.groupBy(ASKABLE, (limit) => limits[limit]?.by ?? 'nothing asked'))
    .filter(([by]) => by !== 'nothing asked')
    .map(([by, kept]) => `${by}: ${kept.join(' ')}`)
    .join('; ');
}

function ratesOf({ rateLimit, furtherLimits = [] }: Plan): string {
  return [...(rateLimit ? [rateLimit.max] : []), ...furtherLimits].map(formatRate).join(' ') || 'none';
}

function matchOf({ match }: Plan): string {
  const parts = (['source', 'resource', 'resourceType'] as const).filter((part) => match[part] !== undefined);
  return parts.length === 0 ? 'everything' : parts.map((part) => `${part}=${match[part]}`).join(' ');
}

/** In the largest unit that says it exactly. */
function lengthOf(ms: number): string {
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const)
    if (ms % size === 0) return `${ms / size}${unit}`;
  return `${ms}ms`;
}
