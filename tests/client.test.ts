import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import express from 'express';
import { createVerifier, requireScope, verifyMiddleware, VerifyUnavailable, type VerifierOptions } from 'latchkey/verify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMemory } from '../client/memory.ts';
import { generated } from '../src/cli/generate.ts';
import { openHouse, type House, type Made } from './gateways/house.ts';
import { ask, type Reply, type Sent } from './gateways/request.ts';

/* `latchkey/verify` as an API without a gateway uses it: by the package's name, against a whole Latchkey. */

const HOUR = 3_600_000;
const ROOT = new URL('..', import.meta.url).pathname;

let house: House;
const servers: Server[] = [];

beforeAll(async () => {
  house = await openHouse();
}, 60_000);
afterAll(async () => {
  for (const server of servers) server.closeAllConnections();
  for (const server of servers) server.close();
  await house.close();
});

async function listen(listener: Parameters<typeof createServer>[1] & {}): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('an Express API', () => {
  let api: string;
  let handled = 0;

  beforeAll(async () => {
    const app = express();
    app.use('/api', verifyMiddleware({ url: house.url, cost: (request) => (request.originalUrl === '/api/dear' ? 3 : 1) }));
    app.get('/api/pets', requireScope('pets:write', 'pets:read'), (request, response) => {
      handled += 1;
      response.json(request.apiKey);
    });
    app.use('/api', (_request, response) => {
      handled += 1;
      response.send('ok');
    });
    api = await listen(app);
  });

  /** The answer, and how often the API itself was reached. */
  async function call(target: string, sent: Sent = {}): Promise<Reply & { reached: number }> {
    const before = handled;
    const reply = await ask(api, target, sent);
    return { ...reply, reached: handled - before };
  }
  const withKey = ({ key }: Pick<Made, 'key'>): { headers: Record<string, string> } => ({ headers: { 'x-api-key': key } });

  test('is told whose key it is, by either header', async () => {
    const closesAt = new Date(Date.now() + HOUR);
    const made = await house.key({ holder: 'Ada Lovelace', scopes: ['pets:*'], closesAt });
    const told = {
      keyId: made.keyId,
      holder: 'Ada Lovelace',
      scopes: ['pets:read', 'pets:write'],
      expiresAt: closesAt.toISOString(),
    };
    const own = await call('/api/pets?page=2', withKey(made));
    const bearer = await call('/api/pets', { headers: { authorization: `Bearer ${made.key}` } });
    expect([own, bearer].map(({ status, text }) => [status, JSON.parse(text)])).toEqual([
      [200, told],
      [200, told],
    ]);
  });

  test('lets nobody through whose key holds none of the scopes that a route needs, and says which', async () => {
    const reader = await house.key({ scopes: ['pets:read'] });
    const other = await house.key({ scopes: ['petsitters:*', 'pets'] });
    expect(await call('/api/pets', withKey(reader))).toMatchObject({ status: 200, reached: 1 });
    const reply = await call('/api/pets', withKey(other));
    expect([reply.status, reply.reached, JSON.parse(reply.text)]).toEqual([
      403,
      0,
      { error: 'Insufficient permissions', required: ['pets:write', 'pets:read'], provided: ['petsitters:read', 'pets'] },
    ]);
  });

  test('refuses as Latchkey itself does, word for word', async () => {
    const good = await house.key();
    const limited = await house.key({ rateLimit: { limit: 1, per: 'hour' } });
    const revoked = await house.key();
    await house.revoke(revoked);
    await call('/api/x', withKey(limited));
    const early = { opensAt: new Date(Date.now() + HOUR), closesAt: new Date(Date.now() + 2 * HOUR) };
    const late = { opensAt: new Date(Date.now() - 2 * HOUR), closesAt: new Date(Date.now() - HOUR) };
    const cases: [method: string, path: string, key: Pick<Made, 'key'> | undefined][] = [
      ['GET', '/api/x', undefined],
      ['GET', '/api/x', { key: 'temp_nobody-made-this-one' }],
      ['GET', '/api/x', revoked],
      ['GET', '/api/x', await house.key(early)],
      ['GET', '/api/x', await house.key(late)],
      ['DELETE', '/api/x', good],
      ['GET', '/api/%2e%2e/admin', good],
      ['GET', '/api/x', await house.key({ allowedIps: ['203.0.113.0/24'] })],
      ['GET', '/api/x', limited],
    ];
    const statuses: number[] = [];
    for (const [method, path, key] of cases) {
      const sent = key ? withKey(key) : {};
      const reply = await call(path, { method, ...sent });
      const about = new URLSearchParams({ method, path, ip: '127.0.0.1' }).toString();
      expect({ reached: reply.reached, ...saidBy(reply) }).toEqual({
        reached: 0,
        ...saidBy(await ask(house.url, `/verify?${about}`, sent)),
      });
      statuses.push(reply.status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 403, 403, 403, 429]);
  });

  test('counts a request for what it costs, and tells what is left', async () => {
    const made = await house.key({ rateLimit: { limit: 5, per: 'hour' } });
    const dear = await call('/api/dear', withKey(made));
    expect([dear.status, dear.headers['x-ratelimit-remaining']]).toEqual([200, '2']);
    expect(await call('/api/dear', withKey(made))).toMatchObject({ status: 429, reached: 0 });
    expect(await call('/api/cheap', withKey(made))).toMatchObject({ status: 200, reached: 1 });
  });

  test('takes two keys for none, and believes nothing that a client says of its address', async () => {
    const [one, other] = [await house.key(), await house.key()];
    const elsewhere = await house.key({ allowedIps: ['203.0.113.0/24'] });
    expect(await call('/api/x', { headers: { 'x-api-key': [one.key, other.key] } })).toMatchObject({ status: 401, reached: 0 });
    expect(await call('/api/x', { headers: { 'x-api-key': one.key, authorization: `Bearer ${other.key}` } })).toMatchObject({
      status: 401,
    });
    const lies = { 'x-forwarded-for': '203.0.113.7', 'x-real-ip': '203.0.113.7', 'x-original-ip': '203.0.113.7' };
    expect(await call('/api/x', { headers: { ...withKey(elsewhere).headers, ...lies } })).toMatchObject({
      status: 403,
      reached: 0,
    });
  });

  test('answers a key or a path of absurd length as any wrong one', async () => {
    const made = await house.key();
    expect(await call('/api/x', withKey({ key: 'k'.repeat(9000) }))).toMatchObject({ status: 401, reached: 0 });
    expect(await call(`/api/${'"'.repeat(9000)}`, withKey(made))).toMatchObject({ status: 403, reached: 0 });
  });
});

/** All that a client hears of a refusal. */
function saidBy({ status, headers, text }: Reply): object {
  const told = [
    'content-type',
    'cache-control',
    'www-authenticate',
    'x-ratelimit-limit',
    'x-ratelimit-remaining',
    'x-ratelimit-reset',
  ];
  return {
    status,
    body: text,
    ...Object.fromEntries(told.map((name) => [name, headers[name]])),
    waits: 'retry-after' in headers,
  };
}

describe('answers from memory', () => {
  /** A verifier with a clock that stands still, and a count of what Latchkey was asked. */
  async function remembering(options: Partial<VerifierOptions>) {
    let passed = 0;
    let asked = 0;
    const clock = { now: () => Date.now() + passed, elapsed: () => passed };
    const counting = await listen((request, response) => {
      asked += 1;
      void relay(request, response);
    });
    const { verify } = createVerifier({ url: counting, clock, ...options });
    return {
      asked: () => asked,
      pass: (ms: number) => (passed += ms),
      code: async (key: string, path = '/api/x') => (await verify({ key, method: 'GET', path, ip: '127.0.0.1' })).code,
    };
  }

  async function relay(request: AsyncIterable<Buffer>, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await Array.fromAsync(request));
    const answer = await fetch(`${house.url}/v1/verify`, { method: 'POST', body });
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  }

  test('are given for no longer than was said: a revoked key ends within it', async () => {
    const made = await house.key();
    const kept = await remembering({ cacheMs: 1000 });
    const fresh = await remembering({});
    expect([await kept.code(made.key), await fresh.code(made.key)]).toEqual(['VALID', 'VALID']);
    await house.revoke(made);
    kept.pass(999);
    expect([await kept.code(made.key), await fresh.code(made.key)]).toEqual(['VALID', 'REVOKED']);
    kept.pass(1);
    expect(await kept.code(made.key)).toBe('REVOKED');
    expect([kept.asked(), fresh.asked()]).toEqual([2, 2]);
  });

  test('are for the same question only, whatever its query', async () => {
    const made = await house.key();
    const { code, asked } = await remembering({ cacheMs: 1000 });
    const codes = [
      await code(made.key),
      await code(made.key, '/api/x?page=2'),
      await code(made.key, '/admin'),
      await code(made.key, '/api/y'),
    ];
    expect([codes, asked()]).toEqual([['VALID', 'VALID', 'ENDPOINT_FORBIDDEN', 'VALID'], 3]);
  });

  test('are never refusals, and never outlive the key', async () => {
    const made = await house.key({ closesAt: new Date(Date.now() + HOUR) });
    const { code, pass, asked } = await remembering({ cacheMs: 1000 });
    expect([await code(made.key, '/admin'), await code(made.key, '/admin'), asked()]).toEqual([
      'ENDPOINT_FORBIDDEN',
      'ENDPOINT_FORBIDDEN',
      2,
    ]);
    pass(HOUR - 500);
    expect([await code(made.key), asked()]).toEqual(['VALID', 3]);
    pass(600);
    await code(made.key);
    expect(asked()).toBe(4);
  });

  test('are not given for a key with limits, unless they may be approximate', async () => {
    const made = await house.key({ rateLimit: { limit: 3, per: 'hour' } });
    const exact = await remembering({ cacheMs: 1000 });
    expect([await exact.code(made.key), await exact.code(made.key), exact.asked()]).toEqual(['VALID', 'VALID', 2]);
    const rough = await remembering({ cacheMs: 1000, approximateLimits: true });
    expect([await rough.code(made.key), await rough.code(made.key), rough.asked()]).toEqual(['VALID', 'VALID', 1]);
    expect(await exact.code(made.key)).toBe('RATE_LIMITED');
  });
});

test('whatever an answer holds beside the key itself may be a limit, and is not answered from memory', () => {
  const key = { keyId: 'key_1', lease: 'lse_1', project: 'lab', holder: 'ada', scopes: ['read'], expiresAt: null };
  const isKept = (more: object): boolean => {
    const memory = createMemory({ cacheMs: 1000, approximateLimits: false, clock: { now: () => 0, elapsed: () => 0 } });
    memory.keep({ key: 'k' }, { valid: true, code: 'VALID', ...key, ...more }, 0);
    return memory.find({ key: 'k' }) !== undefined;
  };
  const minute = { name: 'minute', limit: 9, remaining: 8, windowSeconds: 60, resetMs: 1 };
  expect([{}, { limits: [] }, { tokenType: 'jwt' }, { project: undefined }].map(isKept)).toEqual([true, true, true, true]);
  expect([{ limits: [minute] }, { quota: {} }, { ofNextYear: 1 }].map(isKept)).toEqual([false, false, false]);
});

describe('without an answer to go by', () => {
  const KEY = 'temp_this-key-must-not-be-told-to-anybody';

  async function thrownBy(url: string): Promise<VerifyUnavailable> {
    const { verify } = createVerifier({ url, timeoutMs: 150, token: 'lko_nor-this-token' });
    return await verify({ key: KEY }).then(
      ({ code }) => expect.fail(`answered ${code}`),
      (error: unknown) => error as VerifyUnavailable,
    );
  }

  const answers: [what: string, answer: (response: ServerResponse) => void][] = [
    ['silence', () => {}],
    [
      'half an answer',
      (response) => void response.writeHead(200, { 'content-length': '100' }).write('{"valid":true,"code":"VALID"'),
    ],
    ['a broken connection', (response) => void response.destroy()],
    ['500 that says valid', (response) => void response.writeHead(500).end('{"valid":true,"code":"VALID"}')],
    ['503 with when to come again', (response) => void response.writeHead(503, { 'retry-after': '7' }).end()],
    ['403', (response) => void response.writeHead(403).end()],
    ['204', (response) => void response.writeHead(204).end()],
    ['a page', (response) => void response.end('<h1>It works!</h1>')],
    ['null', (response) => void response.end('null')],
    ['an empty object', (response) => void response.end('{}')],
    ['valid as a word', (response) => void response.end('{"valid":"true","code":"VALID"}')],
    ['valid with a refusal', (response) => void response.end('{"valid":true,"code":"REVOKED"}')],
    ['a redirection', (response) => void response.writeHead(307, { location: `${house.url}/v1/verify` }).end()],
  ];

  test.each(answers)('nobody passes: %s', async (_what, answer) => {
    const url = await listen((_request, response) => answer(response));
    const error = await thrownBy(url);
    expect(error).toBeInstanceOf(VerifyUnavailable);
    expect(error.code).toBe('unavailable');
    expect(inspect(error, { depth: 9 })).not.toMatch(/must-not-be-told|nor-this-token/);
  });

  test('an API answers 503 and when to come again, and lets everybody in when Latchkey is back', async () => {
    const app = express();
    app.use(verifyMiddleware({ url: house.url, timeoutMs: 5000 }), (_request, response) => void response.send('ok'));
    const api = await listen(app);
    const sent = { headers: { 'x-api-key': (await house.key()).key } };
    expect((await ask(api, '/api/x', sent)).status).toBe(200);
    await house.stop();
    const reply = await ask(api, '/api/x', sent);
    expect([reply.status, JSON.parse(reply.text), reply.headers['retry-after']]).toEqual([
      503,
      { error: 'temporarily_unavailable', error_description: 'API keys cannot be verified at the moment' },
      '5',
    ]);
    await house.comeBack();
    expect((await ask(api, '/api/x', sent)).status).toBe(200);
  });
});

test('options that cannot be are refused when the verifier is made', () => {
  const url = 'http://127.0.0.1:1';
  expect(() => createVerifier({ url, cacheMs: 1001 })).toThrow(RangeError);
  expect(() => createVerifier({ url, cacheMs: -1 })).toThrow(RangeError);
  expect(() => createVerifier({ url, cacheMs: Number.NaN })).toThrow(RangeError);
  expect(() => createVerifier({ url, timeoutMs: 0 })).toThrow(RangeError);
  expect(() => createVerifier({ url: 'file:///etc/passwd' })).toThrow(TypeError);
  expect(() => createVerifier({ url: 'keys.example.org' })).toThrow(TypeError);
  expect(() => requireScope()).toThrow(TypeError);
});

describe('the package', () => {
  test('holds what its sources say, and nothing else', () => {
    const names = generated().flatMap(({ file }) => (file.startsWith('client/dist/') ? [file.slice('client/dist/'.length)] : []));
    expect(readdirSync(join(ROOT, 'client/dist')).toSorted()).toEqual(names.toSorted());
  });

  test('runs installed, where Node strips no types, with nothing else installed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-installed-'));
    const installed = join(folder, 'node_modules/latchkey');
    mkdirSync(installed, { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
    cpSync(join(ROOT, 'client/dist'), join(installed, 'client/dist'), { recursive: true });
    writeFileSync(
      join(folder, 'api.mjs'),
      `import * as client from 'latchkey/verify'; console.log(Object.keys(client).sort().join(' '));`,
    );
    const said = execFileSync(process.execPath, ['api.mjs'], { cwd: folder, encoding: 'utf8' });
    rmSync(folder, { recursive: true, force: true });
    expect(said.trim()).toBe('VerifyUnavailable createVerifier requireScope verifyMiddleware');
  });
});
