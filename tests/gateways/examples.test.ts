import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseDocument } from 'yaml';

/* What the examples for gateways say, also those whose gateway no test can run. */

const FOLDER = new URL('../../config/examples/gateways/', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, FOLDER), 'utf8');

const FILES = {
  'nginx.conf': '/verify/nginx',
  Caddyfile: '/verify/caddy',
  'traefik.yaml': '/verify/traefik',
  'envoy.yaml': '/verify/envoy',
  'apisix.yaml': '/verify/apisix',
};
const files = Object.entries(FILES);
/** What the API behind learns, and so what a client must not be able to say. */
const TOLD = [
  'x-auth-key-id',
  'x-auth-user',
  'x-auth-scopes',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'ratelimit',
  'ratelimit-policy',
];

interface Traefik {
  http: {
    routers: Record<string, { middlewares: string[] }>;
    middlewares: {
      latchkey: { forwardAuth: { address: string; trustForwardHeader: boolean; authResponseHeaders: string[] } };
      'latchkey-strip': { headers: { customRequestHeaders: Record<string, string> } };
    };
  };
}

interface Apisix {
  routes: {
    plugins: {
      'forward-auth': {
        uri: string;
        request_headers: string[];
        upstream_headers: string[];
        client_headers: string[];
        allow_degradation: boolean;
        status_on_error: number;
      };
      'serverless-pre-function': { phase: string; functions: string[] };
      'serverless-post-function': { phase: string; functions: string[] };
    };
  }[];
}

interface Patterns {
  patterns: { exact: string }[];
}

interface ExtAuthz {
  failure_mode_allow: boolean;
  status_on_error: { code: string };
  allowed_headers: Patterns;
  http_service: {
    path_prefix: string;
    authorization_response: { allowed_upstream_headers: Patterns; allowed_client_headers: Patterns };
  };
}

interface HeaderMutation {
  mutations: { request_mutations: { remove?: string; append?: { header: { key: string }; append_action: string } }[] };
}

interface Envoy {
  static_resources: {
    listeners: {
      filter_chains: {
        filters: {
          typed_config: {
            use_remote_address: boolean;
            path_with_escaped_slashes_action: string;
            http_filters: { name: string; typed_config: object }[];
            route_config: { request_headers_to_remove: string[] };
          };
        }[];
      }[];
    }[];
  };
}

function yaml(file: string): unknown {
  const document = parseDocument(read(file));
  expect([...document.errors, ...document.warnings]).toEqual([]);
  return document.toJS();
}

const lower = (names: readonly string[]): string[] => names.map((name) => name.toLowerCase());
const exact = ({ patterns }: Patterns): string[] => patterns.map((one) => one.exact);

test('there is one file for each gateway, and the README names it and its path', () => {
  expect(readdirSync(FOLDER).toSorted()).toEqual([...Object.keys(FILES), 'README.md'].toSorted());
  for (const [file, path] of files) expect(read('README.md')).toMatch(new RegExp(`\`${file}\` \\| \`${path}[/\`]`));
});

test.each(files)('%s asks at %s, at the address that its first lines name', (file, path) => {
  expect(read(file)).toContain(path);
  expect(read(file).split('\n').slice(0, 4).join('\n')).toContain('127.0.0.1:8080');
  expect(
    read(file)
      .match(/\/verify\/[a-z]+/g)!
      .filter((one) => one !== path),
  ).toEqual([]);
});

test.each(files)('%s deals with every header that the API may believe, and with the key', (file) => {
  const text = read(file).toLowerCase();
  for (const header of [...TOLD, 'x-api-key', 'authorization']) expect(text).toContain(header);
});

test('Traefik believes no forwarded header, asks before it strips the key, and overwrites all that the API may believe', () => {
  const { routers, middlewares } = (yaml('traefik.yaml') as Traefik).http;
  expect(Object.values(routers)[0]!.middlewares).toEqual(['latchkey', 'latchkey-strip']);
  expect(middlewares.latchkey.forwardAuth).toMatchObject({
    address: 'http://127.0.0.1:8080/verify/traefik',
    trustForwardHeader: false,
  });
  expect(lower(middlewares.latchkey.forwardAuth.authResponseHeaders)).toEqual(TOLD);
  expect(middlewares['latchkey-strip'].headers.customRequestHeaders).toEqual({ 'X-API-Key': '', Authorization: '' });
});

test('APISIX sends the key along, removes what a client says of itself first and the key last, and fails closed', () => {
  const { plugins } = (yaml('apisix.yaml') as Apisix).routes[0]!;
  expect(plugins['forward-auth']).toMatchObject({
    uri: 'http://127.0.0.1:8080/verify/apisix',
    request_headers: ['X-API-Key', 'Authorization'],
    allow_degradation: false,
    status_on_error: 503,
  });
  expect(lower(plugins['forward-auth'].upstream_headers)).toEqual(TOLD);
  expect(lower(plugins['forward-auth'].client_headers)).toEqual(expect.arrayContaining(['www-authenticate', 'retry-after']));
  expect(plugins['serverless-pre-function'].phase).toBe('rewrite');
  for (const header of TOLD) expect(plugins['serverless-pre-function'].functions[0]!.toLowerCase()).toContain(`"${header}"`);
  expect(plugins['serverless-post-function'].phase).toBe('access');
  for (const header of ['X-API-Key', 'Authorization'])
    expect(plugins['serverless-post-function'].functions[0]).toContain(`set_header(ctx, "${header}", nil)`);
});

test('Envoy sends the key along, removes what a client says of itself first and the key last, and fails closed', () => {
  const manager = (yaml('envoy.yaml') as Envoy).static_resources.listeners[0]!.filter_chains[0]!.filters[0]!.typed_config;
  expect(manager.http_filters.map(({ name }) => name.split('.').at(-1))).toEqual(['header_mutation', 'ext_authz', 'router']);
  expect(manager).toMatchObject({ use_remote_address: true, path_with_escaped_slashes_action: 'REJECT_REQUEST' });
  expect(manager.route_config.request_headers_to_remove).toEqual(['x-api-key', 'authorization']);
  const [mutation, authz] = manager.http_filters.map(({ typed_config: config }) => config) as [HeaderMutation, ExtAuthz];
  const { request_mutations: mutations } = mutation.mutations;
  expect(mutations.flatMap(({ remove }) => remove ?? [])).toEqual(TOLD);
  expect(mutations.flatMap(({ append }) => append ?? [])).toMatchObject([
    { header: { key: 'x-envoy-external-address' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
  ]);
  expect(authz).toMatchObject({ failure_mode_allow: false, status_on_error: { code: 'ServiceUnavailable' } });
  expect(exact(authz.allowed_headers)).toEqual(['x-api-key', 'x-envoy-external-address']);
  expect(authz.http_service.path_prefix).toBe('/verify/envoy');
  const { allowed_upstream_headers: up, allowed_client_headers: client } = authz.http_service.authorization_response;
  expect(exact(up)).toEqual(TOLD);
  expect(exact(client)).toEqual(expect.arrayContaining(['www-authenticate', 'retry-after']));
});
