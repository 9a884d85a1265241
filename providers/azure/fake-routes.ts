import type { FaultPlace } from './fake-faults.ts';
import { createProducts } from './fake-products.ts';
import { type Answer, INVALID, NOT_FOUND, refusal, type Store } from './fake-store.ts';
import { createSubscriptions } from './fake-subscriptions.ts';

/* The paths of the management API, and what each needs of a role. */

export interface ArmRequest {
  readonly method: string;
  /** Behind the service's own address, without a slash in front; undefined for another address. */
  readonly path: string | undefined;
  readonly query: URLSearchParams;
  readonly ifMatch: string | undefined;
  readonly body: unknown;
}

export function placesOf({ method, path = '?', body }: ArmRequest): readonly FaultPlace[] {
  const properties = (body as { properties?: object } | undefined)?.properties ?? {};
  if (path === '') return ['check'];
  if (path === 'subscriptions') return ['list'];
  if (path.startsWith('reports/')) return ['usage'];
  if (path.endsWith('/policies/policy')) return ['policy'];
  if (!/^subscriptions\/[^/]+$/.test(path)) return [];
  if (method === 'DELETE' || (method === 'PATCH' && 'state' in properties && properties.state === 'suspended'))
    return ['revoke', 'change'];
  if (method === 'PUT') return ['issue', 'change'];
  if (method === 'PATCH') return [Object.keys(properties).join() === 'displayName' ? 'retime' : 'issue', 'change'];
  return [];
}

/** The right that Azure asks for, such as `service/subscriptions/write`. */
export function rightOf({ method, path = '' }: ArmRequest): string {
  const kinds = path.split('/').filter((_, at) => at % 2 === 0);
  if (path.startsWith('reports/')) return 'service/reports/read';
  if (method === 'POST') return `service/${kinds[0]}/${kinds[1]}/action`;
  const verb = { GET: 'read', DELETE: 'delete' }[method] ?? 'write';
  return ['service', ...kinds.filter(Boolean), verb].join('/');
}

export function createRoutes(store: Store): (request: ArmRequest) => Answer {
  const subscriptions = createSubscriptions(store);
  const products = createProducts(store);

  const page = (all: readonly { readonly name: string }[], { query, path }: ArmRequest): Answer => {
    const filter = query.get('$filter');
    const prefix = /^startswith\(name,'([^']*)'\)$/.exec(filter ?? '')?.[1];
    if (filter !== null && prefix === undefined) return INVALID('Unknown filter.');
    const matching = all.filter(({ name }) => name.startsWith(prefix ?? '')).sort((a, b) => (a.name < b.name ? -1 : 1));
    const skip = Number(query.get('$skip') ?? 0);
    const size = Math.min(Number(query.get('$top') ?? store.options.pageSize), store.options.pageSize);
    const next = new URLSearchParams(query);
    next.set('$skip', String(skip + size));
    const more = query.get('$top') === null && skip + size < matching.length;
    const value = matching.slice(skip, skip + size);
    return { status: 200, body: { value, count: matching.length, nextLink: more ? `${path}?${next.toString()}` : '' } };
  };

  const ofProduct = (request: ArmRequest, id: string, [kind, item]: readonly string[]): Answer => {
    const asked = { id, body: request.body, ifMatch: request.ifMatch };
    if (kind === 'policies' && item === 'policy' && request.method === 'PUT') return products.putPolicy(asked);
    if (kind === 'apis' && item && request.method === 'PUT') return products.putApi(asked, item);
    if (kind === 'subscriptions' && request.method === 'GET')
      return store.products.has(id)
        ? page(
            subscriptions.shown().filter(({ properties }) => properties.scope.endsWith(`/products/${id}`)),
            request,
          )
        : NOT_FOUND('Product');
    if (kind !== undefined) return refusal(404, 'NoRoute', 'unknown address');
    const verbs = { GET: () => products.get(id), PUT: () => products.put(asked), PATCH: () => products.patch(asked) };
    return verbs[request.method as keyof typeof verbs]?.() ?? products.remove(asked);
  };

  const ofSubscription = (request: ArmRequest, sid: string, action: string | undefined): Answer => {
    const asked = { sid, body: request.body, ifMatch: request.ifMatch };
    if (action === 'listSecrets' && request.method === 'POST') return subscriptions.secrets(sid);
    if (action !== undefined) return refusal(404, 'NoRoute', 'unknown address');
    const verbs = {
      GET: () => subscriptions.get(sid),
      PUT: () => subscriptions.put(asked),
      PATCH: () => subscriptions.patch(asked),
    };
    return verbs[request.method as keyof typeof verbs]?.() ?? subscriptions.remove(asked);
  };

  const ofApi = (request: ArmRequest, api: string, kind: string | undefined): Answer => {
    const known = Object.hasOwn(store.options.apis, api) && store.options.apis[api];
    if (!known) return NOT_FOUND('API');
    if (kind === 'products') return page(products.ofApi(api), request);
    return { status: 200, body: { name: api, properties: { subscriptionRequired: true, ...known } } };
  };

  return (request) => {
    const { path } = request;
    if (path === undefined)
      return refusal(
        404,
        'ResourceNotFound',
        "The Resource 'Microsoft.ApiManagement/service/x' under resource group 'y' was not found.",
      );
    const [kind, id, ...rest] = path.split('/').map(decodeURIComponent);
    if (path === '') return { status: 200, body: { name: 'apimService1', sku: { name: store.options.sku, capacity: 1 } } };
    if (kind === 'subscriptions') return id ? ofSubscription(request, id, rest[0]) : page(subscriptions.shown(), request);
    if (kind === 'products') return id ? ofProduct(request, id, rest) : page(products.shown(), request);
    if (kind === 'apis' && id) return ofApi(request, id, rest[0]);
    if (kind === 'reports' && id === 'bySubscription') return reportOf(store, request);
    return refusal(404, 'NoRoute', 'unknown address');
  };
}

const REPORT =
  /^timestamp ge datetime'([\d:T-]{19})' and timestamp le datetime'([\d:T-]{19})' and subscriptionId eq '\/subscriptions\/([^']+)'$/;

function reportOf({ calls }: Store, { query }: ArmRequest): Answer {
  const [, from, to, sid] = REPORT.exec(query.get('$filter') ?? '') ?? [];
  if (!from || !to || !sid) return INVALID('Unknown filter.');
  const within = calls.filter(({ at, sid: of }) => of === sid && at >= new Date(`${from}Z`) && at <= new Date(`${to}Z`));
  const blocked = within.filter(({ status }) => [401, 403, 429].includes(status)).length;
  const record = {
    name: '',
    subscriptionId: `/subscriptions/${sid}`,
    callCountSuccess: within.length - blocked,
    callCountBlocked: blocked,
    callCountFailed: 0,
    callCountOther: 0,
    callCountTotal: within.length,
  };
  return { status: 200, body: { value: [record], count: 1, nextLink: '' } };
}
