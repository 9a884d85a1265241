import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { openHouse, type House, type Made } from './house.ts';
import { ask, type Reply } from './request.ts';

/* Gateways that no test can run: Latchkey is asked as they ask, with what their examples let through. */

let house: House;
beforeAll(async () => {
  house = await openHouse();
}, 60_000);
afterAll(async () => await house.close());

/** What a client sends to the gateway. */
interface FromClient {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of its connection. */
  readonly address: string;
}

type Asks = (client: FromClient) => Promise<Reply>;

const example = (file: string): unknown =>
  parse(readFileSync(new URL(`../../config/examples/gateways/${file}`, import.meta.url), 'utf8'));

/** The values of all arrays under that name, wherever it stands. */
function listed(value: unknown, name: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => (key === name ? leaves(inner) : listed(inner, name)));
}

function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [];
}

function only(headers: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  return Object.fromEntries(Object.entries(headers).filter(([name]) => wanted.has(name)));
}

const forwarded = ({ method, target, address }: FromClient): Record<string, string> => ({
  'x-forwarded-method': method,
  'x-forwarded-uri': target,
  'x-forwarded-proto': 'http',
  'x-forwarded-host': 'api.example.org',
  'x-forwarded-for': address,
});

const gateways: Record<string, Asks> = {
  /** All headers of the client, and its own over them. */
  traefik: (client) => ask(house.url, '/verify/traefik', { headers: { ...client.headers, ...forwarded(client) } }),
  /** Its own, and of the client's those in `request_headers`. */
  apisix: (client) => {
    const names = listed(example('apisix.yaml'), 'request_headers');
    return ask(house.url, '/verify/apisix', { headers: { ...only(client.headers, names), ...forwarded(client) } });
  },
  /** The client's method and path, of its headers those in `allowed_headers`, and Authorization. */
  envoy: ({ method, target, headers, address }) => {
    const names = [...listed(example('envoy.yaml'), 'allowed_headers'), 'authorization'];
    const sent = { ...only(headers, names), 'x-envoy-external-address': address, 'content-length': '0' };
    return ask(house.url, `/verify/envoy${target}`, { method, headers: sent });
  },
};

describe.each(Object.entries(gateways))('as %s asks', (_name, asks) => {
  const from = (made: Pick<Made, 'key'>, changes: Partial<FromClient> = {}): Promise<Reply> =>
    asks({
      method: 'GET',
      target: '/api/things?page=2',
      address: '198.51.100.9',
      ...changes,
      headers: { 'x-api-key': made.key, ...changes.headers },
    });
  const statusOf = async (...about: Parameters<typeof from>): Promise<number> => (await from(...about)).status;

  test('a good key is one, and its headers say whose it is', async () => {
    const made = await house.key({ scopes: ['read', 'write'], rateLimit: { limit: 5, per: 'hour' } });
    const reply = await from(made);
    expect(reply.status).toBe(200);
    expect(reply.headers).toMatchObject({
      'x-auth-key-id': made.keyId,
      'x-auth-user': 'ada',
      'x-auth-scopes': 'read write',
      'x-ratelimit-limit': '5',
      'x-ratelimit-remaining': '4',
    });
    const bearer = await asks({
      method: 'GET',
      target: '/api/things',
      headers: { authorization: `Bearer ${made.key}` },
      address: '198.51.100.9',
    });
    expect(bearer.status).toBe(200);
  });

  test('method, path and address are those of the request itself', async () => {
    const made = await house.key({ methods: ['GET', 'PUT'], allowedIps: ['198.51.100.0/24'] });
    expect(await statusOf(made, { method: 'PUT' })).toBe(200);
    expect(await statusOf(made, { method: 'DELETE' })).toBe(403);
    expect(await statusOf(made, { target: '/admin' })).toBe(403);
    expect(await statusOf(made, { target: '/' })).toBe(403);
    expect(await statusOf(made, { address: '203.0.113.7' })).toBe(403);
  });

  test('what the client says about them in headers counts for nothing', async () => {
    const made = await house.key({ allowedIps: ['198.51.100.0/24'] });
    const headers = {
      'x-original-method': 'GET',
      'x-original-uri': '/api/things',
      'x-original-ip': '198.51.100.9',
      'x-forwarded-method': 'GET',
      'x-forwarded-uri': '/api/things',
      'x-forwarded-for': '198.51.100.9',
      'x-envoy-external-address': '198.51.100.9',
      'x-envoy-original-path': '/api/things',
      'x-http-method-override': 'GET',
    };
    expect(await statusOf(made, { headers })).toBe(200);
    expect(await statusOf(made, { headers, method: 'DELETE' })).toBe(403);
    expect(await statusOf(made, { headers, target: '/admin' })).toBe(403);
    expect(await statusOf(made, { headers, address: '203.0.113.7' })).toBe(403);
  });

  test('no key and a revoked one are 401, and a key over its limit is 429 with when to come again', async () => {
    const revoked = await house.key();
    await house.revoke(revoked);
    const nobody = await asks({ method: 'GET', target: '/api/things', headers: {}, address: '198.51.100.9' });
    expect([nobody.status, await statusOf(revoked)]).toEqual([401, 401]);
    expect(nobody.headers['www-authenticate']).toMatch(/^Bearer realm="latchkey", error="invalid_token"/);
    const limited = await house.key({ rateLimit: { limit: 1, per: 'hour' } });
    expect(await statusOf(limited)).toBe(200);
    const reply = await from(limited);
    expect([reply.status, Number(reply.headers['retry-after']) > 3500]).toEqual([429, true]);
  });

  test('a path that can be read in two ways is refused', async () => {
    const made = await house.key();
    for (const target of [
      '/api/%2e%2e/admin',
      '/api/../admin',
      '/api//things',
      '//api/things',
      '/api/..;/admin',
      '/api%2fthings',
      '/api/%00',
    ])
      expect([target, await statusOf(made, { target })]).toEqual([target, 403]);
  });
});

test('each of them reads only its own headers: without those nobody passes', async () => {
  const { key } = await house.key({ methods: ['GET', 'POST', 'PUT', 'DELETE'], endpoints: ['/**'] });
  const others: Record<string, Record<string, string>> = {
    '/verify/nginx': { 'x-forwarded-method': 'GET', 'x-forwarded-uri': '/api/x', 'x-original-url': '/api/x' },
    '/verify/traefik': { 'x-original-method': 'GET', 'x-original-uri': '/api/x' },
    '/verify/caddy': { 'x-original-method': 'GET', 'x-original-uri': '/api/x' },
    '/verify/apisix': { 'x-original-method': 'GET', 'x-original-uri': '/api/x' },
  };
  for (const [path, headers] of Object.entries(others))
    expect([path, (await ask(house.url, path, { headers: { 'x-api-key': key, ...headers } })).status]).toEqual([path, 403]);
});
