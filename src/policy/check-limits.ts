import { formatRate, rateWithin } from '../reservation/limits.ts';
import type { Limit } from '../reservation/plan.ts';
import type { Path, Report } from './problems.ts';

/** Warns of a limit that nobody can ever reach, because another one always refuses before it. `beside` are limits from elsewhere. */
export function checkHidden(limits: readonly Limit[], path: Path, report: Report, beside: readonly Limit[] = []): void {
  for (const [index, limit] of limits.entries()) {
    const earlier = [...beside, ...limits.slice(0, index)];
    const later = limits.slice(index + 1).filter((other) => !hides(limit, other));
    const tighter = [...earlier, ...later].find((other) => hides(other, limit));
    if (tighter)
      report({
        path: [...path, index],
        message: `can never be reached: ${formatRate(tighter)} refuses before ${formatRate(limit)} does`,
        fix: 'leave it out, or write fewer',
        severity: 'warning',
      });
  }
}

/** A call costs 1 at least, so what is kept in cost is kept in requests, and not the other way round. */
function hides(tighter: Limit, limit: Limit): boolean {
  return rateWithin(tighter, limit) && (tighter.unit === limit.unit || tighter.unit === undefined);
}
