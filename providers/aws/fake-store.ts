import { readKeys } from './fake-csv.ts';

/*
 * What API Gateway's control plane keeps of keys, usage plans and APIs, with its uniqueness, caps and refusals. Errors carry the
 * service's own names.
 */

export interface StoredKey {
  readonly id: string;
  readonly value: string;
  name: string;
  description: string;
  enabled: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdDate: number;
}

export interface StoredPlan {
  readonly id: string;
  name: string;
  readonly tags: Readonly<Record<string, string>>;
  apiStages: readonly { readonly apiId: string; readonly stage: string }[];
  readonly throttle?: { readonly rateLimit: number; readonly burstLimit: number };
  readonly quota?: { readonly limit: number; readonly period: 'DAY' | 'WEEK' | 'MONTH'; readonly offset?: number };
  /** Ids. */
  readonly keys: Set<string>;
}

export interface StoredApi {
  readonly stages: readonly string[];
  /** By path and method: whether a key is required there, and whether an authorizer is asked. */
  readonly methods: Readonly<
    Record<string, Readonly<Record<string, { readonly apiKeyRequired: boolean; readonly authorizer?: boolean }>>>
  >;
}

export interface StoreOptions {
  readonly now: () => Date;
  readonly apis: Readonly<Record<string, StoredApi>>;
  readonly maxKeys: number;
  readonly maxPlans: number;
  /** Whether an import puts its keys into their plans; where it does not, it says so in a warning that nobody need read. */
  readonly importLinks: 'kept' | 'ignored';
}

export type Store = ReturnType<typeof createStore>;

export function awsError(type: string, message: string): Error {
  return Object.assign(new Error(message), { type });
}
const conflict = (message: string) => awsError('ConflictException', message);
const notFound = (message: string) => awsError('NotFoundException', message);
const badRequest = (message: string) => awsError('BadRequestException', message);
const limit = (message: string) => awsError('LimitExceededException', message);

const stageOf = (one: { apiId: string; stage: string }) => `${one.apiId}:${one.stage}`;

export function createStore({ now, apis, maxKeys, maxPlans, importLinks }: StoreOptions) {
  const keys = new Map<string, StoredKey>();
  const plans = new Map<string, StoredPlan>();
  let made = 0;
  // Ids in no order, as there.
  const newId = (lead: string) => `${lead}${((made++ * 7919 + 104_729) % 1_000_003).toString(36).padStart(5, '0')}`;

  const key = (id: string) => keys.get(id) ?? fail(notFound('Invalid API Key identifier specified'));
  const plan = (id: string) => plans.get(id) ?? fail(notFound('Invalid Usage Plan ID specified'));
  const byValue = (value: string) => [...keys.values()].find((one) => one.value === value);
  const plansOf = (id: string) => [...plans.values()].filter((one) => one.keys.has(id));

  /** A key is in one plan of each stage. */
  function link(planId: string, keyId: string): void {
    const { keys: members, apiStages } = plan(planId);
    if (members.has(key(keyId).id)) throw conflict(`Usage Plan ${planId} already has the key`);
    const taken = new Set(plansOf(keyId).flatMap((one) => one.apiStages.map(stageOf)));
    const twice = apiStages.map(stageOf).find((one) => taken.has(one));
    if (twice) throw conflict(`The key is subscribed to a usage plan of the stage ${twice}`);
    members.add(keyId);
  }

  function createKey(wanted: Partial<StoredKey>): StoredKey {
    const { value = '', name = '', description = '', enabled = false, tags = {} } = wanted;
    if (!/^[A-Za-z0-9]{20,128}$/.test(value)) throw badRequest('API Key value should be alphanumeric, of 20 to 128 characters');
    if (Object.values(tags).some((tag) => tag.length > 256 || /[^A-Za-z0-9 +\-=._:/@]/.test(tag)))
      throw badRequest('Invalid tag value');
    if (byValue(value)) throw conflict('API Key already exists');
    if (keys.size >= maxKeys) throw limit('Maximum number of API keys reached for this account');
    const created: StoredKey = { id: newId('k'), value, name, description, enabled, tags, createdDate: now().getTime() / 1000 };
    keys.set(created.id, created);
    return created;
  }

  return {
    keys,
    plans,
    apis,
    key,
    plan,
    plansOf,
    link,
    createKey,

    /** Ids in another order than the rows; what is wrong with a row is a warning. */
    importKeys(csv: string): { ids: string[]; warnings: string[] } {
      const rows = readKeys(csv);
      const fresh = rows.filter((row) => !byValue(row.value)).length;
      if (keys.size + fresh > maxKeys) throw limit('Maximum number of API keys reached for this account');
      const warnings: string[] = [];
      const ids = rows.map(({ planIds, ...row }) => {
        const known = byValue(row.value);
        const { id } = known ? Object.assign(known, row) : createKey(row);
        for (const planId of planIds)
          try {
            if (importLinks === 'ignored') throw conflict('The usage plan is busy');
            if (!plan(planId).keys.has(id)) link(planId, id);
          } catch (error) {
            warnings.push((error as Error).message);
          }
        return id;
      });
      return { ids: ids.reverse(), warnings };
    },

    deleteKey(id: string): void {
      // Whether AWS lets a key in a plan go is not documented: this is the strict way.
      if (plansOf(key(id).id).length > 0) throw conflict('The key is in a usage plan');
      keys.delete(id);
    },

    createPlan(wanted: Partial<StoredPlan>): StoredPlan {
      const { name = '', apiStages = [], throttle, quota, tags = {} } = wanted;
      if (plans.size >= maxPlans) throw limit('Maximum number of usage plans reached for this account');
      for (const { apiId, stage } of apiStages)
        if (!apis[apiId]?.stages.includes(stage))
          throw badRequest(`Invalid API Stage {api: ${apiId}, stage: ${stage}} specified`);
      if (throttle && !(throttle.rateLimit > 0 && throttle.burstLimit >= 1)) throw badRequest('Invalid throttle');
      // Fewer digits come back than were sent.
      const kept = throttle && { ...throttle, rateLimit: Math.fround(throttle.rateLimit) };
      const created = { id: newId('p'), name, apiStages, throttle: kept, quota, tags, keys: new Set<string>() };
      plans.set(created.id, created);
      return created;
    },

    unlink(planId: string, keyId: string): void {
      if (!plan(planId).keys.delete(keyId)) throw notFound('Invalid Usage Plan Key specified');
    },

    deletePlan(id: string): void {
      if (plan(id).apiStages.length > 0)
        throw badRequest(`Cannot delete Usage Plan ${id} because there are API Stages associated with the Plan`);
      plans.delete(id);
    },
  };
}

function fail(error: Error): never {
  throw error;
}
