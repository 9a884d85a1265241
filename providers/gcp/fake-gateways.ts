import { type Answer, ok, pageOf, refusal } from './fake-answer.ts';

/* The API Gateway API, read only: APIs, their configs, and the gateways that serve them. */

const STATES = { CREATING: 1, ACTIVE: 2, FAILED: 3 } as const;

export interface FakeApi {
  readonly id: string;
  readonly managedService: string;
  state: keyof typeof STATES;
  readonly configs: { readonly id: string; state: keyof typeof STATES }[];
}

export interface FakeGateway {
  readonly id: string;
  readonly location: string;
  /** `api/config`. */
  readonly serves: string;
  state: keyof typeof STATES;
}

export interface FakeGateways {
  readonly apis: FakeApi[];
  readonly gateways: FakeGateway[];
}

export function lookUp({ apis, gateways }: FakeGateways, url: URL, longestPage: number): Answer {
  const [, , , project = '', , location, ...rest] = url.pathname.split('/');
  const base = `projects/${project}/locations`;
  const [, apiId, , configId] = rest;
  const api = apis.find(({ id }) => id === apiId);
  const page = <T>(items: readonly T[]) => pageOf(items, url.searchParams, longestPage);

  if (rest[0] === 'gateways') {
    const seen = gateways.filter((gateway) => location === '-' || gateway.location === location);
    const { page: found, ...next } = page(seen.map((gateway) => gatewayOf(gateway, base)));
    return ok({ gateways: found, ...next });
  }
  if (!apiId) {
    const { page: found, ...next } = page(apis.map((one) => apiOf(one, base)));
    return ok({ apis: found, ...next });
  }
  if (!api) return refusal('NOT_FOUND');
  if (!configId) return ok(apiOf(api, base));
  const config = api.configs.find(({ id }) => id === configId);
  if (!config) return refusal('NOT_FOUND');
  return ok({ name: `${base}/global/apis/${apiId}/configs/${configId}`, state: STATES[config.state] });
}

const apiOf = ({ id, managedService, state }: FakeApi, base: string) => ({
  name: `${base}/global/apis/${id}`,
  managedService,
  state: STATES[state],
});

function gatewayOf({ id, location, serves, state }: FakeGateway, base: string) {
  const [api, config] = serves.split('/');
  return {
    name: `${base}/${location}/gateways/${id}`,
    // With the number where the other names have the id.
    apiConfig: `projects/123456789012/locations/global/apis/${api}/configs/${config}`,
    state: STATES[state],
    defaultHostname: `${id}-0abc.ew.gateway.dev`,
  };
}
