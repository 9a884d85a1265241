import type { Limit } from '../reservation/plan.ts';
import type { Account, Bound, Check } from './account.ts';
import type { LimitState, Taken } from './budget.ts';
import { freesAt, used } from './meter.ts';
import { periodEnd, periodStart, windowMs } from './periods.ts';

/** How a call came out, told to its caller. */

export const UNLIMITED: Taken = { limits: [] };

type Spent = NonNullable<Taken['quota']>;

/** A window that has no room, and in how long it has; Infinity when it never has. */
export interface Full {
  readonly name: string;
  readonly waitMs: number;
}

/** The limits as they are after a call that passed, or before one that did not. */
export function told(limits: LimitState[], spent: Spent | undefined, { quota, at }: { quota?: Limit; at: number }): Taken {
  let tightest: LimitState | undefined;
  for (const state of limits) if (tightest === undefined || state.remaining < tightest.remaining) tightest = state;
  if (spent && quota) limits.push(quotaState(spent, quota, at));
  return { rateLimit: tightest && rateOf(tightest, at), quota: spent, limits };
}

/** `full` are the windows without room, in their order; without any it was the quota alone. */
export function refused(
  taken: Taken,
  full: readonly Full[],
  { quota, cost, at }: { quota?: Limit; cost: number; at: number },
): Taken {
  const [first] = full;
  const state = first && taken.limits.find(({ name }) => name === first.name);
  const waits = full.map(({ waitMs }) => waitMs);
  if (quota && taken.quota) waits.push(quotaWait(taken.quota, weightOf(quota, cost), at));
  const waitMs = Math.max(...waits);
  return {
    ...taken,
    refused: state ? 'RATE_LIMITED' : 'QUOTA_EXCEEDED',
    rateLimit: state ? rateOf(state, at) : taken.rateLimit,
    retryAfterMs: Number.isFinite(waitMs) ? waitMs : undefined,
  };
}

/** The windows of this process, which were brought to `at` before, and its quota. */
export function toldHere({ own, checks }: Bound, quota: Limit | undefined, at: number): Taken {
  const limits: LimitState[] = [];
  for (const check of checks) limits.push(stateHere(check, at));
  const spent = quota && spentOf({ used: own.counter?.used ?? 0, limit: quotaLimit(own, quota, at) }, quota, at);
  return told(limits, spent, { quota, at });
}

export function fullHere({ name, limit, meter, byRequest }: Check, cost: number, at: number): Full {
  return { name, waitMs: freesAt(meter, used(meter) + (byRequest ? 1 : cost) - limit) - at };
}

/** The quota with what staff added to it for the period that holds `at`. */
export function quotaLimit({ ruling }: Account, { limit, per }: Limit, at: number): number {
  if (ruling === undefined || ruling.extra === 0) return limit;
  return periodStart(per, ruling.extraFrom) === periodStart(per, at) ? limit + ruling.extra : limit;
}

export function weightOf({ unit }: Limit, cost: number): number {
  return unit === 'requests' ? 1 : cost;
}

export function spentOf({ used: spent, limit }: { used: number; limit: number }, { per }: Limit, at: number): Spent {
  const end = periodEnd(per, at);
  return { limit, used: spent, remaining: Math.max(limit - spent, 0), resetAt: end === null ? null : new Date(end) };
}

function stateHere({ name, limit, meter, windowSeconds }: Check, at: number): LimitState {
  const inWindow = used(meter);
  const resets = inWindow === 0 ? Infinity : freesAt(meter, 1);
  const resetMs = resets === Infinity ? null : resets - at;
  return { name, limit, remaining: Math.max(limit - inWindow, 0), windowSeconds, resetMs };
}

function rateOf({ limit, remaining, resetMs }: LimitState, at: number): NonNullable<Taken['rateLimit']> {
  return { limit, remaining, resetAt: resetMs === null ? null : new Date(at + resetMs) };
}

function quotaState({ limit, remaining, resetAt }: Spent, { per }: Limit, at: number): LimitState {
  const ms = windowMs(per);
  const windowSeconds = ms === Infinity ? null : ms / 1000;
  return { name: 'quota', limit, remaining, windowSeconds, resetMs: resetAt && resetAt.getTime() - at };
}

function quotaWait({ limit, used: spent, resetAt }: Spent, weight: number, at: number): number {
  if (spent + weight <= limit) return 0;
  return resetAt === null || weight > limit ? Infinity : resetAt.getTime() - at;
}
