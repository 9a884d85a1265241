import type { Kysely } from 'kysely';
import { callsInHour, hoursLeft, newAddresses, thresholdsReached, type Measure } from '../ledger/alerts.ts';
import type { Database } from '../ledger/schema.ts';
import type { AlertType, Rule } from './rule.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

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

/** The values that rules of one type are held against now; of who cannot meet any of them some are left out. */
export async function measuresFor(
  db: Kysely<Database>,
  type: AlertType,
  { rules, now }: { readonly rules: readonly Rule[]; readonly now: Date },
): Promise<readonly Measure[]> {
  if (rules.length === 0) return [];
  switch (type) {
    case 'RATE_LIMIT_THRESHOLD':
      return await thresholdsReached(db, new Date(now.getTime() - DAY_MS));
    case 'EXPIRY_WARNING': {
      const hours = Math.max(...rules.map(({ threshold }) => threshold));
      return await hoursLeft(db, { now, before: new Date(now.getTime() + hours * HOUR_MS) });
    }
    case 'NEW_ADDRESS':
      return await newAddresses(db, new Date(now.getTime() - DAY_MS));
    default: {
      const hour = new Date(now.getTime() - (now.getTime() % HOUR_MS));
      return await callsInHour(db, { codes: CODES[type], hour, least: leastOf(rules) });
    }
  }
}

/** Whoever has fewer meets no rule. */
function leastOf(rules: readonly Rule[]): number {
  return Math.min(...rules.map(({ operator, threshold }) => (operator === 'lt' || operator === 'lte' ? 0 : threshold)));
}
