import {
  type Act,
  type ApiOptions,
  createPlanKey,
  keyShown,
  keysListed,
  member,
  members,
  page,
  planShown,
  plansListed,
  resources,
  stages,
  updateKey,
  updatePlan,
  usage,
} from './fake-answers.ts';
import { awsError } from './fake-store.ts';

/* The paths of API Gateway's control plane, as far as the driver goes. */

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

type Route = readonly [
  operation: string,
  method: string,
  path: RegExp,
  act: (api: ApiOptions, act: Act) => readonly [number, unknown?],
];

const ROUTES: readonly Route[] = [
  ['ImportApiKeys', 'POST', /^\/apikeys\?mode=import$/, ({ store }, { body }) => [201, store.importKeys(body)]],
  [
    'CreateApiKey',
    'POST',
    /^\/apikeys$/,
    ({ store }, { body, query }) => [201, keyShown(store.createKey(JSON.parse(body)), query)],
  ],
  [
    'GetApiKeys',
    'GET',
    /^\/apikeys$/,
    (api, { query }) => [200, page(keysListed(api, query), query, (key) => keyShown(key, query), api)],
  ],
  ['GetApiKey', 'GET', /^\/apikeys\/(\w+)$/, ({ store }, { ids, query }) => [200, keyShown(store.key(ids[0]!), query)]],
  ['UpdateApiKey', 'PATCH', /^\/apikeys\/(\w+)$/, ({ store }, act) => [200, updateKey(store.key(act.ids[0]!), act)]],
  ['DeleteApiKey', 'DELETE', /^\/apikeys\/(\w+)$/, ({ store }, { ids }) => [202, store.deleteKey(ids[0]!)]],
  ['CreateUsagePlan', 'POST', /^\/usageplans$/, ({ store }, { body }) => [201, planShown(store.createPlan(JSON.parse(body)))]],
  ['GetUsagePlans', 'GET', /^\/usageplans$/, (api, { query }) => [200, page(plansListed(api, query), query, planShown, api)]],
  ['GetUsagePlan', 'GET', /^\/usageplans\/(\w+)$/, ({ store }, { ids }) => [200, planShown(store.plan(ids[0]!))]],
  ['UpdateUsagePlan', 'PATCH', /^\/usageplans\/(\w+)$/, ({ store }, act) => [200, updatePlan(store.plan(act.ids[0]!), act)]],
  ['DeleteUsagePlan', 'DELETE', /^\/usageplans\/(\w+)$/, ({ store }, { ids }) => [202, store.deletePlan(ids[0]!)]],
  ['CreateUsagePlanKey', 'POST', /^\/usageplans\/(\w+)\/keys$/, ({ store }, act) => [201, createPlanKey(store, act)]],
  [
    'GetUsagePlanKeys',
    'GET',
    /^\/usageplans\/(\w+)\/keys$/,
    (api, act) => [200, page(members(api, act), act.query, member, api)],
  ],
  [
    'DeleteUsagePlanKey',
    'DELETE',
    /^\/usageplans\/(\w+)\/keys\/(\w+)$/,
    ({ store }, { ids }) => [202, store.unlink(ids[0]!, ids[1]!)],
  ],
  ['GetUsage', 'GET', /^\/usageplans\/(\w+)\/usage$/, (api, act) => [200, usage(api, act)]],
  ['GetStages', 'GET', /^\/restapis\/(\w+)\/stages$/, (api, act) => [200, stages(api, act)]],
  [
    'GetResources',
    'GET',
    /^\/restapis\/(\w+)\/resources$/,
    (api, act) => [200, page(resources(api, act), act.query, (one) => one, api)],
  ],
];

export function operationOf({ method, path, query }: Request): string | undefined {
  return routeOf(method, path, query)?.[0];
}

/** Throws what the service would answer as an error. */
export function act(api: ApiOptions, { method, path, query, body }: Request): readonly [number, unknown?] {
  const route = routeOf(method, path, query);
  if (!route) throw awsError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  const ids = route[2].exec(path)?.slice(1) ?? [];
  return route[3](api, { ids, query, body });
}

function routeOf(method: string, path: string, query: URLSearchParams): Route | undefined {
  const address = query.get('mode') === 'import' ? `${path}?mode=import` : path;
  return ROUTES.find(([, verb, pattern]) => verb === method && pattern.test(address));
}
