import type { Asked, Enforcement, LimitReport, RateLimit } from '../driver.ts';
import type { Family } from './config.ts';

/* Which policy of the gateway keeps a limit, and how well. */

/** So many calls in so many seconds; 0 seconds are the whole life of a subscription. */
export interface Budget {
  readonly calls: number;
  readonly seconds: number;
}

export interface RateRule extends Budget {
  readonly policy: 'rate-limit' | 'quota-by-key';
  readonly by: Enforcement;
}

/** The longest window of the rate policies. */
const LONGEST_RATE_SECONDS = 300;
const SECONDS = { second: 1, minute: 60, hour: 3600, day: 86_400, month: 30 * 86_400, reservation: 0 };

const shortly = 'Counted in a sliding window by each unit of the gateway, so a little more may pass.';
const RATE_NOTES: Record<Family, string> = {
  classic: `${shortly} More than 300 s are a fixed window, by the clock in UTC, and what is too much is answered with 403.`,
  v2: `${shortly} The longest window is 300 s: longer rates are brought down to it.`,
  consumption: `${shortly} The longest window is 300 s: longer rates are brought down to it.`,
};
const QUOTA_NOTE =
  'Counted from the first moment of the lease, a month as 30 days. A rotation goes on with the count; a key with other limits begins anew. ' +
  'When Azure restarts a unit of the gateway, it may let through more for a short time.';
const TOO_RARE = 'The gateway lets one request through in 300 s at least, which is more than this.';

export function limitsOf(family: Family): LimitReport {
  return {
    scopes: { by: 'gateway', note: 'A scope is its methods.' },
    endpoints: { by: 'gateway', note: "Paths at the gateway, with the API's own suffix. Unclear ones are refused." },
    methods: { by: 'gateway' },
    quota: { by: 'gateway', note: QUOTA_NOTE },
    rate: { by: 'approximate', note: RATE_NOTES[family] },
    allowedIps: { by: 'gateway', note: 'The address that the gateway sees: behind another proxy, the one of the proxy.' },
    notBefore: { by: 'latchkey', note: 'Made ahead; Latchkey shows its value to nobody before the window opens.' },
    expiry: { by: 'latchkey', note: 'Latchkey revokes it. The gateway is told the end too, in case Latchkey is late.' },
  };
}

/** What a plan asks for may be too rare for the gateway. */
export function limitsFor({ rateLimit }: Asked, family: Family): LimitReport {
  const limits = limitsOf(family);
  if (!rateLimit || rateRule(rateLimit, family).by !== 'none') return limits;
  return { ...limits, rate: { by: 'none', note: TOO_RARE } };
}

export function rateRule({ limit, per }: RateLimit, family: Family): RateRule {
  const seconds = SECONDS[per];
  if (seconds > 0 && seconds <= LONGEST_RATE_SECONDS) return { policy: 'rate-limit', calls: limit, seconds, by: 'approximate' };
  if (family === 'classic') return { policy: 'quota-by-key', calls: limit, seconds, by: 'approximate' };
  const calls = seconds > 0 ? Math.floor((limit * LONGEST_RATE_SECONDS) / seconds) : 0;
  return {
    policy: 'rate-limit',
    calls: Math.max(calls, 1),
    seconds: LONGEST_RATE_SECONDS,
    by: calls > 0 ? 'approximate' : 'none',
  };
}

export function quotaRule({ limit, per }: RateLimit): Budget {
  return { calls: limit, seconds: SECONDS[per] };
}
