import type { Asked, Enforcement, LimitReport } from '../driver.ts';
import type { Config } from './config.ts';
import { choose } from './premade.ts';
import { isMapped } from './stages.ts';
import { QUOTA_PERIODS, SECONDS } from './tiers.ts';

type Told = Pick<Config, 'scopes' | 'usagePlans'>;
type Entry = LimitReport['rate'];

/** What API Gateway keeps of what is asked; of anything that may be asked, where nothing is. */
export function reportOf(config: Told, asked?: Asked): LimitReport {
  const none = (note: string): Entry => ({ by: 'none', note });
  return {
    scopes: scopesOf(config, asked),
    endpoints: none('A stage opens with all its paths.'),
    methods: none('A stage opens with all its methods; a throttle on a method is a rate, not a barrier.'),
    quota: quotaOf(config, asked),
    rate: rateOf(config, asked),
    allowedIps: none("Not by key: a resource policy or WAF of the API's own would keep to addresses."),
    notBefore: { by: 'latchkey', note: 'Made ahead; Latchkey shows its value to nobody before the window opens.' },
    expiry: {
      by: 'latchkey',
      note: 'API Gateway ends no key by itself: Latchkey revokes it. The gateway may let it through some seconds longer.',
    },
  };
}

function scopesOf({ scopes, usagePlans }: Told, asked?: Asked): Entry {
  const note = 'A key is let in on the stages of its scopes only.';
  if (usagePlans) {
    const kept = asked ? choose(usagePlans, asked)?.scopes : usagePlans.some((plan) => plan.scopes);
    return kept ? { by: 'gateway', note } : { by: 'none', note: 'The usage plan does not tell which scopes its stages are.' };
  }
  const kept = asked ? isMapped({ scopes }, asked.scopes) : scopes !== undefined;
  return kept
    ? { by: 'gateway', note }
    : { by: 'none', note: 'All scopes share a stage: `scopes` gives them stages of their own.' };
}

function rateOf({ usagePlans }: Told, asked?: Asked): Entry {
  const { limit, per } = asked?.rateLimit ?? {};
  const kept: Entry = {
    by: 'approximate',
    note: `A token bucket that AWS calls best effort: ${limit ?? 'the limit'} at once, then as many again in each ${per ?? 'period'}.`,
  };
  if (per && !SECONDS[per]) return { by: 'none', note: `API Gateway knows no rate per ${per}: nothing is sent.` };
  return ofPlan(kept, usagePlans, { asked, limit: 'rateLimit' });
}

function quotaOf({ usagePlans }: Told, asked?: Asked): Entry {
  const { per } = asked?.quota ?? {};
  const kept: Entry = {
    by: 'approximate',
    note: `Counted by calendar ${per ?? 'day or month'}, and best effort: a booking across its end has the quota twice.`,
  };
  if (per && !QUOTA_PERIODS[per])
    return { by: 'none', note: `API Gateway counts by day, week or month only: a quota per ${per} is not sent as another.` };
  return ofPlan(kept, usagePlans, { asked, limit: 'quota' });
}

function ofPlan(
  kept: Entry,
  plans: Config['usagePlans'],
  { asked, limit }: { asked?: Asked; limit: 'quota' | 'rateLimit' },
): Entry {
  if (!plans || (asked && !asked[limit])) return kept;
  const told = asked ? choose(plans, asked)?.[limit] : plans.some((plan) => plan[limit]);
  return told ? kept : { by: 'none' satisfies Enforcement, note: 'No configured usage plan says that it keeps to it.' };
}
