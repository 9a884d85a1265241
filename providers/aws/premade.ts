import type { UsagePlan as Plan } from '@aws-sdk/client-api-gateway';
import { type Asked, type Call, DriverError, type RateLimit } from '../driver.ts';
import type { Client } from './client.ts';
import type { UsagePlan } from './config.ts';
import type { Plans } from './plans.ts';
import { type Tier, tierFor, tierOf } from './tiers.ts';

/** Chooses among plans that somebody else made; none is made, changed or deleted. */
export function createPremadePlans(
  configured: readonly UsagePlan[],
  { client, provider }: { client: Client; provider: string },
): Plans {
  return {
    async find(asked) {
      const plan = choose(configured, asked);
      if (!plan) throw new DriverError('rejected', `${provider}: none of the configured usage plans gives what is asked`);
      return plan.id;
    },
    forget() {},
    async all(call) {
      const plans: Plan[] = [];
      for (const { id } of configured) plans.push((await client.sendIfThere('GetUsagePlan', { usagePlanId: id }, call)) ?? {});
      return plans.filter(({ id }) => id);
    },
    async comparison() {
      return (plan, asked) => {
        const { id } = choose(configured, asked) ?? {};
        return plan.id === id ? [] : [`is in usage plan ${plan.id}, not ${id ?? 'one that is configured'}`];
      };
    },
  };
}

/**
 * The plan that keeps most of what is asked, and nothing that is not asked. What a plan does not tell of itself is not counted on.
 * Undefined when each tells of something else.
 */
export function choose(configured: readonly UsagePlan[], asked: Asked): UsagePlan | undefined {
  return configured
    .map((plan) => ({ plan, kept: keptBy(plan, asked) }))
    .filter(({ kept }) => !kept.includes(false))
    .toSorted((one, other) => other.kept.filter(Boolean).length - one.kept.filter(Boolean).length)[0]?.plan;
}

/** Of the limits that the plan tells of: whether it is the one that is asked. */
function keptBy(plan: UsagePlan, asked: Asked): readonly boolean[] {
  const told: boolean[] = [];
  if (plan.rateLimit) told.push(isEqual(plan.rateLimit, asked.rateLimit));
  if (plan.quota) told.push(isEqual(plan.quota, asked.quota));
  if (plan.scopes)
    told.push(asked.scopes.length === plan.scopes.length && asked.scopes.every((scope) => plan.scopes!.includes(scope)));
  return told;
}

const isEqual = (one: RateLimit, other: RateLimit | undefined): boolean => one.limit === other?.limit && one.per === other.per;

/** Plans that are not what the configuration says of them, for people. */
export async function checkPremade(configured: readonly UsagePlan[], client: Client, call: Call): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const told of configured) {
    const plan = await client.sendIfThere('GetUsagePlan', { usagePlanId: told.id }, call);
    if (!plan) wrong.push(`The usage plan ${told.id} is not there.`);
    else if (!isAsTold(tierOf(plan), tierFor(told, [])))
      wrong.push(`The usage plan ${told.id} has other limits than the configuration says.`);
  }
  return wrong;
}

/** Only how much may come at once is the plan's own affair. */
function isAsTold({ throttle, quota }: Tier, told: Tier): boolean {
  const rate = told.throttle?.rateLimit;
  return (
    (rate === undefined || Math.abs((throttle?.rateLimit ?? 0) / rate - 1) < 1e-4) &&
    (!told.quota || (quota?.limit === told.quota.limit && quota.period === told.quota.period))
  );
}
