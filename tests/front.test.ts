import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalKey } from '../providers/key-manager.ts';
import { verifyAccess } from '../src/http/front/access.ts';
import { createFront } from '../src/http/front/front.ts';
import { listen, type Listening } from '../src/http/listen.ts';
import { mintKey } from '../src/keys/key.ts';
import { openKeys, type Keys } from '../src/keys/open.ts';
import { silentLog } from '../src/observe/log.ts';
import { openTestLedger, type TestLedger } from './engines.ts';

/** What gateways send and get, on one database: what keys may do is asked on both engines elsewhere. */

const NOW = new Date('2026-03-01T12:00:00Z');
const OPERATOR = 'operator-token';
const OPEN = { opensAt: new Date('2026-03-01T09:00:00Z'), closesAt: new Date('2026-03-01T17:00:00Z') };
const FORWARDED = ['traefik', 'caddy', 'apisix'];

let store: TestLedger;
let keys: Keys;
let now = NOW;
let made = 0;
const servers: (Server | Listening)[] = [];
let port = 0;

async function serve(allowFrom: readonly string[], trustProxy: readonly string[] = []): Promise<number> {
  const access = verifyAccess({ allowFrom, isOperatorToken: (token) => token === OPERATOR });
  const otherwise = (_request: unknown, response: ServerResponse) => void response.writeHead(404).end('router');
  const parts = { access, trustProxy, log: silentLog, logsRequests: false, otherwise };
  const server = createServer(createFront({ ...parts, verify: (asked) => keys.verify(asked) }));
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  store = await openTestLedger('embedded', { now: () => now });
  keys = await openKeys({ ledger: store.ledger, now: () => now, log() {} });
  port = await serve(['127.0.0.0/8'], ['10.0.0.0/8']);
});
afterAll(async () => {
  for (const server of servers) await server.close(0 as never);
  await keys.close();
  await store.close();
});

async function put(changes: Partial<LocalKey> = {}): Promise<string> {
  const n = ++made;
  const secret = mintKey('temp');
  const grant = { holder: `user-${n}`, scopes: ['read'], methods: ['GET'], endpoints: ['/api/**'], window: OPEN };
  await keys.manager.put({ name: `lk-${n}`, lease: `lse_${n}`, secret, ...grant, ...changes });
  return secret.reveal();
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends the request line and the headers as they are. */
function ask(
  path: string,
  headers: Record<string, string> | string[],
  { method = 'GET', to = port, body = '' } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const lines = Array.isArray(headers) ? ['host', 'latchkey', ...headers] : headers;
    const sent = httpRequest({ host: '127.0.0.1', port: to, path, method, headers: lines }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    sent.once('error', reject).end(body);
  });
}

/** As each gateway asks about a request of its client. */
function asks(gateway: string, asked: { method?: string; uri?: string; ip?: string; key: string }, to = port): Promise<Answer> {
  const { method = 'GET', uri = '/api/x', ip, key } = asked;
  const named = (names: [string, string, string]): Record<string, string> => ({
    'x-api-key': key,
    [names[0]]: method,
    [names[1]]: uri,
    ...(ip === undefined ? {} : { [names[2]]: ip }),
  });
  if (gateway === 'nginx') return ask('/verify/nginx', named(['x-original-method', 'x-original-uri', 'x-original-ip']), { to });
  if (gateway !== 'envoy')
    return ask(`/verify/${gateway}?from=client`, named(['x-forwarded-method', 'x-forwarded-uri', 'x-forwarded-for']), { to });
  const external: Record<string, string> = ip === undefined ? {} : { 'x-envoy-external-address': ip };
  return ask(`/verify/envoy${uri}`, { 'x-api-key': key, ...external }, { method, to });
}

const ALL = ['nginx', 'envoy', ...FORWARDED];

test.each(ALL)('%s: method, path and address are those of the client’s request', async (gateway) => {
  const key = await put({ allowedIps: ['198.51.100.0/24'], endpoints: ['/api/**'] });
  const ip = '198.51.100.7';
  const statusOf = async (asked: { method?: string; uri?: string; ip?: string }) =>
    (await asks(gateway, { ip, key, ...asked })).status;
  expect(await statusOf({})).toBe(200);
  expect(await statusOf({ uri: '/api/x?next=/../admin' })).toBe(200);
  expect(await statusOf({ method: 'HEAD' })).toBe(200);
  for (const method of ['POST', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH']) expect(await statusOf({ method }), method).toBe(403);
  for (const uri of ['/other', '/api/../other', '/api/%2e%2e/other', '/api%2Fx', '//api/x', '/api/..;/x', '/API/x', '/api/%00'])
    expect(await statusOf({ uri }), uri).toBe(403);
  for (const other of ['203.0.113.1', '', 'nonsense', '198.51.100.7%eth0'])
    expect(await statusOf({ ip: other }), other).toBe(403);
  expect((await asks(gateway, { key })).status).toBe(403);
  expect((await asks(gateway, { ip, key: mintKey('temp').reveal() })).status).toBe(401);
});

test.each(ALL)('%s: what another gateway would set is whatever the client sent, and counts for nothing', async (gateway) => {
  const key = await put({ allowedIps: ['198.51.100.0/24'] });
  const own = gateway === 'nginx' ? 'x-original' : 'x-forwarded';
  const forged: Record<string, string> = {
    'x-original-method': 'GET',
    'x-original-uri': '/api/x',
    'x-original-ip': '198.51.100.7',
    'x-forwarded-method': 'GET',
    'x-forwarded-uri': '/api/x',
    'x-forwarded-for': '198.51.100.7',
    'x-real-ip': '198.51.100.7',
    'x-http-method-override': 'GET',
    'x-original-url': '/api/x',
    'x-rewrite-url': '/api/x',
    forwarded: 'for=198.51.100.7',
  };
  const others = Object.fromEntries(Object.entries(forged).filter(([name]) => gateway === 'envoy' || !name.startsWith(own)));
  if (gateway === 'nginx') delete others['x-original-url'];
  const path = gateway === 'envoy' ? '/verify/envoy/other' : `/verify/${gateway}`;
  expect((await ask(path, { ...others, 'x-api-key': key })).status).toBe(403);
  const real = await asks(gateway, { key, ip: '198.51.100.7' });
  expect(real.status).toBe(200);
});

test.each(ALL.filter((gateway) => gateway !== 'envoy'))('%s: without its method or path nothing is allowed', async (gateway) => {
  const key = await put();
  const names = gateway === 'nginx' ? ['x-original-method', 'x-original-uri'] : ['x-forwarded-method', 'x-forwarded-uri'];
  const [method = '', uri = ''] = names;
  for (const headers of [
    {},
    { [method]: 'GET' },
    { [uri]: '/api/x' },
    { [method]: '', [uri]: '/api/x' },
    { [method]: 'GET', [uri]: '' },
  ]) {
    const answer = await ask(`/verify/${gateway}?method=GET&path=/api/x`, { ...headers, 'x-api-key': key });
    expect(answer).toMatchObject({ status: 403, headers: { 'www-authenticate': expect.stringContaining('invalid_request') } });
  }
  const twice = await ask(`/verify/${gateway}`, ['x-api-key', key, method, 'GET', method, 'GET', uri, '/api/x']);
  expect(twice.status).toBe(403);
  const twoPaths = await ask(`/verify/${gateway}`, ['x-api-key', key, method, 'GET', uri, '/api/x', uri, '/api/y']);
  expect(twoPaths.status).toBe(403);
});

test('of a list of forwarded addresses the last that is no trusted proxy’s counts, never what a client put before it', async () => {
  const key = await put({ allowedIps: ['198.51.100.0/24'] });
  const from = async (list: string) => (await asks('caddy', { key, ip: list })).status;
  expect(await from('203.0.113.5, 198.51.100.7')).toBe(200);
  expect(await from('198.51.100.7, 203.0.113.5')).toBe(403);
  expect(await from('198.51.100.7, 10.0.0.3, 10.0.0.4')).toBe(200);
  expect(await from('203.0.113.5, 198.51.100.7, 10.0.0.3')).toBe(200);
  expect(await from('198.51.100.7, 203.0.113.5, 10.0.0.3')).toBe(403);
  expect(await from('198.51.100.7,')).toBe(403);
});

test('an absolute address in the request line is its path', async () => {
  const key = await put();
  const of = async (uri: string) => (await asks('traefik', { key, uri })).status;
  expect(await of('http://api.example/api/x')).toBe(200);
  expect(await of('HTTPS://user@api.example:8443/api/x?y')).toBe(200);
  for (const uri of [
    'http://api.example/other',
    'http://api.example',
    'http://api.example?/api/x',
    'ftp://h/api/x',
    '*',
    'api.example:443',
  ])
    expect(await of(uri), uri).toBe(403);
});

test('nginx hears of a used-up limit as 403, and of which refusal it is in a header; the others as 429', async () => {
  const key = await put({ rateLimit: { limit: 1, per: 'hour' } });
  expect((await asks('nginx', { key })).status).toBe(200);
  const refused = await asks('nginx', { key });
  expect(refused.status).toBe(403);
  expect(refused.headers).toMatchObject({ 'x-verify-status': '429', 'retry-after': '3600' });
  for (const gateway of ALL.slice(1)) {
    const answer = await asks(gateway, { key });
    expect(answer.status, gateway).toBe(429);
    expect(answer.headers['x-verify-status']).toBeUndefined();
  }
});

test('the limits stand in the fields of the draft and in the older three, tightest first for those', async () => {
  const key = await put({
    rateLimit: { limit: 100, per: 'hour' },
    limits: [{ limit: 3, per: 'minute' }],
    quota: { limit: 50, per: 'reservation' },
  });
  const { headers } = await asks('caddy', { key });
  expect(headers).toMatchObject({
    'ratelimit-policy': '"hour";q=100;w=3600, "minute";q=3;w=60, "quota";q=50',
    ratelimit: '"hour";r=99;t=3600, "minute";r=2;t=60, "quota";r=49',
    'x-ratelimit-limit': '3',
    'x-ratelimit-remaining': '2',
    'x-ratelimit-reset': String(NOW.getTime() / 1000 + 60),
    'x-auth-scopes': 'read',
  });
  const free = await asks('caddy', { key: await put() });
  expect(Object.keys(free.headers).filter((name) => name.includes('ratelimit'))).toEqual([]);
});

test('every answer says that it is no page and not to be kept, and has an id where somebody may look for it; the other paths are the router’s', async () => {
  const key = await put();
  const always = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', date: expect.any(String) };
  for (const answer of [
    await ask('/verify', { 'x-api-key': key }),
    await asks('nginx', { key: 'x' }),
    await asks('caddy', { key: 'x' }),
    await ask('/verify?path=a&path=b', { 'x-api-key': key }),
  ])
    expect(answer.headers).toMatchObject({
      ...always,
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'x-request-id': expect.stringMatching(/^[\w.:-]{1,64}$/),
    });
  // A good answer without a body has nothing to protect, and nobody looks for it by an id that nobody has.
  const good = await asks('nginx', { key });
  expect(good.headers).toMatchObject(always);
  expect(good.headers['x-request-id'] ?? good.headers['content-security-policy']).toBeUndefined();
  const original = { 'x-original-method': 'GET', 'x-original-uri': '/api/x', 'x-request-id': 'abc-2' };
  expect((await ask('/verify/nginx', { 'x-api-key': key, ...original })).headers['x-request-id']).toBe('abc-2');
  const named = await ask('/verify', { 'x-api-key': key, 'x-request-id': 'abc-1' });
  expect(named.headers['x-request-id']).toBe('abc-1');
  for (const path of ['/', '/verify/', '/verifyx', '/verify/kong', '/verify/envoyx', '/v1/verify', '/v1/verify/x', '/Verify'])
    expect(await ask(path, { 'x-api-key': key }), path).toMatchObject({ status: 404, body: 'router' });
  expect(await ask('/verify', { 'x-api-key': key }, { method: 'POST' })).toMatchObject({ status: 404, body: 'router' });
});

test('a gateway that is not listed may ask with an operator token; what it forwards does not make it one that is', async () => {
  const far = await serve(['192.0.2.0/24'], ['127.0.0.0/8']);
  const key = await put();
  for (const gateway of ALL) expect((await asks(gateway, { key, ip: '192.0.2.1' }, far)).status, gateway).toBe(403);
  const headers = { 'x-api-key': key, 'x-original-method': 'GET', 'x-original-uri': '/api/x', 'x-latchkey-token': OPERATOR };
  expect((await ask('/verify/nginx', headers, { to: far })).status).toBe(200);
  expect((await ask('/verify/nginx', { ...headers, 'x-latchkey-token': 'wrong' }, { to: far })).status).toBe(403);
});

test('headers that are no headers of ours change nothing: twice, long, foreign, in the query', async () => {
  const key = await put();
  const plain = ['x-original-method', 'GET', 'x-original-uri', '/api/x'];
  const status = async (...more: string[]) => (await ask('/verify/nginx', [...plain, ...more])).status;
  expect(await status('x-api-key', key)).toBe(200);
  expect(await status('x-api-key', key, 'X-Api-Key', key)).toBe(401);
  expect(await status('x-api-key', 'ä'.repeat(40))).toBe(401);
  expect(await status('x-api-key', 'k'.repeat(12_000))).toBe(401);
  expect(await status('x-api-key', '__proto__')).toBe(401);
  expect(await status('cookie', `x-api-key=${key}`)).toBe(401);
  expect(await status('x-api-key', key, 'x-forwarded-uri', '/'.repeat(3000), 'content-length', '0')).toBe(200);
  const deep = `{"key":"${key}","scopes":${'['.repeat(8000)}`;
  for (const body of [deep, `{"key":"${key}","cost":1e309}`, `{"key":{"toString":1}}`, `\ufeff{"key":"${key}"}`])
    expect((await ask('/v1/verify', {}, { method: 'POST', body })).status).toBe(400);
  const polluting = `{"__proto__":{"valid":true},"constructor":{"prototype":{"x":1}},"key":"a","key":"${key}"}`;
  const answer = await ask('/v1/verify', {}, { method: 'POST', body: polluting });
  expect(JSON.parse(answer.body)).toMatchObject({ valid: true });
  expect(({} as { valid?: boolean }).valid).toBeUndefined();
});

test.each(ALL)('%s: no body is sent that it does not read, which would cost it its connection', async (gateway) => {
  const key = await put();
  const good = await asks(gateway, { key });
  expect([good.status, good.headers['content-length'], good.body]).toEqual([200, '0', '']);
  const refused = await asks(gateway, { key, uri: '/other' });
  expect([refused.status, refused.body === '']).toEqual([403, gateway === 'nginx']);
});

test('who guesses waits, whoever else comes from there does not, and the trail says it once', async () => {
  const key = await put();
  now = new Date(NOW.getTime() + 3_600_000);
  const ip = '203.0.113.77';
  const wrong = () => asks('caddy', { key: mintKey('temp').reveal(), ip });
  const answers: number[] = [];
  for (let guess = 0; guess < 70; guess += 1) answers.push((await wrong()).status);
  expect(answers.filter((status) => status === 401)).toHaveLength(60);
  expect(answers.slice(60)).toEqual(Array.from({ length: 10 }, () => 429));
  const late = await wrong();
  expect(late.headers['retry-after']).toBe('1');
  expect(late.body).toBe('{"error":"rate_limit_exceeded","error_description":"Too many invalid API keys"}');
  expect((await asks('caddy', { key, ip })).status).toBe(200);
  expect((await asks('caddy', { key: mintKey('temp').reveal(), ip: '203.0.113.78' })).status).toBe(401);
  now = new Date(now.getTime() + 2000);
  expect((await wrong()).status).toBe(401);
  await keys.close();
  keys = await openKeys({ ledger: store.ledger, now: () => now, log() {} });
  const trail = await store.ledger.db.selectFrom('audit').selectAll().where('action', '=', 'verify.guessing').execute();
  expect(trail).toHaveLength(1);
  expect(trail[0]).toMatchObject({ subject: ip, detail: { wrong: 72 } });
});

test('connections that say nothing, or slowly, keep nobody waiting', async () => {
  const key = await put();
  const access = verifyAccess({ allowFrom: ['127.0.0.0/8'], isOperatorToken: () => false });
  const otherwise = (_request: unknown, response: ServerResponse) => void response.writeHead(404).end();
  const parts = { access, trustProxy: [], log: silentLog, logsRequests: false, otherwise };
  const server = await listen(createFront({ ...parts, verify: (asked) => keys.verify(asked) }), { host: '127.0.0.1', port: 0 });
  const to = Number(new URL(server.url).port);
  const idle: Socket[] = [];
  for (let each = 0; each < 500; each += 1) {
    const socket = connect(to, '127.0.0.1').on('error', () => {});
    if (each % 2 === 0) socket.write('POST /v1/verify HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n');
    if (each % 4 === 0) socket.write('\r\n{"key":');
    idle.push(socket);
  }
  await Promise.all(idle.filter((socket) => socket.connecting).map((socket) => once(socket, 'connect')));
  for (let each = 0; each < 20; each += 1) expect((await asks('envoy', { key }, to)).status).toBe(200);
  for (const socket of idle) socket.destroy();
  await server.close(1000);
});
