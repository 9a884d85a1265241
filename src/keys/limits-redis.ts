import { Redis } from 'ioredis';
import { RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible';
import type { Limit } from '../reservation/plan.ts';
import type { Secret } from '../secret/secret.ts';
import { quotaRefused, quotaState, type Budget, type Limits, type MemoryLimits, type Taken } from './limits.ts';
import { periodEnd, periodStart, windowMs } from './periods.ts';

const ANSWER_MS = 250;
const DAY_S = 86_400;
/** A reservation's counter may leave Redis after this long without harm: the next request puts it back from what the ledger knows. */
const RESERVATION_S = 400 * DAY_S;

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
 * Limits shared by all nodes through Redis: each request is one atomic increment, so however many nodes ask, no more than the limit pass.
 * The rate's window is fixed, from the first request on: over its boundary up to twice the limit may pass in one length of the window
 * (this process's own limits slide). While Redis does not answer, each node goes on with limits of its own, its quotas from the last shared
 * count: better than refusing everybody, at most one limit more for each node.
 */
export function createRedisLimits({ client, fallback, log, prefix = 'latchkey' }: RedisLimitsOptions): Limits {
  const store = new RateLimiterRedis({
    storeClient: client,
    keyPrefix: prefix,
    points: 1,
    duration: 1,
    rejectIfRedisNotReady: true,
  });
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
    const rateKey = `rate:${lease}`;
    const rate = rateLimit && (await store.penalty(rateKey, cost, { customDuration: rateSeconds(rateLimit) }));
    if (rate && rateLimit && rate.consumedPoints > rateLimit.limit) {
      await giveBack(rateKey, cost);
      return {
        ...rateTaken(rate, rateLimit, at),
        refused: 'RATE_LIMITED',
        retryAfterMs: cost > rateLimit.limit ? undefined : Math.max(rate.msBeforeNext, 1),
      };
    }
    const used = quota && (await takeQuota(lease, { quota, cost, at }));
    if (quota && used && used.refused) {
      if (rate) await giveBack(rateKey, cost);
      return quotaRefused({ used: used.count, quota, cost, at });
    }
    return {
      ...(rate && rateLimit && rateTaken(rate, rateLimit, at)),
      ...(quota && used && { quota: quotaState(used.count, quota, at) }),
    };
  }

  async function takeQuota(lease: string, { quota, cost, at }: { quota: Limit; cost: number; at: number }) {
    const key = `quota:${lease}:${quota.per}:${periodStart(quota.per, at)}`;
    const end = periodEnd(quota.per, at);
    const options = { customDuration: end === null ? RESERVATION_S : Math.ceil((end - at) / 1000) + DAY_S };
    let counter = await store.penalty(key, cost, options);
    if (counter.consumedPoints === cost) {
      // A counter that is new to Redis, or was lost with it: what the ledger knows is used already.
      const known = fallback.spent(lease, quota.per, at);
      if (known > 0) counter = await store.penalty(key, known, options);
    }
    if (counter.consumedPoints > quota.limit) {
      await giveBack(key, cost);
      return { refused: true, count: Math.min(counter.consumedPoints - cost, quota.limit) };
    }
    fallback.restore(lease, { per: quota.per, used: counter.consumedPoints, at });
    return { refused: false, count: counter.consumedPoints };
  }

  /** A refused call burns nothing. Should the counter have ended meanwhile, what is written is gone in a second. */
  async function giveBack(key: string, cost: number): Promise<void> {
    await store.reward(key, cost, { customDuration: 1 });
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

function rateSeconds({ per }: Limit): number {
  return per === 'reservation' ? RESERVATION_S : windowMs(per) / 1000;
}

function rateTaken(counter: RateLimiterRes, { limit, per }: Limit, at: number): Pick<Taken, 'rateLimit'> {
  const resetAt = per === 'reservation' ? null : new Date(at + Math.max(counter.msBeforeNext, 0));
  return { rateLimit: { limit, remaining: Math.max(limit - counter.consumedPoints, 0), resetAt } };
}
