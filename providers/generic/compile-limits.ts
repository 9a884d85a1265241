import { type Asked, ENFORCED, type LimitReport } from '../driver.ts';
import { compileCondition } from './condition.ts';
import { type Context, inside, knowing } from './expression.ts';
import type { Values } from './filters.ts';
import type { PresetFile } from './preset-schema.ts';
import { ASKED_NAMES, askedValues } from './values.ts';

/** What the vendor's gateway keeps, and what of it depends on what is asked. Without a case, nothing does. */
export function compileLimits(
  written: PresetFile['limits'],
  context: Context,
): { limits: LimitReport; limitsFor?(asked: Asked, values: Values): LimitReport } {
  const within = knowing(context, ...ASKED_NAMES);
  const limits = eachLimit(({ by, note }) => ({ by, note }));
  const cases = ENFORCED.flatMap((limit) =>
    written[limit].cases.map(({ when, by, note }, index) => ({
      limit,
      holds: compileCondition(when, inside(within, limit, 'cases', index, 'when')),
      instead: { by, note },
    })),
  );
  function eachLimit<T>(of: (limit: PresetFile['limits'][(typeof ENFORCED)[number]]) => T) {
    return Object.fromEntries(ENFORCED.map((limit) => [limit, of(written[limit])])) as Record<(typeof ENFORCED)[number], T>;
  }
  if (cases.length === 0) return { limits };
  return {
    limits,
    limitsFor(asked, base) {
      const values = { ...base, ...askedValues(asked) };
      // The first case that holds counts, so it is put in last.
      const hold = cases.filter(({ holds }) => holds(values)).reverse();
      return { ...limits, ...Object.fromEntries(hold.map(({ limit, instead }) => [limit, instead])) };
    },
  };
}
