import { parseRate } from '../../reservation/limits.ts';
import type { Limit } from '../../reservation/plan.ts';
import type { RightsAsked } from '../asked.ts';
import type { Said } from './policies.ts';

/**
 * The limits that were said of a key. A quota that the key itself names is one for a month until a policy says for how long; a rate that it
 * names stands until a policy names another for the same period. Of several each counts.
 */
export function limitsOf({ terms, policies }: Said): Pick<RightsAsked, 'quota' | 'rateLimit' | 'limits'> {
  const quotas = policies.flatMap(({ policy_type: type, configuration }): Limit[] =>
    type === 'quota' ? [{ limit: configuration.limit, per: configuration.period }] : [],
  );
  const rates = policies.flatMap(({ policy_type: type, configuration }): Limit[] =>
    type === 'rate_limit' ? [parseRate(configuration.limit)!] : [],
  );
  const own = terms.rate_limit === undefined ? undefined : parseRate(terms.rate_limit);
  if (own && rates.every(({ per }) => per !== own.per)) rates.unshift(own);
  if (terms.quota !== undefined && quotas.length === 0) quotas.push({ limit: terms.quota, per: 'month' });
  const [quota, ...furtherQuotas] = quotas;
  const [rateLimit, ...furtherRates] = rates;
  const further = [...furtherQuotas, ...furtherRates];
  return { quota, rateLimit, ...(further.length > 0 && { limits: further }) };
}
