import { createHash, randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { GATEWAYS, isInstalled, openGateway, type Gateway, type GatewayName } from './gateway.ts';
import { openHouse, type House, type Made } from './house.ts';
import { openRelay } from './relay.ts';
import { ask, type Reply, type Sent } from './request.ts';
import { openUpstream, type Arrived, type Upstream } from './upstream.ts';

/* Real gateways with the configurations that we ship, a whole Latchkey beside them and a small API behind them. */

const missing = GATEWAYS.filter((name) => !isInstalled(name));
const present = GATEWAYS.filter((name) => !missing.includes(name));
if (missing.length > 0)
  console.warn(`NOT TESTED, because it is not installed: ${missing.join(', ')} (apt-get install nginx-light caddy)`);

test('in CI every gateway is there', () => {
  if (process.env['CI'] === 'true') expect(missing).toEqual([]);
});

let house: House;
let upstream: Upstream;
const gateways = new Map<GatewayName, Gateway>();

beforeAll(async () => {
  [house, upstream] = await Promise.all([openHouse(), openUpstream()]);
  const behind = { latchkey: house.address, api: upstream.address };
  await Promise.all(present.map(async (name) => void gateways.set(name, await openGateway(name, behind))));
}, 120_000);
afterAll(async () => {
  await Promise.all([...gateways.values()].map((gateway) => gateway.close()));
  await upstream.close();
  await house.close();
});
beforeEach(() => void upstream.take());

const withKey = ({ key }: Pick<Made, 'key'>): Record<string, string> => ({ 'x-api-key': key });
/** What servers may make of a path: decoded once or twice, without path parameters, with backslashes for slashes, dot segments resolved. */
function readings(target: string): string[] {
  const path = target.split('?', 1)[0] ?? '';
  const decoded = [path, decode(path), decode(decode(path))];
  return decoded.flatMap((one) => [one, one.replace(/;[^/]*/g, '')]).map((one) => posix.normalize(one.replaceAll('\\', '/')));
}

function decode(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
}

const OAUTH = /^Bearer realm="latchkey", error="invalid_token", error_description="/;
/** What a client may try to tell about itself, under the names by which gateways tell it. */
const LIES = {
  'x-original-method': 'GET',
  'x-original-uri': '/api/things',
  'x-original-url': '/api/things',
  'x-original-ip': '203.0.113.7',
  'x-forwarded-method': 'GET',
  'x-forwarded-uri': '/api/things',
  'x-forwarded-for': '203.0.113.7',
  'x-real-ip': '203.0.113.7',
  'x-http-method-override': 'GET',
  'x-verify-status': '200',
};
const IDENTITY = {
  'x-auth-key-id': 'key_of-somebody-else',
  'x-auth-user': 'root',
  'x-auth-scopes': 'admin',
  'x-ratelimit-limit': '1000000',
  'x-ratelimit-remaining': '999999',
  'x-ratelimit-reset': '1',
  ratelimit: '"x";r=9;t=1',
  'ratelimit-policy': '"x";q=9;w=1',
};

describe.skipIf(missing.length === GATEWAYS.length).each(present)('%s in front of an API', (name) => {
  const through = (target: string, sent?: Sent): Promise<Reply> => ask(gateways.get(name)!.url, target, sent);

  /** The answer to a request that has to get through, and what the API got. */
  async function passed(target: string, sent: Sent): Promise<{ reply: Reply; arrived: Arrived }> {
    const reply = await through(target, sent);
    const [arrived, ...more] = upstream.take();
    expect([reply.status, reply.text, more.length]).toEqual([200, 'from the API', 0]);
    return { reply, arrived: arrived! };
  }

  /** The answer to a request of which the API must get nothing. */
  async function refused(target: string, sent: Sent): Promise<Reply> {
    const reply = await through(target, sent);
    expect(upstream.take(), `${sent.method ?? 'GET'} ${target}`).toEqual([]);
    return reply;
  }

  test('a good key passes: the API learns whose it is, and its limits, but not the key', async () => {
    const made = await house.key({ holder: 'Ada Lovelace', scopes: ['read', 'write'], rateLimit: { limit: 5, per: 'hour' } });
    const { reply, arrived } = await passed('/api/things?page=2', { headers: withKey(made) });
    expect(arrived).toMatchObject({ method: 'GET', target: '/api/things?page=2' });
    expect(arrived.headers).toMatchObject({
      'x-auth-key-id': made.keyId,
      'x-auth-user': 'Ada%20Lovelace',
      'x-auth-scopes': 'read write',
      'x-ratelimit-limit': '5',
      'x-ratelimit-remaining': '4',
    });
    expect(reply.headers).toMatchObject({ 'x-ratelimit-limit': '5', 'x-ratelimit-remaining': '4' });
    expect(JSON.stringify([arrived, reply])).not.toContain(made.key);
  });

  test('a key that is sent as a bearer token passes as well, and the API does not see it either', async () => {
    const made = await house.key();
    const { arrived } = await passed('/api/things', { headers: { authorization: `Bearer ${made.key}` } });
    expect(JSON.stringify(arrived)).not.toContain(made.key);
    expect(arrived.headers['x-auth-key-id']).toBe(made.keyId);
  });

  test('no key, a wrong, an early, an expired and a revoked one are answered 401 with what is wrong', async () => {
    const HOUR = 3_600_000;
    const early = await house.key({ opensAt: new Date(Date.now() + HOUR), closesAt: new Date(Date.now() + 2 * HOUR) });
    const expired = await house.key({ opensAt: new Date(Date.now() - 2 * HOUR), closesAt: new Date(Date.now() - HOUR) });
    const revoked = await house.key();
    await passed('/api/things', { headers: withKey(revoked) });
    await house.revoke(revoked);
    const answers: unknown[] = [];
    for (const headers of [
      {},
      withKey({ key: 'temp_nobody-made-this-one' }),
      withKey(early),
      withKey(expired),
      withKey(revoked),
    ]) {
      const reply = await refused('/api/things', { headers });
      answers.push([reply.status, String(reply.headers['www-authenticate']).replace(OAUTH, '')]);
    }
    expect(answers).toEqual([
      [401, 'Missing API Key"'],
      [401, 'Invalid API Key"'],
      [401, 'API key is not valid yet"'],
      [401, 'API key has expired"'],
      [401, 'API key has been revoked"'],
    ]);
  });

  test('two keys in one request are none', async () => {
    const [one, other] = [await house.key(), await house.key()];
    const twice = await refused('/api/things', { headers: { 'x-api-key': [one.key, other.key] } });
    const both = await refused('/api/things', { headers: { 'x-api-key': one.key, authorization: `Bearer ${other.key}` } });
    expect([twice.status, both.status]).toEqual([401, 401]);
  });

  test('a method or a path that the key was not made for is answered 403', async () => {
    const made = await house.key();
    const answers: unknown[] = [];
    for (const [method, target] of [
      ['DELETE', '/api/things'],
      ['POST', '/api/things'],
      ['GET', '/admin'],
      ['GET', '/apiary'],
      ['GET', '/'],
    ] as const) {
      const { status, text } = await refused(target, { method, headers: withKey(made) });
      answers.push([method, target, status, (JSON.parse(text) as { error: string }).error]);
    }
    expect(answers).toEqual([
      ['DELETE', '/api/things', 403, 'insufficient_scope'],
      ['POST', '/api/things', 403, 'insufficient_scope'],
      ['GET', '/admin', 403, 'insufficient_scope'],
      ['GET', '/apiary', 403, 'insufficient_scope'],
      ['GET', '/', 403, 'insufficient_scope'],
    ]);
  });

  test("the API's own 403 is its own", async () => {
    const made = await house.key();
    const reply = await through('/api/its-own-403', { headers: withKey(made) });
    expect([reply.status, reply.text, upstream.take().length]).toEqual([403, 'from the API', 1]);
  });

  test('what a client says about its method, path or address in headers changes nothing', async () => {
    const made = await house.key();
    const elsewhere = await house.key({ allowedIps: ['203.0.113.0/24'] });
    const here = await house.key({ allowedIps: ['127.0.0.1/32'] });
    const lying = (key: Made) => ({ headers: { ...withKey(key), ...LIES } });
    expect((await refused('/api/things', { method: 'DELETE', ...lying(made) })).status).toBe(403);
    expect((await refused('/admin', lying(made))).status).toBe(403);
    expect((await refused('/admin?method=GET&path=/api/things&ip=203.0.113.7', lying(made))).status).toBe(403);
    expect((await refused('/api/things', lying(elsewhere))).status).toBe(403);
    await passed('/api/things', lying(here));
  });

  test('nor does a client that declares those headers to be of its connection only', async () => {
    const made = await house.key();
    for (const header of ['X-Forwarded-Uri', 'X-Forwarded-Method', 'X-Original-URI', 'X-Original-Method', 'X-Forwarded-For']) {
      const headers = { ...withKey(made), connection: `close, ${header}`, ...LIES };
      expect((await refused('/admin', { headers })).status).toBe(403);
      expect((await refused('/api/things', { method: 'DELETE', headers })).status).toBe(403);
    }
    const headers = { ...withKey(made), connection: 'close, X-Auth-Key-Id, X-Auth-User, X-Auth-Scopes' };
    const { arrived } = await passed('/api/things', { headers });
    expect(arrived.headers).toMatchObject({ 'x-auth-key-id': made.keyId, 'x-auth-user': 'ada', 'x-auth-scopes': 'read' });
  });

  test('who a client says it is never reaches the API', async () => {
    const made = await house.key();
    const { arrived } = await passed('/api/things', { headers: { ...withKey(made), ...IDENTITY } });
    const told = Object.fromEntries(Object.keys(IDENTITY).map((header) => [header, arrived.headers[header]]));
    expect(told).toEqual({ 'x-auth-key-id': made.keyId, 'x-auth-user': 'ada', 'x-auth-scopes': 'read' });
    expect((await refused('/api/things', { headers: IDENTITY })).status).toBe(401);
  });

  test('a path that can be read in two ways is refused, and one that merely is encoded arrives as it was sent', async () => {
    const made = await house.key();
    for (const target of [
      '/api/%2e%2e/admin',
      '/api/../admin',
      '/api/./things',
      '/api/%2E%2E%2Fadmin',
      '/api//things',
      '//api/things',
      '/api/%2Fthings',
      '/api%2fthings',
      '/api/..;/admin',
      '/api/..%3b/admin',
      '/api/%252e%252e/admin',
      '/api/..%5cadmin',
      '/api/%00',
      '/admin/../api/things',
    ]) {
      const { status } = await refused(target, { headers: withKey(made) });
      expect([target, status >= 400 && status < 500]).toEqual([target, true]);
    }
    const { arrived } = await passed('/api/caf%C3%A9/a%20b?q=%2e%2e%2f', { headers: withKey(made) });
    expect(arrived.target).toBe('/api/caf%C3%A9/a%20b?q=%2e%2e%2f');
  });

  test('whatever path passes, no reading of it leads out of what the key is for', async () => {
    const { key } = await house.key();
    const piece = fc.constantFrom(
      'api',
      'admin',
      'x',
      '..',
      '.',
      '',
      '%2e%2e',
      '%2E',
      '%2f',
      '%5c',
      '\\',
      '..;',
      ';a',
      '%3b',
      '%25',
      '%',
      '%00',
      'é',
    );
    const paths = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => `/api/${pieces.join('/')}`);
    let passes = 0;
    for (const target of fc.sample(paths, 150)) {
      const sent = Buffer.from(target).toString('latin1');
      const { status } = await through(sent, { headers: { 'x-api-key': key } });
      const arrived = upstream.take();
      expect([target, arrived.length]).toEqual([target, status === 200 ? 1 : 0]);
      for (const { target: got } of arrived)
        expect([got, ...readings(got)].filter((path) => !/^\/api(?:\/|$)/.test(path))).toEqual([]);
      passes += arrived.length;
    }
    expect(passes).toBeGreaterThan(0);
  });

  test('requests of odd forms are refused as wrong, and none as a failure of ours', async () => {
    const made = await house.key({ methods: ['GET', 'POST'] });
    const keyed = withKey(made);
    const odd: [what: string, target: string, sent: Sent][] = [
      ['key in the query', `/api/things?api_key=${made.key}&x-api-key=${made.key}`, {}],
      ['two keys with a comma', '/api/things', { headers: { 'x-api-key': `${made.key}, ${made.key}` } }],
      ['key with more behind it', '/api/things', { headers: { 'x-api-key': `${made.key}x` } }],
      ['key as Basic', '/api/things', { headers: { authorization: `Basic ${made.key}` } }],
      ['key of 6 kB', '/api/things', { headers: { 'x-api-key': made.key.padEnd(6000, 'x') } }],
      ['key with letters that are not ASCII', '/api/things', { headers: { 'x-api-key': `${made.key}\u00e9` } }],
      ['empty key', '/api/things', { headers: { 'x-api-key': '' } }],
      ['another case of the path', '/API/things', { headers: keyed }],
      ['method by override', '/api/things', { method: 'DELETE', headers: { ...keyed, 'x-http-method-override': 'GET' } }],
      ['TRACE', '/api/things', { method: 'TRACE', headers: keyed }],
      ['whole address in the request line', 'http://elsewhere.example/admin', { headers: keyed }],
      ['fragment', '/api/things#/../admin', { headers: keyed }],
    ];
    for (const [what, target, sent] of odd) {
      const { status } = await refused(target, sent);
      expect([what, status >= 400 && status < 500]).toEqual([what, true]);
    }
  });

  test('over its limit a key is answered 429, with when to come again', async () => {
    const made = await house.key({ rateLimit: { limit: 2, per: 'hour' } });
    await passed('/api/things', { headers: withKey(made) });
    await refused('/admin', { headers: withKey(made) });
    await passed('/api/things', { headers: withKey(made) });
    const reply = await refused('/api/things', { headers: withKey(made) });
    expect(reply.status).toBe(429);
    expect(reply.headers).toMatchObject({ 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '0' });
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(3500);
    expect(JSON.parse(reply.text)).toMatchObject({ error: 'rate_limit_exceeded' });
  });

  test('a body passes through untouched, and is not asked for when the key is refused', async () => {
    const made = await house.key({ methods: ['POST', 'PUT'] });
    const body = randomBytes(300_000);
    const sha256 = createHash('sha256').update(body).digest('hex');
    const sized = { ...withKey(made), 'content-type': 'application/octet-stream', 'content-length': String(body.length) };
    expect((await passed('/api/files', { method: 'POST', headers: sized, body })).arrived).toMatchObject({
      method: 'POST',
      sha256,
    });
    const chunked = { ...withKey(made), 'transfer-encoding': 'chunked' };
    expect((await passed('/api/files', { method: 'PUT', headers: chunked, body })).arrived).toMatchObject({
      method: 'PUT',
      sha256,
    });
    expect((await refused('/api/files', { method: 'POST', headers: { 'content-length': '3' }, body: 'abc' })).status).toBe(401);
  });

  test('what Latchkey itself answers at is not to be reached through it', async () => {
    for (const target of ['/_latchkey', '/verify/nginx', '/verify/caddy', '/v1/verify'])
      expect([401, 404]).toContain((await refused(target, {})).status);
  });
});

test('a gateway asks over connections that it keeps, whatever the answers', async () => {
  const limited = await house.key({ rateLimit: { limit: 1, per: 'hour' } });
  const good = await house.key();
  const requests = [good, limited, limited, { key: 'temp_nobody-made-this-one' }, good, good].map(withKey);
  const counts = await Promise.all(
    present.map(async (name) => {
      const relay = await openRelay(house.address);
      const gateway = await openGateway(name, { latchkey: relay.address, api: upstream.address });
      const statuses: number[] = [];
      for (const headers of [...requests, ...requests])
        statuses.push((await ask(gateway.url, '/api/things', { headers })).status);
      await gateway.close();
      await relay.close();
      return { connections: relay.connections(), good: statuses.filter((status) => status === 200).length };
    }),
  );
  for (const { connections, good: passes } of counts) {
    expect(passes).toBeGreaterThanOrEqual(6);
    expect(connections).toBeLessThanOrEqual(2);
  }
});

test('while Latchkey is down or hangs nobody passes, and everybody when it is back', async () => {
  const made = await house.key();
  const everywhere = () =>
    Promise.all(present.map((name) => ask(gateways.get(name)!.url, '/api/things', { headers: withKey(made) })));
  const statuses = async () => (await everywhere()).map(({ status }) => status);
  expect(await statuses()).toEqual(present.map(() => 200));
  upstream.take();
  await house.stop();
  for (const status of await statuses()) expect(status).toBeGreaterThanOrEqual(500);
  await house.hang();
  for (const status of await statuses()) expect(status).toBeGreaterThanOrEqual(500);
  expect(upstream.take()).toEqual([]);
  await house.comeBack();
  expect(await statuses()).toEqual(present.map(() => 200));
  expect(upstream.take()).toHaveLength(present.length);
});
