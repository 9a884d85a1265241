import type { UsagePlan } from '@aws-sdk/client-api-gateway';
import type { Call, Tools } from '../driver.ts';
import type { Client } from './client.ts';
import { PLANS_LOCK } from './plans.ts';
import { isOurs, unusedSince } from './tiers.ts';
import { takeTurns } from './turns.ts';

interface At {
  readonly client: Client;
  readonly call: Call;
}

/** Long after every node has forgotten a plan that was set aside, and every call that took it is over. */
const SET_ASIDE_S = 3600;

/**
 * Deletes one plan of ours that no key uses, in two steps that are an hour apart: a call that is about to put a key into it has time to
 * do so, and then it is kept. AWS takes one change of a plan in 20 s, so a call makes no more than one. Answers how many are deleted.
 */
export async function tidyPlans({ client, lock }: { client: Client; lock: Tools['lock'] }, call: Call): Promise<number> {
  const plans = (await Array.fromAsync(client.pages('GetUsagePlans', {}, call))).filter(isOurs);
  const nowS = Math.floor(Date.now() / 1000);
  const due = plans.find((plan) => nowS - (unusedSince(plan) ?? nowS) >= SET_ASIDE_S);
  const empty = due ? undefined : await firstEmpty(plans, { client, call });
  if (!due && !empty) return 0;
  // The long wait comes before the lock, for which keys may be waiting, and just before the change: AWS is strict about these.
  const at = { client, call: await takeTurns(call, ['all', 'all', 'plans']) };
  return await lock(PLANS_LOCK, call.signal, async () => {
    if (due) return await settle(due, at);
    await rename(empty!, `${empty!.name}-unused-${nowS}`, at);
    return 0;
  });
}

async function firstEmpty(plans: readonly UsagePlan[], at: At): Promise<UsagePlan | undefined> {
  for (const plan of plans) if (unusedSince(plan) === undefined && (await isEmpty(plan, at))) return plan;
  return undefined;
}

async function settle(plan: UsagePlan, at: At): Promise<number> {
  const usagePlanId = plan.id;
  if (!(await isEmpty(plan, at))) {
    await rename(plan, plan.name!.replace(/-unused-\d+$/, ''), at);
    return 0;
  }
  // AWS does not delete a plan with stages.
  const stages = (plan.apiStages ?? []).map(({ apiId, stage }) => `${apiId}:${stage}`);
  const patchOperations = stages.map((value) => ({ op: 'remove' as const, path: '/apiStages', value }));
  if (stages.length > 0 && !(await at.client.sendIfThere('UpdateUsagePlan', { usagePlanId, patchOperations }, at.call))) return 0;
  await at.client.sendIfThere('DeleteUsagePlan', { usagePlanId }, at.call);
  return 1;
}

async function isEmpty({ id }: UsagePlan, { client, call }: At): Promise<boolean> {
  const page = await client.sendIfThere('GetUsagePlanKeys', { usagePlanId: id, limit: 1 }, call);
  return page?.items?.length === 0;
}

async function rename({ id }: UsagePlan, value: string, { client, call }: At): Promise<void> {
  const patchOperations = [{ op: 'replace' as const, path: '/name', value }];
  await client.sendIfThere('UpdateUsagePlan', { usagePlanId: id, patchOperations }, call);
}
