import type { protos } from '@google-cloud/api-gateway';
import { type Call, DriverError } from '../driver.ts';
import type { Client } from './client.ts';
import type { Config } from './config.ts';
import { goneAs } from './failure.ts';
import { itemsOf } from './pages.ts';
import type { Sdk } from './sdk.ts';

/* From the API config in the settings to what keys are restricted to, and to the gateways that serve it. The API Gateway API itself knows no keys. */

type Api = protos.google.cloud.apigateway.v1.IApi;
type ApiConfig = protos.google.cloud.apigateway.v1.IApiConfig;
type Gateway = protos.google.cloud.apigateway.v1.IGateway;

export interface Part {
  readonly what: string;
  readonly active: boolean;
}

export interface Found {
  readonly service: string;
  /** The host names of the gateways that serve it. */
  readonly hosts: readonly string[];
  /** The API, its config and its gateways. */
  readonly parts: readonly Part[];
}

export interface Targets {
  /** The managed service. It never changes, so it is asked for once. */
  service(call: Call): Promise<string>;
  /** All of it, as it is now. Nothing where the settings name the service themselves. */
  look(call: Call): Promise<Found | undefined>;
}

interface Match {
  readonly api: Api;
  readonly config: ApiConfig;
}

interface Search {
  readonly config: Config;
  readonly provider: string;
  read<T>(call: Call, work: (sdk: Sdk['gateways']) => Promise<T>): Promise<T>;
}

export function createTargets(client: Client, config: Config, provider: string): Targets {
  const step = { turn: 'reads', what: `find the API config ${config.apiConfig}` } as const;
  const search: Search = {
    config,
    provider,
    read: (call, work) => client.ask(step, call, ({ gateways }) => work(gateways)),
  };
  let known = config.managedService;
  return {
    async service(call) {
      known ??= serviceOf(search, await match(search, call));
      return known;
    },

    async look(call) {
      if (!config.apiConfig) return undefined;
      const found = await match(search, call);
      const gateways = await gatewaysOf(search, found, call);
      return {
        service: serviceOf(search, found),
        hosts: gateways.map((gateway) => gateway.defaultHostname ?? '').filter(Boolean),
        parts: [
          partOf('API', found.api),
          partOf('API config', found.config),
          ...gateways.map((gateway) => partOf('gateway', gateway)),
        ],
      };
    },
  };
}

async function match(search: Search, call: Call): Promise<Match> {
  const { projectId, apiConfig = '' } = search.config;
  const denied = (why: string) => new DriverError('denied', `${search.provider}: ${why}`);
  const [id, api] = apiConfig.split('/').reverse();
  const matches: Match[] = [];
  for (const candidate of await apisOf(search, api, call)) {
    const name = `${candidate.name}/configs/${id}`;
    const [found] = await goneAs(
      [],
      search.read(call, (gateways) => gateways.getApiConfig({ name })),
    );
    if (found) matches.push({ api: candidate, config: found });
  }
  const [first, second] = matches;
  if (!first) throw denied(`the project ${projectId} has no API config ${apiConfig}`);
  if (second) throw denied(`several APIs have a config ${apiConfig}: say which, as api/${apiConfig}`);
  return first;
}

async function apisOf({ config, read }: Search, id: string | undefined, call: Call): Promise<Api[]> {
  const parent = `projects/${config.projectId}/locations/global`;
  if (id === undefined) {
    const page = (pageToken: string) =>
      read(call, (gateways) => gateways.listApis({ parent, pageToken }, { autoPaginate: false }));
    return await Array.fromAsync(itemsOf<Api>(page));
  }
  const [api] = await goneAs(
    [],
    read(call, (gateways) => gateways.getApi({ name: `${parent}/apis/${id}` })),
  );
  return api ? [api] : [];
}

async function gatewaysOf({ config, read }: Search, found: Match, call: Call): Promise<Gateway[]> {
  const parent = `projects/${config.projectId}/locations/${config.location ?? '-'}`;
  const page = (pageToken: string) =>
    read(call, (gateways) => gateways.listGateways({ parent, pageToken }, { autoPaginate: false }));
  const all = await Array.fromAsync(itemsOf<Gateway>(page));
  // The project may be its id in one name and its number in the other.
  return all.filter(({ apiConfig }) => tailOf(apiConfig) === tailOf(found.config.name));
}

function serviceOf({ config, provider }: Search, { api }: Match): string {
  if (api.managedService) return api.managedService;
  throw new DriverError('transient', `${provider}: the API of the config ${config.apiConfig} has no managed service yet`);
}

function partOf(kind: string, { name, state }: Pick<Api | ApiConfig | Gateway, 'name' | 'state'>): Part {
  return { what: `${kind} ${name?.split('/').at(-1)}`, active: state === 'ACTIVE' };
}

const tailOf = (name: string | null | undefined): string => name?.split('/').slice(2).join('/') ?? '';
