import type { Asked, IssueRequest, RateLimit } from '../driver.ts';
import type { Values } from './filters.ts';

/* What a preset may name, and where each value comes from. Absent stays absent: a key without a quota has no `quota.limit`. */

const LIMITS = [
  'scopes',
  'methods',
  'endpoints',
  'allowedIps',
  ...['quota', 'rate'].flatMap((limit) => ['limit', 'per', 'seconds', 'ms', 'text'].map((part) => `${limit}.${part}`)),
  'rate.within',
];

/** What is asked of a key. */
export const ASKED_NAMES: readonly string[] = LIMITS;

/** Where a key is made or moved. */
export const REQUEST_NAMES: readonly string[] = [
  'key',
  'name',
  'keyId',
  'lease',
  'reservation.id',
  'reservation.source',
  'resource.id',
  'resource.name',
  'resource.type',
  'holder.id',
  'holder.name',
  ...LIMITS,
  ...['opens', 'expires'].flatMap((instant) => ['iso', 'epochS', 'epochMs'].map((form) => `${instant}.${form}`)),
  'expires.past',
  'expires.ttlS',
  'expires.ttlHours',
];

/** Where all that is known is which key it is. */
export const KEY_NAMES: readonly string[] = ['key', 'name'];

const SECONDS = { second: 1, minute: 60, hour: 3600, day: 86_400, month: 30 * 86_400, reservation: undefined };

export function askedValues({ scopes, methodsByScope, endpoints, allowedIps, quota, rateLimit }: Asked): Values {
  return {
    scopes,
    methodsByScope,
    methods: [...new Set(scopes.flatMap((scope) => methodsByScope[scope] ?? []))],
    endpoints,
    allowedIps,
    quota: quota && limitValues(quota),
    rate: rateLimit && { ...limitValues(rateLimit), within: withinQuota(rateLimit, quota) },
  };
}

/** The rate's limit, or the quota's where that is less and holds for as long: more could not be used. For vendors that refuse such a rate. */
function withinQuota({ limit, per }: RateLimit, quota: RateLimit | undefined): number {
  const lasts = quota && (SECONDS[quota.per] ?? Infinity) >= (SECONDS[per] ?? Infinity);
  return lasts ? Math.min(limit, quota.limit) : limit;
}

export function requestValues(request: IssueRequest): Values {
  const { name, keyId, lease, reservation, resource, holder, window } = request;
  return {
    ...askedValues(request),
    key: request.secret.reveal(),
    name,
    keyId,
    lease,
    reservation,
    resource,
    holder,
    opens: instantValues(window.opensAt),
    expires: expiryValues(window.closesAt),
  };
}

function limitValues({ limit, per }: RateLimit) {
  const seconds = SECONDS[per];
  return { limit, per, seconds, ms: seconds && seconds * 1000, text: `${limit}/${per}` };
}

function instantValues(at: Date) {
  return { iso: at.toISOString(), epochS: Math.ceil(at.getTime() / 1000), epochMs: at.getTime() };
}

/** Vendors that count from now, or take no end in the past, are the only ones for whom the clock is looked at. None is ever sent 0, which is for ever to some. */
function expiryValues(at: Date) {
  const left = (unitMs: number) => Math.max(1, Math.ceil((at.getTime() - Date.now()) / unitMs));
  return {
    ...instantValues(at),
    get past() {
      return at.getTime() <= Date.now();
    },
    get ttlS() {
      return left(1000);
    },
    get ttlHours() {
      return left(3_600_000);
    },
  };
}
