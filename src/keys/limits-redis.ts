import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Limit } from '../reservation/plan.ts';
import type { Secret } from '../secret/secret.ts';
import type { Bound, Check } from './account.ts';
import type { Budget, Limits, LimitState, Taken } from './budget.ts';
import type { MemoryLimits } from './limits.ts';
import { usedAt } from './meter.ts';
import { periodEnd, periodStart } from './periods.ts';
import { quotaName } from './quota-counter.ts';
import { FITS, TAKE } from './redis-script.ts';
import { createSilence } from './silence.ts';
import { quotaLimit, refused, spentOf, told, UNLIMITED, weightOf, type Full } from './taken.ts';

const LOOK_MS = 250;
const DAY_MS = 86_400_000;
/** A reservation's counter may leave Redis after this long without harm: the next request puts it back from what the ledger knows. */
const RESERVATION_MS = 400 * DAY_MS;

export interface RedisLimitsOptions {
  readonly client: Redis;
  /** This node's own limits: it counts there too, so that it can go on from there while Redis does not answer. */
  readonly fallback: MemoryLimits;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
  readonly prefix?: string;
}

/** A client that fails fast, and not at all because it is slow: that is seen by who waits. */
export function connectRedis(url: Secret): Redis {
  const client = new Redis(url.reveal(), { enableOfflineQueue: false, maxRetriesPerRequest: 0 });
  // Without a listener ioredis prints every failed connect; the limits notice by themselves.
  client.on('error', () => {});
  return client;
}

interface Taker {
  latchkeyTake(keys: number, ...keysAndArguments: readonly (string | number)[]): Promise<readonly number[]>;
}

/**
 * Limits shared by all nodes through Redis: each request is one atomic step there over all its windows and the quota, so however many nodes
 * ask, no more than the limit pass in any window. While Redis does not answer, each node goes on with limits of its own, from the last
 * count it knows: better than refusing everybody, at most one limit more for each node.
 */
export function createRedisLimits({ client, fallback, log, prefix = 'latchkey' }: RedisLimitsOptions): Limits {
  client.defineCommand('latchkeyTake', { lua: TAKE });
  const taker = client as unknown as Taker;
  const { unlessSilent } = createSilence();
  let state: 'shared' | 'away' | 'closed' = 'shared';

  async function take(budget: Budget, cost: number, at: number): Promise<Taken> {
    if (state === 'away') return fallback.take(budget, cost, at);
    try {
      return await share(budget, cost, at);
    } catch (error) {
      if (state === 'shared') {
        state = 'away';
        log('redis does not answer; limits are counted by each node', {
          error: error instanceof Error ? error.message : 'unknown',
        });
        void lookForIt();
      }
      return fallback.take(budget, cost, at);
    }
  }

  /** No request waits for a Redis that is known to be away. */
  async function lookForIt(): Promise<void> {
    while (state === 'away') {
      await wait(LOOK_MS, undefined, { ref: false });
      const answers = await unlessSilent(client.ping()).then(
        () => true,
        () => false,
      );
      if (!answers || state !== 'away') continue;
      log('redis answers again; limits are shared');
      state = 'shared';
    }
  }

  async function share(budget: Budget, cost: number, at: number): Promise<Taken> {
    const bound = fallback.accounts.boundOf(budget);
    const { checks, own, shared } = bound;
    const { quota } = budget;
    if (own.ruling?.frozen || shared?.ruling?.frozen) return fallback.take(budget, cost, at);
    if (checks.length === 0 && !quota) return UNLIMITED;
    const keys = keysOf(bound, quota, { prefix, at });
    const answer = await unlessSilent(
      taker.latchkeyTake(keys.length, ...keys, checks.length, ...argumentsOf(checks, cost, at), ...quotaArguments()),
    );
    const [refusals = 0, used = 0, ...readings] = answer;
    if (refusals === 0) fallback.note(budget, cost, at);
    if (quota) fallback.restore(budget.lease, { per: quota.per, unit: quota.unit, used, at });
    const spent = quota && spentOf({ used, limit: quotaLimit(own, quota, at) }, quota, at);
    const taken = told(checks.map(stateOf(readings)), spent, { quota, at });
    return refusals === 0 ? taken : refused(taken, fullOf(checks, readings), { quota, cost, at });

    function quotaArguments(): (string | number)[] {
      return quota ? [quotaLimit(own, quota, at), weightOf(quota, cost), quotaMs(quota, at), fallback.spent(budget, at)] : [];
    }
  }

  return {
    take,
    restore: (lease, spent) => fallback.restore(lease, spent),
    forget: (lease) => fallback.forget(lease),
    async close() {
      state = 'closed';
      client.disconnect();
      await fallback.close();
    },
  };
}

function keysOf({ checks, own }: Bound, quota: Limit | undefined, { prefix, at }: { prefix: string; at: number }): string[] {
  const keys = [`${prefix}:since`, ...checks.map(({ budget, meter }) => `${prefix}:window:${budget}:${meter.name}`)];
  if (quota) keys.push(`${prefix}:quota:${own.id}:${quotaName(quota)}:${periodStart(quota.per, at)}`);
  return keys;
}

function argumentsOf(checks: readonly Check[], cost: number, at: number): number[] {
  return checks.flatMap(({ limit, byRequest, meter }) => {
    const { ms, tickMs } = meter.window;
    // What is too short to be told between nodes is not worth bringing back either.
    const known = meter.elsewhere ? usedAt(meter, at) : 0;
    return [limit, byRequest ? 1 : cost, ...(ms === Infinity ? [-1, -1] : [ms, tickMs]), known];
  });
}

function stateOf(readings: readonly number[]): (check: Check, place: number) => LimitState {
  return ({ name, limit, windowSeconds }, place) => {
    const [used = 0, resetMs = -1] = readings.slice(place * 3);
    return { name, limit, remaining: Math.max(limit - used, 0), windowSeconds, resetMs: resetMs < 0 ? null : resetMs };
  };
}

function fullOf(checks: readonly Check[], readings: readonly number[]): Full[] {
  return checks.flatMap(({ name }, place) => {
    const waitMs = readings[place * 3 + 2] ?? FITS;
    return waitMs === FITS ? [] : [{ name, waitMs: waitMs < 0 ? Infinity : waitMs }];
  });
}

/** A day longer than its period, for a node whose clock is behind. */
function quotaMs({ per }: Limit, at: number): number {
  const end = periodEnd(per, at);
  return end === null ? RESERVATION_MS : end - at + DAY_MS;
}
