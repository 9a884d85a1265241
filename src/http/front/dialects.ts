import type { IncomingMessage } from 'node:http';
import type { Callers } from './callers.ts';

/**
 * What a gateway says of the request that it asks about. Each reads only what its own gateway sets: the headers of another are whatever the
 * client sent. Whoever may ask at all is believed, also about the address of its client.
 */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly ip: string | undefined;
}

export interface Dialect {
  /** Undefined when the method or the path is missing. */
  readonly read: (request: IncomingMessage, callers: Callers) => Asked | undefined;
  /** nginx answers 500 for every refusal but these. */
  readonly knowsOnly403: boolean;
  /**
   * The bodies that it reads. nginx and Caddy close the connection when there is one that they do not read, and then every request of theirs
   * would cost a new one.
   */
  readonly reads: 'refusals' | 'nothing';
}

const ENVOY = '/verify/envoy';

const nginx: Dialect = {
  knowsOnly403: true,
  reads: 'nothing',
  read: ({ headers }) => said(headers['x-original-method'], headers['x-original-uri'], headers['x-original-ip']),
};

/** X-Forwarded-For may hold more than the gateway itself saw: the last that is no trusted proxy counts. */
const forwarded: Dialect = {
  knowsOnly403: false,
  reads: 'refusals',
  read: ({ headers }, callers) =>
    said(
      headers['x-forwarded-method'],
      headers['x-forwarded-uri'],
      callers.clientIn(headers['x-forwarded-for'] as string | undefined),
    ),
};

/** Asked with the original method, at the original path behind ours. */
const envoy: Dialect = {
  knowsOnly403: false,
  reads: 'refusals',
  read: ({ method, url = '', headers }) => said(method, url.slice(ENVOY.length), headers['x-envoy-external-address']),
};

const DIALECTS: ReadonlyMap<string, Dialect> = new Map([
  ['/verify/nginx', nginx],
  ['/verify/traefik', forwarded],
  ['/verify/caddy', forwarded],
  ['/verify/apisix', forwarded],
  [ENVOY, envoy],
]);

/** `path` is the request's own, without its query, which some gateways add. */
export function dialectAt(path: string): Dialect | undefined {
  return DIALECTS.get(path) ?? (path.startsWith(`${ENVOY}/`) ? envoy : undefined);
}

type Value = string | string[] | undefined;

function said(method: Value, uri: Value, ip: Value): Asked | undefined {
  if (typeof method !== 'string' || typeof uri !== 'string' || method === '' || uri === '') return undefined;
  return { method, path: pathIn(uri), ip: typeof ip === 'string' ? ip : undefined };
}

/** A client may write the whole address into its request line (RFC 9112, 3.2.2); what the API sees of it is the path. */
function pathIn(uri: string): string {
  if (uri.charCodeAt(0) === 0x2f) return uri;
  const origin = /^https?:\/\/[^/?#]*/i.exec(uri)?.[0];
  if (origin === undefined) return uri;
  const rest = uri.slice(origin.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}
