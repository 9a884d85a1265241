import type { UsagePlan } from '@aws-sdk/client-api-gateway';
import type { Call, Tools } from '../driver.ts';
import type { Client } from './client.ts';
import { PLANS_LOCK } from './plans.ts';
import { isOurs, unusedSince } from './tiers.ts';

/** Long after every node has forgotten a plan that was set aside, and every call that took it is over. */
const SET_ASIDE_S = 3600;

/**
 * Deletes one plan of ours that no key uses, in two steps that are an hour apart: a call that is about to put a key into it has time to
 * do so, and then it is kept. AWS takes one change of a plan in 20 s, so a call makes no more than one.
 */
export async function tidyPlans({ client, lock }: { client: Client; lock: Tools['lock'] }, call: Call): Promise<number> {
  const plans = (await Array.fromAsync(client.pages('GetUsagePlans', {}, call))).filter(isOurs);
  const nowS = Math.floor(Date.now() / 1000);
  const due = plans.find((plan) => nowS - (unusedSince(plan) ?? nowS) >= SET_ASIDE_S);
  if (due) return await lock(PLANS_LOCK, call.signal, async () => settle(due));
  for (const plan of plans)
    if (unusedSince(plan) === undefined && (await isEmpty(plan))) {
      await lock(PLANS_LOCK, call.signal, async () => rename(plan, `${plan.name}-unused-${nowS}`));
      return 0;
    }
  return 0;

  async function settle(plan: UsagePlan): Promise<number> {
    if (!(await isEmpty(plan))) {
      await rename(plan, plan.name!.replace(/-unused-\d+$/, ''));
      return 0;
    }
    // AWS does not delete a plan with stages.
    const stages = plan.apiStages ?? [];
    const patchOperations = stages.map(({ apiId, stage }) => ({
      op: 'remove' as const,
      path: '/apiStages',
      value: `${apiId}:${stage}`,
    }));
    if (stages.length > 0) await client.sendIfThere('UpdateUsagePlan', { usagePlanId: plan.id, patchOperations }, call);
    await client.sendIfThere('DeleteUsagePlan', { usagePlanId: plan.id }, call);
    return 1;
  }

  async function isEmpty(plan: UsagePlan): Promise<boolean> {
    const page = await client.sendIfThere('GetUsagePlanKeys', { usagePlanId: plan.id, limit: 1 }, call);
    return page?.items?.length === 0;
  }

  async function rename(plan: UsagePlan, value: string): Promise<void> {
    const patchOperations = [{ op: 'replace' as const, path: '/name', value }];
    await client.sendIfThere('UpdateUsagePlan', { usagePlanId: plan.id, patchOperations }, call);
  }
}
