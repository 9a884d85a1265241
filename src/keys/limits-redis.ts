import { Redis } from 'ioredis';
import type { Limit } from '../reservation/plan.ts';
import type { Secret } from '../secret/secret.ts';
import { quotaRefused, quotaState, type Budget, type Limits, type MemoryLimits, type Taken } from './limits.ts';
import { periodEnd, periodStart, windowMs } from './periods.ts';

const ANSWER_MS = 250;
const DAY_MS = 86_400_000;
/** A reservation's counter may leave Redis after this long without harm: the next request puts it back from what the ledger knows. */
const RESERVATION_MS = 400 * DAY_MS;

export interface RedisLimitsOptions {
  readonly client: Redis;
  /** This node's own limits, for as long as Redis does not answer. */
  readonly fallback: MemoryLimits;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
  readonly prefix?: string;
}

/** A client that fails fast: a request waits a quarter of a second for Redis at most, and not at all while it is known to be away. */
export function connectRedis(url: Secret): Redis {
  const client = new Redis(url.reveal(), { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: ANSWER_MS });
  // Without a listener ioredis prints every failed connect; the limits notice by themselves.
  client.on('error', () => {});
  return client;
}

/**
 * Takes all or nothing, in one step. KEYS: the rate's counter, the quota's. ARGV: the cost, then limit and life in milliseconds of either
 * (a limit below 0 is none), then what the ledger knows of the quota: a counter that is new to Redis, or was lost with it, is no lower.
 * Answers what refused (0 nothing, 1 the rate, 2 the quota), the rate's counter, how long that lives (below 0 when there is none), the
 * quota's counter.
 */
const TAKE = `
local cost, rateLimit, rateMs, quotaLimit, quotaMs, known = unpack(ARGV)
cost, rateLimit, quotaLimit = tonumber(cost), tonumber(rateLimit), tonumber(quotaLimit)
local rate = rateLimit < 0 and 0 or tonumber(redis.call('get', KEYS[1]) or 0)
local quota = quotaLimit < 0 and 0 or math.max(tonumber(redis.call('get', KEYS[2]) or 0), tonumber(known))
local refused = 0
if rateLimit >= 0 and rate + cost > rateLimit then refused = 1
elseif quotaLimit >= 0 and quota + cost > quotaLimit then refused = 2 end
if refused == 0 and rateLimit >= 0 then
  rate = redis.call('incrby', KEYS[1], ARGV[1])
  if redis.call('pttl', KEYS[1]) < 0 then redis.call('pexpire', KEYS[1], rateMs) end
end
if refused == 0 and quotaLimit >= 0 then
  quota = quota + cost
  redis.call('set', KEYS[2], string.format('%.0f', quota), 'PX', quotaMs)
end
return { refused, rate, rateLimit < 0 and -2 or redis.call('pttl', KEYS[1]), quota }
`;

interface Taker {
  latchkeyTake(...keysAndArguments: readonly (string | number)[]): Promise<readonly [number, number, number, number]>;
}

/**
 * Limits shared by all nodes through Redis: each request is one atomic step, so however many nodes ask, no more than the limit pass.
 * The rate's window is fixed, from the first request on: over its boundary up to twice the limit may pass in one length of the window
 * (this process's own limits slide). While Redis does not answer, each node goes on with limits of its own, its quotas from the last shared
 * count: better than refusing everybody, at most one limit more for each node.
 */
export function createRedisLimits({ client, fallback, log, prefix = 'latchkey' }: RedisLimitsOptions): Limits {
  client.defineCommand('latchkeyTake', { numberOfKeys: 2, lua: TAKE });
  const taker = client as unknown as Taker;
  let away = false;

  async function take(budget: Budget, cost: number, at: number): Promise<Taken> {
    try {
      const taken = await share(budget, cost, at);
      if (away) log('redis answers again; limits are shared');
      away = false;
      return taken;
    } catch (error) {
      if (!away)
        log('redis does not answer; limits are counted by each node', {
          error: error instanceof Error ? error.message : 'unknown',
        });
      away = true;
      return fallback.take(budget, cost, at);
    }
  }

  async function share({ lease, rateLimit, quota }: Budget, cost: number, at: number): Promise<Taken> {
    if (!rateLimit && !quota) return {};
    const [refused, rateUsed, rateMs, used] = await taker.latchkeyTake(
      `${prefix}:rate:${lease}`,
      `${prefix}:quota:${lease}:${quota ? `${quota.per}:${periodStart(quota.per, at)}` : 'none'}`,
      cost,
      rateLimit?.limit ?? -1,
      rateLimit ? Math.min(windowMs(rateLimit.per), RESERVATION_MS) : 0,
      quota?.limit ?? -1,
      quota ? quotaMs(quota, at) : 0,
      quota ? fallback.spent(lease, quota.per, at) : 0,
    );
    if (quota) fallback.restore(lease, { per: quota.per, used, at });
    const rate = rateLimit && rateState({ used: rateUsed, leftMs: rateMs }, rateLimit, at);
    if (refused === 1 && rateLimit)
      return { refused: 'RATE_LIMITED', rateLimit: rate, retryAfterMs: cost > rateLimit.limit ? undefined : Math.max(rateMs, 1) };
    if (refused === 2 && quota) return quotaRefused({ used, quota, cost, at });
    return { rateLimit: rate, quota: quota && quotaState(used, quota, at) };
  }

  return {
    take,
    restore: (lease, spent) => fallback.restore(lease, spent),
    forget: (lease) => fallback.forget(lease),
    async close() {
      client.disconnect();
      await fallback.close();
    },
  };
}

/** A day longer than its period, for a node whose clock is behind. */
function quotaMs({ per }: Limit, at: number): number {
  const end = periodEnd(per, at);
  return end === null ? RESERVATION_MS : end - at + DAY_MS;
}

function rateState({ used, leftMs }: { used: number; leftMs: number }, { limit, per }: Limit, at: number): Taken['rateLimit'] {
  const resetAt = per === 'reservation' || leftMs < 0 ? null : new Date(at + leftMs);
  return { limit, remaining: Math.max(limit - used, 0), resetAt };
}
