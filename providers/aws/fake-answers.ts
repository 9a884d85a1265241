import type { Door } from './fake-door.ts';
import { awsError, type Store, type StoredApi, type StoredKey, type StoredPlan } from './fake-store.ts';

/* The bodies of API Gateway's control plane: pages, patches, and what of a key is shown to whom. */

export interface ApiOptions {
  readonly store: Store;
  readonly door: Door;
  /** A page is never longer, whatever is asked. */
  readonly pageSize: number;
  /** What leads to a key's usage: the documentation says both. */
  readonly usageBy: 'id' | 'value';
  /** A key shows up in lists so long after it was made. */
  readonly listLagMs: number;
  readonly now: () => Date;
}

export interface Act {
  readonly ids: readonly string[];
  readonly query: URLSearchParams;
  readonly body: string;
}

export function page<Item>(
  items: readonly Item[],
  query: URLSearchParams,
  show: (item: Item) => unknown,
  { pageSize }: ApiOptions,
) {
  const size = Math.min(Number(query.get('limit') ?? 25), pageSize);
  const from = Number(query.get('position') ?? 0);
  const position = from + size < items.length ? String(from + size) : undefined;
  return { item: items.slice(from, from + size).map(show), position };
}

/** `nameQuery`, which is `name` on the wire, asks for a prefix. */
const isNamed = (query: URLSearchParams) => (key: StoredKey) => key.name.startsWith(query.get('name') ?? '');

export function keysListed({ store, listLagMs, now }: ApiOptions, query: URLSearchParams): readonly StoredKey[] {
  const known = [...store.keys.values()].filter(({ createdDate }) => createdDate * 1000 + listLagMs <= now().getTime());
  return known.filter(isNamed(query));
}

export function keyShown({ value, ...key }: StoredKey, query: URLSearchParams): object {
  const asked = query.get('includeValues') ?? query.get('includeValue');
  return asked === 'true' ? { ...key, value } : key;
}

export function updateKey(key: StoredKey, { body }: Act): object {
  for (const { op, path, value } of patchesOf(body)) {
    if (op !== 'replace' || path !== '/enabled' || !['true', 'false'].includes(value))
      throw awsError('BadRequestException', 'Invalid patch');
    key.enabled = value === 'true';
  }
  return keyShown(key, new URLSearchParams());
}

export function plansListed({ store }: ApiOptions, query: URLSearchParams): readonly StoredPlan[] {
  const keyId = query.get('keyId');
  return keyId ? store.plansOf(store.key(keyId).id) : [...store.plans.values()];
}

export function planShown({ keys: _keys, ...plan }: StoredPlan): object {
  return plan;
}

export function updatePlan(plan: StoredPlan, { body }: Act): object {
  for (const { op, path, value } of patchesOf(body)) {
    const stages = plan.apiStages.filter((one) => `${one.apiId}:${one.stage}` !== value);
    if (op === 'replace' && path === '/name') plan.name = value;
    else if (op === 'remove' && path === '/apiStages' && stages.length < plan.apiStages.length) plan.apiStages = stages;
    else throw awsError('BadRequestException', 'Invalid patch');
  }
  return planShown(plan);
}

export function createPlanKey(store: Store, { ids, body }: Act): object {
  const { keyId, keyType } = JSON.parse(body) as { keyId: string; keyType: string };
  if (keyType !== 'API_KEY') throw awsError('BadRequestException', 'Invalid key type');
  store.link(ids[0]!, keyId);
  return member(store.key(keyId));
}

export function members({ store }: ApiOptions, { ids, query }: Act): readonly StoredKey[] {
  return Array.from(store.plan(ids[0]!).keys, (id) => store.key(id)).filter(isNamed(query));
}

export function member({ id, name, value }: StoredKey): object {
  return { id, name, value, type: 'API_KEY' };
}

/** For each day `[used, remaining]`. */
export function usage({ store, door, usageBy }: ApiOptions, { ids, query }: Act): object {
  const [planId, keyId] = [ids[0]!, query.get('keyId') ?? ''];
  const { quota, keys } = store.plan(planId);
  if (!keys.has(keyId)) throw awsError('NotFoundException', 'Invalid Key identifier specified');
  const [from, to] = ['startDate', 'endDate'].map((name) => Date.parse(query.get(name)!));
  const days: number[][] = [];
  for (let at = from!; at <= to!; at += 86_400_000) {
    const used = door.usedOn(new Date(at).toISOString().slice(0, 10), { keyId, planId });
    days.push([used, Math.max(0, (quota?.limit ?? 0) - used)]);
  }
  return { usagePlanId: planId, values: { [usageBy === 'id' ? keyId : store.key(keyId).value]: days } };
}

export function stages(api: ApiOptions, act: Act): object {
  return { item: apiOf(api, act).stages.map((stageName) => ({ stageName })) };
}

export function resources(api: ApiOptions, act: Act): readonly object[] {
  return Object.entries(apiOf(api, act).methods).map(([path, methods]) => ({
    path,
    resourceMethods: Object.fromEntries(
      Object.entries(methods).map(([verb, { apiKeyRequired, authorizer }]) => [
        verb,
        { httpMethod: verb, apiKeyRequired, authorizationType: authorizer ? 'CUSTOM' : 'NONE' },
      ]),
    ),
  }));
}

function apiOf({ store }: ApiOptions, { ids }: Act): StoredApi {
  const api = store.apis[ids[0]!];
  if (!api) throw awsError('NotFoundException', 'Invalid API identifier specified');
  return api;
}

function patchesOf(body: string): readonly { readonly op: string; readonly path: string; readonly value: string }[] {
  return (JSON.parse(body) as { patchOperations: { op: string; path: string; value: string }[] }).patchOperations;
}
