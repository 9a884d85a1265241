import type { ApiKey, UsagePlan } from '@aws-sdk/client-api-gateway';
import type { Call, Listed } from '../driver.ts';
import type { Client } from './client.ts';
import type { Handle } from './keys.ts';
import type { Plans } from './plans.ts';

/** What `nameOf` of every key begins with. */
const LEAD = 'lk-';

/** Every key of ours, each with the plans that it is in: all keys of a plan are read at once, since one by one they would take an hour. */
export async function* listKeys({ client, plans }: { client: Client; plans: Plans }, call: Call): AsyncGenerator<Listed<Handle>> {
  const compare = await plans.comparison(call);
  const plansOf = new Map<string, UsagePlan[]>();
  for (const plan of await plans.all(call))
    for await (const { id = '' } of client.pagesIfThere('GetUsagePlanKeys', { usagePlanId: plan.id, nameQuery: LEAD }, call))
      plansOf.set(id, [...(plansOf.get(id) ?? []), plan]);
  for await (const key of client.pages('GetApiKeys', { nameQuery: LEAD }, call)) {
    if (!key.id || !key.name?.startsWith(LEAD)) continue;
    const within = plansOf.get(key.id) ?? [];
    yield {
      name: key.name,
      handle: { keyId: key.id, planId: within[0]?.id },
      secret: null,
      driftFrom: (request) => driftOf(key, within, (plan) => compare(plan, request)),
    };
  }
}

function driftOf(
  { enabled }: ApiKey,
  within: readonly UsagePlan[],
  compare: (plan: UsagePlan) => readonly string[],
): readonly string[] {
  return [
    ...(enabled === false ? ['is disabled'] : []),
    ...(within.length === 0 ? ['is in no usage plan of ours'] : []),
    ...(within.length > 1 ? [`is in ${within.length} usage plans`] : []),
    ...within.flatMap(compare),
  ];
}
