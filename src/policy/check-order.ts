import type { Plan } from '../reservation/plan.ts';
import type { Report } from './problems.ts';

/** A later plan of the same name, and one that an earlier plan leaves nothing to. */
export function checkOrder(plans: readonly (Plan | undefined)[], report: Report): void {
  for (const [index, plan] of plans.entries()) {
    if (!plan) continue;
    const earlier = plans.slice(0, index).filter((other) => other !== undefined);
    if (earlier.some((other) => other.name === plan.name))
      report({
        path: ['plans', index, 'name'],
        message: `is taken: "${plan.name}" is an earlier plan`,
        fix: 'give each plan its own name',
      });
    const greedy = earlier.find((other) => takesAllOf(other, plan));
    if (greedy)
      report({
        path: ['plans', index],
        message: `can never match: plan "${greedy.name}" before it takes everything it matches`,
        fix: `move it before "${greedy.name}"`,
        severity: 'warning',
      });
  }
}

function takesAllOf(earlier: Plan, later: Plan): boolean {
  if (earlier.project !== later.project) return false;
  return (['source', 'resource', 'resourceType'] as const).every((part) => {
    const glob = earlier.match[part];
    return glob === undefined || glob === '*' || glob === later.match[part];
  });
}
