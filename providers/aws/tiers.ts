import { hash } from 'node:crypto';
import type { UsagePlan } from '@aws-sdk/client-api-gateway';
import type { Asked, RateLimit } from '../driver.ts';

/** What a usage plan gives each of its keys: all keys of a tier share one plan. */
export interface Tier {
  /** `apiId:stage`, as AWS writes them; sorted. */
  readonly stages: readonly string[];
  readonly throttle?: { readonly rateLimit: number; readonly burstLimit: number };
  readonly quota?: { readonly limit: number; readonly period: string; readonly offset: number };
}

export const SECONDS: Readonly<Partial<Record<RateLimit['per'], number>>> = { second: 1, minute: 60, hour: 3600, day: 86_400 };
export const QUOTA_PERIODS: Readonly<Partial<Record<RateLimit['per'], 'DAY' | 'MONTH'>>> = { day: 'DAY', month: 'MONTH' };

/** A limit for which AWS has no period is left out: never made another. */
export function tierFor({ rateLimit, quota }: Pick<Asked, 'rateLimit' | 'quota'>, stages: readonly string[]): Tier {
  const seconds = rateLimit && SECONDS[rateLimit.per];
  const period = quota && QUOTA_PERIODS[quota.per];
  return {
    stages: [...new Set(stages)].sort(),
    ...(seconds && { throttle: { rateLimit: Number((rateLimit.limit / seconds).toPrecision(9)), burstLimit: rateLimit.limit } }),
    ...(period && { quota: { limit: quota.limit, period, offset: 0 } }),
  };
}

/** The tier that a plan is in fact, whoever changed it. */
export function tierOf({ apiStages = [], throttle, quota }: UsagePlan): Tier {
  const stages = apiStages.map(
    (one) => `${one.apiId}:${one.stage}${one.throttle && Object.keys(one.throttle).length ? ' with limits of its own' : ''}`,
  );
  return {
    stages: stages.sort(),
    ...(throttle && { throttle: { rateLimit: throttle.rateLimit ?? 0, burstLimit: throttle.burstLimit ?? 0 } }),
    ...(quota && { quota: { limit: quota.limit ?? 0, period: quota.period ?? 'DAY', offset: quota.offset ?? 0 } }),
  };
}

/** The same for the same tier, on every node and after any restart. */
export function planNameOf(tier: Tier): string {
  return `latchkey-${hash('sha256', canonical(tier)).slice(0, 16)}`;
}

const OURS = /^latchkey-[0-9a-f]{16}(?:-unused-(\d+))?$/;

export const isOurs = ({ name = '' }: UsagePlan): boolean => OURS.test(name);

/** Since when a plan of ours is set aside to be deleted, in seconds since 1970. */
export function unusedSince({ name = '' }: UsagePlan): number | undefined {
  const since = OURS.exec(name)?.[1];
  return since === undefined ? undefined : Number(since);
}

export const isSame = (one: Tier, other: Tier): boolean => canonical(one) === canonical(other);

/** How a plan is otherwise than wanted, for people. */
export function differences(actual: Tier, wanted: Tier): readonly string[] {
  const facts = (tier: Tier) => [
    `opens ${tier.stages.join(', ') || 'no stage'}`,
    `rate is ${rateOf(tier)}`,
    `quota is ${tier.quota ? `${tier.quota.limit}/${tier.quota.period.toLowerCase()}` : 'unlimited'}`,
  ];
  return isSame(actual, wanted) ? [] : facts(actual).filter((fact) => !facts(wanted).includes(fact));
}

function rateOf({ throttle }: Tier): string {
  if (!throttle) return 'unlimited';
  const { rateLimit, burstLimit } = throttle;
  const period = Object.entries(SECONDS).find(([, seconds]) => rough(burstLimit / seconds) === rough(rateLimit));
  return period ? `${burstLimit}/${period[0]}` : `${rough(rateLimit)}/second, ${burstLimit} at once`;
}

/** AWS gives back a rate with fewer digits than it was sent. */
const rough = (rate: number): string => String(Number(rate.toPrecision(6)));

function canonical({ stages, throttle, quota }: Tier): string {
  return JSON.stringify([
    stages,
    throttle ? [rough(throttle.rateLimit), throttle.burstLimit] : null,
    quota ? [quota.limit, quota.period, quota.offset] : null,
  ]);
}
