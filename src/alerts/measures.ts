import { callsByHour, hoursLeft, thresholdsReached, type Measures } from '../ledger/alert-news.ts';
import type { AlertType, Rule } from './rule.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** So long after its end an hour is still looked at: the last that was counted in it may be written down late. */
const LATE_MS = 120_000;

/** Verify codes by what they are a sign of. */
const CODES = {
  RATE_LIMIT_EXCEEDED: ['RATE_LIMITED', 'QUOTA_EXCEEDED'],
  IP_VIOLATION: ['IP_FORBIDDEN'],
  SCOPE_VIOLATION: ['INSUFFICIENT_SCOPE', 'ENDPOINT_FORBIDDEN'],
  USAGE_ANOMALY: ['VALID'],
  SUSPICIOUS_ACTIVITY: [
    'NOT_YET_VALID',
    'EXPIRED',
    'REVOKED',
    'SUSPENDED',
    'OUTSIDE_HOURS',
    'INSUFFICIENT_SCOPE',
    'ENDPOINT_FORBIDDEN',
    'IP_FORBIDDEN',
  ],
} as const satisfies Partial<Record<AlertType, readonly string[]>>;

/** What rules are held against now, but for addresses: one query for calls, one for thresholds, one for what ends soon, as far as a rule asks. */
export function measuresFor(rules: readonly Pick<Rule, 'type' | 'operator' | 'threshold'>[], now: Date): Measures[] {
  const byType = Map.groupBy(rules, ({ type }) => type);
  const queries: Measures[] = [];

  const kinds = Object.entries(CODES).flatMap(([type, codes]) => {
    const own = byType.get(type as AlertType);
    return own ? [{ type, codes, least: leastOf(own) }] : [];
  });
  const late = now.getTime() - LATE_MS;
  if (kinds.length > 0) queries.push(callsByHour({ kinds, since: new Date(late - (late % HOUR_MS)) }));

  if (byType.has('RATE_LIMIT_THRESHOLD'))
    queries.push(thresholdsReached({ type: 'RATE_LIMIT_THRESHOLD', since: new Date(now.getTime() - DAY_MS) }));

  const ending = byType.get('EXPIRY_WARNING');
  if (ending) {
    const hours = Math.min(Math.max(...ending.map(({ threshold }) => threshold)), LONGEST_WARNING_HOURS);
    queries.push(hoursLeft({ type: 'EXPIRY_WARNING', now, before: new Date(now.getTime() + hours * HOUR_MS) }));
  }
  return queries;
}

/** A century: what lies beyond is no instant any more. */
const LONGEST_WARNING_HOURS = 100 * 365 * 24;

/** Whoever has fewer meets no rule. */
function leastOf(rules: readonly Pick<Rule, 'operator' | 'threshold'>[]): number {
  return Math.min(...rules.map(({ operator, threshold }) => (operator === 'lt' || operator === 'lte' ? 0 : threshold)));
}
