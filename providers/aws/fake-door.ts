import type { Store, StoredKey, StoredPlan } from './fake-store.ts';

/*
 * The data plane: what API Gateway does with requests to the APIs. It learns of changes later than the control plane answers them.
 */

export interface Knock {
  readonly apiKey: string;
  readonly method: string;
  readonly path: string;
  /** `apiId:stage`. */
  readonly stage: string;
}

interface Known {
  readonly at: number;
  readonly keys: readonly StoredKey[];
  readonly plans: readonly StoredPlan[];
}

export interface Door {
  /** 200, 403 or 429, as the service answers it. It counts. */
  knock(knock: Knock): number;
  /** After a change at the control plane. */
  learn(): void;
  /** How many requests of a key went through on a day, by UTC. */
  usedOn(day: string, ids: { readonly keyId: string; readonly planId: string }): number;
}

/** A path of the API: exact, or all below where it ends in `{proxy+}`. */
const leadsTo = (resource: string, path: string): boolean =>
  resource.endsWith('{proxy+}') ? path.startsWith(resource.slice(0, -'{proxy+}'.length)) : resource === path;

export function createDoor(store: Store, { now, lagMs }: { now: () => Date; lagMs: number }): Door {
  let known: Known[] = [{ at: Number.NEGATIVE_INFINITY, keys: [], plans: [] }];
  const buckets = new Map<string, { tokens: number; at: number }>();
  const passed = new Map<string, number>();

  const dayOf = (at: Date) => at.toISOString().slice(0, 10);
  const counter = (day: string, planId: string, keyId: string) => `${day} ${planId} ${keyId}`;

  function current(): Known {
    const settled = known.filter(({ at }) => at + lagMs <= now().getTime());
    known = known.slice(settled.length - 1);
    return known[0]!;
  }

  function isSpent({ quota, id }: StoredPlan, keyId: string): boolean {
    if (!quota) return false;
    const period = quota.period === 'DAY' ? dayOf(now()) : dayOf(now()).slice(0, 7);
    const used = [...passed].filter(([name]) => name.startsWith(period) && name.endsWith(` ${id} ${keyId}`));
    return used.reduce((sum, [, count]) => sum + count, 0) >= quota.limit;
  }

  function isThrottled({ throttle, id }: StoredPlan, keyId: string): boolean {
    if (!throttle) return false;
    const at = now().getTime();
    const bucket = buckets.get(`${id} ${keyId}`) ?? { tokens: throttle.burstLimit, at };
    const tokens = Math.min(throttle.burstLimit, bucket.tokens + ((at - bucket.at) / 1000) * throttle.rateLimit);
    buckets.set(`${id} ${keyId}`, { tokens: Math.max(0, tokens - 1), at });
    return tokens < 1;
  }

  return {
    knock({ apiKey, method, path, stage }) {
      const api = store.apis[stage.split(':')[0]!];
      const resource = Object.keys(api?.methods ?? {}).find((one) => leadsTo(one, path) && api!.methods[one]![method]);
      if (!resource) return 403;
      if (!api!.methods[resource]![method]!.apiKeyRequired) return 200;
      const { keys, plans } = current();
      const key = keys.find((one) => one.value === apiKey && one.enabled);
      const plan =
        key && plans.find((one) => one.keys.has(key.id) && one.apiStages.some((at) => `${at.apiId}:${at.stage}` === stage));
      if (!key || !plan) return 403;
      if (isSpent(plan, key.id) || isThrottled(plan, key.id)) return 429;
      const name = counter(dayOf(now()), plan.id, key.id);
      passed.set(name, (passed.get(name) ?? 0) + 1);
      return 200;
    },
    learn() {
      if (lagMs === 0) known = [];
      const plans = Array.from(store.plans.values(), (plan) => ({ ...plan, keys: new Set(plan.keys) }));
      known.push({ at: now().getTime(), keys: Array.from(store.keys.values(), (key) => ({ ...key })), plans });
    },
    usedOn: (day, { keyId, planId }) => passed.get(counter(day, planId, keyId)) ?? 0,
  };
}
