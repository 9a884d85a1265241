import type { UsagePlan } from '@aws-sdk/client-api-gateway';
import { type Asked, type Call, DriverError, type Tools } from '../driver.ts';
import type { Client } from './client.ts';
import type { Stages } from './stages.ts';
import { differences, isOurs, planNameOf, type Tier, tierFor, tierOf } from './tiers.ts';

/** The usage plans that keys are put into: one for each tier, or those that were configured. */
export interface Plans {
  /** The id of the plan that gives what is asked. */
  find(asked: Asked, call: Call): Promise<string>;
  /** A plan was not there: what is remembered of plans is not true any more. */
  forget(): void;
  /** Those that a key of ours may be in. */
  all(call: Call): Promise<readonly UsagePlan[]>;
  /** Tells how a plan gives otherwise than is asked, for people; reads beforehand what it needs for that. */
  comparison(call: Call): Promise<(plan: UsagePlan, asked: Asked) => readonly string[]>;
}

export interface PlansOptions {
  readonly client: Client;
  readonly stages: Stages;
  readonly tools: Pick<Tools, 'provider' | 'lock'>;
}

/** Under this name plans are made, changed and deleted by one at a time. */
export const PLANS_LOCK = 'usage-plans';
/** So long a node goes on with a plan that another one has set aside; it is deleted much later. */
const REMEMBERED_MS = 15 * 60_000;

/** A plan for each tier, made when it is first needed and found again by its name. */
export function createTierPlans({ client, stages, tools }: PlansOptions): Plans {
  const remembered = new Map<string, { readonly id: string; readonly at: number }>();

  const recall = (tier: Tier): string | undefined => {
    const plan = remembered.get(planNameOf(tier));
    return plan && Date.now() - plan.at < REMEMBERED_MS ? plan.id : undefined;
  };
  const all = async (call: Call): Promise<readonly UsagePlan[]> =>
    (await Array.fromAsync(client.pages('GetUsagePlans', {}, call))).filter(isOurs);

  /** Of two that were made at once, all nodes take the first by id. One that somebody changed is not the tier of its name any more, and one that is set aside has another name. */
  async function lookUp(tier: Tier, call: Call): Promise<string | undefined> {
    for (const plan of (await all(call)).toSorted((one, other) => (one.id! < other.id! ? 1 : -1)))
      if (plan.name === planNameOf(tierOf(plan))) remembered.set(plan.name, { id: plan.id!, at: Date.now() });
    return recall(tier);
  }

  async function make(tier: Tier, call: Call): Promise<string> {
    const { id = '' } = await client
      .send('CreateUsagePlan', planOf(tier), call)
      .catch((error: unknown) => blame(error, tier, call));
    remembered.set(planNameOf(tier), { id, at: Date.now() });
    return id;
  }

  /** That a stage is missing is told like a limit that AWS does not take; but it is no fault of the booking. */
  async function blame(error: unknown, tier: Tier, call: Call): Promise<never> {
    if (!(error instanceof DriverError) || error.kind !== 'rejected') throw error;
    const [missing] = await stages.absent(tier.stages, call);
    if (missing) throw new DriverError('denied', `${tools.provider}: there is no stage ${missing}`, { status: error.status });
    throw error;
  }

  return {
    all,
    forget: () => remembered.clear(),
    async find(asked, call) {
      const opened = await stages.opened(call);
      const tier = tierFor(asked, opened(asked.scopes));
      const found = recall(tier);
      if (found) return found;
      const work = async () => recall(tier) ?? (await lookUp(tier, call)) ?? (await make(tier, call));
      return await tools.lock(PLANS_LOCK, call.signal, work);
    },
    async comparison(call) {
      const opened = await stages.opened(call);
      return (plan, asked) => differences(tierOf(plan), tierFor(asked, opened(asked.scopes)));
    },
  };
}

function planOf(tier: Tier) {
  return {
    name: planNameOf(tier),
    description: 'Made by Latchkey for all keys with these limits. Deleted some time after the last of them.',
    apiStages: tier.stages.map((one) => ({ apiId: one.split(':')[0], stage: one.split(':')[1] })),
    throttle: tier.throttle,
    quota: tier.quota && { ...tier.quota, period: tier.quota.period as 'DAY' | 'MONTH' },
    tags: { 'managed-by': 'latchkey' },
  };
}
