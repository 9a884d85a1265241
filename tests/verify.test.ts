import type { AddressInfo } from 'node:net';
import { createServer, request as httpRequest, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalKey } from '../providers/key-manager.ts';
import { verifyAccess } from '../src/http/front/access.ts';
import { createFront } from '../src/http/front/front.ts';
import { mintKey } from '../src/keys/key.ts';
import { openKeys, type Keys } from '../src/keys/open.ts';
import type { VerifyRequest } from '../src/keys/verdict.ts';
import { openLedger } from '../src/ledger/database.ts';
import { silentLog } from '../src/observe/log.ts';
import { Fault } from '../src/reservation/fault.ts';
import { describeEngines, type TestLedger } from './engines.ts';

const OPENS = new Date('2026-03-01T09:00:00Z');
const CLOSES = new Date('2026-03-01T17:00:00Z');
const DURING = new Date('2026-03-01T12:00:00Z');
const OPERATOR = 'operator-token';

describeEngines('verify', (engine) => {
  let store: TestLedger;
  let keys: Keys;
  let now = DURING;
  let made = 0;
  let url = '';
  let restricted = '';
  let proxied = '';
  const servers: { close(): void }[] = [];
  const clock = () => now;
  const log = () => {};

  async function serve(allowFrom: readonly string[], trustProxy: string[] = []): Promise<string> {
    const isOperatorToken = (token: string) => token === OPERATOR;
    const access = verifyAccess({ allowFrom, isOperatorToken });
    const verify = (asked: VerifyRequest) => keys.verify(asked);
    const otherwise = (_request: unknown, response: ServerResponse) => void response.writeHead(404).end();
    const front = createFront({ verify, access, trustProxy, log: silentLog, logsRequests: false, otherwise });
    const server = createServer(front).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    servers.push(server);
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  beforeAll(async () => {
    store = await engine.open({ now: clock });
    keys = await openKeys({ ledger: store.ledger, now: clock, log });
    url = await serve(['127.0.0.0/8']);
    restricted = await serve(['192.0.2.0/24']);
    proxied = await serve(['127.0.0.0/8', '192.0.2.0/24'], ['127.0.0.0/8']);
  });

  afterAll(async () => {
    for (const server of servers) server.close();
    await keys.close();
    await store.close();
  });

  async function put(changes: Partial<LocalKey> = {}): Promise<LocalKey & { text: string; keyId: string }> {
    now = DURING;
    const n = ++made;
    const key: LocalKey = {
      name: `lk-${n}`,
      secret: mintKey('temp'),
      lease: `lse_${n}`,
      holder: `user-${n}`,
      scopes: ['read'],
      methods: ['GET'],
      endpoints: ['/api/**'],
      window: { opensAt: OPENS, closesAt: CLOSES },
      ...changes,
    };
    const { keyId } = await keys.manager.put(key);
    return { ...key, text: key.secret.reveal(), keyId };
  }

  async function post(body: unknown, headers: Record<string, string> = {}, to = url) {
    const response = await fetch(`${to}/v1/verify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      body: (await response.json()) as Record<string, unknown>,
    };
  }

  async function codeOf(body: object): Promise<unknown> {
    const answer = await post(body);
    expect(answer.status).toBe(200);
    expect(answer.body.valid).toBe(answer.body.code === 'VALID');
    return answer.body.code;
  }

  async function get(query: string, headers: Record<string, string>, to = url) {
    const response = await fetch(`${to}/verify${query}`, { headers });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
  }

  /** Sends header lines exactly as given, also twice. */
  function getRaw(lines: string[]): Promise<number> {
    return new Promise((resolve, reject) => {
      const sent = httpRequest(`${url}/verify`, { headers: ['host', 'latchkey', ...lines] }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.once('error', reject).end();
    });
  }

  test('a good key is told with everything a gateway needs', async () => {
    const key = await put({ rateLimit: { limit: 5, per: 'hour' }, quota: { limit: 9, per: 'reservation' } });
    const { status, body } = await post({ key: key.text, method: 'GET', path: '/api/data?x=1', ip: '203.0.113.9' });
    expect(status).toBe(200);
    expect(body).toEqual({
      valid: true,
      code: 'VALID',
      keyId: key.keyId,
      project: 'default',
      lease: key.lease,
      holder: key.holder,
      scopes: ['read'],
      expiresAt: CLOSES.toISOString(),
      rateLimit: { limit: 5, remaining: 4, resetAt: new Date(DURING.getTime() + 3_600_000).toISOString() },
      quota: { limit: 9, used: 1, remaining: 8, resetAt: null },
      limits: [
        { name: 'hour', limit: 5, remaining: 4, windowSeconds: 3600, resetMs: 3_600_000 },
        { name: 'quota', limit: 9, remaining: 8, windowSeconds: null, resetMs: null },
      ],
    });
  });

  test('a key works from the first millisecond of its window to the last', async () => {
    const key = await put();
    const at = (time: number) => {
      now = new Date(time);
      return codeOf({ key: key.text });
    };
    expect(await at(OPENS.getTime() - 1)).toBe('NOT_YET_VALID');
    expect(await at(OPENS.getTime())).toBe('VALID');
    expect(await at(CLOSES.getTime() - 1)).toBe('VALID');
    expect(await at(CLOSES.getTime())).toBe('EXPIRED');
    expect(await keys.manager.retime(key.name, { opensAt: OPENS, closesAt: new Date(CLOSES.getTime() + 1000) })).toBe(true);
    expect(await at(CLOSES.getTime())).toBe('VALID');
    expect(await keys.manager.retime('lk-none', { opensAt: OPENS, closesAt: CLOSES })).toBe(false);
  });

  test('what is not a key of ours is NOT_FOUND, whatever it is', async () => {
    const key = await put();
    const typo = key.text.slice(0, -1) + (key.text.endsWith('a') ? 'b' : 'a');
    for (const text of ['', 'x', typo, mintKey('temp').reveal(), '__proto__', 'ключ', 'a'.repeat(9000)]) {
      expect(await codeOf({ key: text })).toBe('NOT_FOUND');
    }
  });

  test('methods are those of the scopes, in upper case, and HEAD goes with GET', async () => {
    const key = await put({ methods: ['GET', 'POST'] });
    for (const method of ['GET', 'HEAD', 'POST']) expect(await codeOf({ key: key.text, method })).toBe('VALID');
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'TRACE', 'get', 'GET ', '', 'constructor']) {
      expect(await codeOf({ key: key.text, method })).toBe('INSUFFICIENT_SCOPE');
    }
    const writer = await put({ methods: ['POST'] });
    expect(await codeOf({ key: writer.text, method: 'HEAD' })).toBe('INSUFFICIENT_SCOPE');
  });

  test('paths are read in one way or refused', async () => {
    const key = await put({ endpoints: ['/api/**', '/health'] });
    for (const path of ['/api', '/api/x/y?z', '/health', '/%61pi/x']) expect(await codeOf({ key: key.text, path })).toBe('VALID');
    for (const path of [
      '/other',
      '/api/../other',
      '/api/%2e%2e/other',
      '/api%2Fx',
      '//api/x',
      '/API/x',
      '',
      'http://h/api/x',
      '/health/',
    ]) {
      expect(await codeOf({ key: key.text, path })).toBe('ENDPOINT_FORBIDDEN');
    }
    const none = await put({ endpoints: [] });
    expect(await codeOf({ key: none.text, path: '/api' })).toBe('ENDPOINT_FORBIDDEN');
  });

  test('a key with an address list works from there only, and not when nobody says from where', async () => {
    const key = await put({ allowedIps: ['198.51.100.0/24', '2001:db8::/32'] });
    for (const ip of ['198.51.100.7', '::ffff:198.51.100.7', '2001:db8::1'])
      expect(await codeOf({ key: key.text, ip })).toBe('VALID');
    for (const ip of ['198.51.101.7', '2001:db9::1', 'fe80::1%eth0', 'nonsense', undefined]) {
      expect(await codeOf({ key: key.text, ip })).toBe('IP_FORBIDDEN');
    }
    await expect(put({ allowedIps: ['198.51.100.0/33'] })).rejects.toThrow(Fault);
  });

  test('a denied network is denied whatever else is allowed, and an address that cannot be read is in it', async () => {
    const key = await put({ deniedIps: ['198.51.100.0/24'] });
    expect(await codeOf({ key: key.text, ip: '203.0.113.9' })).toBe('VALID');
    for (const ip of ['198.51.100.7', '::ffff:198.51.100.7', 'nonsense', undefined])
      expect(await codeOf({ key: key.text, ip })).toBe('IP_FORBIDDEN');
    const both = await put({ allowedIps: ['198.51.0.0/16'], deniedIps: ['198.51.100.0/24'] });
    expect(await codeOf({ key: both.text, ip: '198.51.101.1' })).toBe('VALID');
    for (const ip of ['198.51.100.1', '203.0.113.9']) expect(await codeOf({ key: both.text, ip })).toBe('IP_FORBIDDEN');
    await expect(put({ deniedIps: ['10.0.0.0/33'] })).rejects.toThrow(Fault);
  });

  test('a key for office hours works in them, by the clock of its zone', async () => {
    const key = await put({ hours: [{ days: [7], from: '12:00', to: '13:00', zone: 'Europe/Rome' }] });
    const at = (time: string) => {
      now = new Date(time);
      return codeOf({ key: key.text });
    };
    // A Sunday in March; Rome is an hour ahead.
    expect(await at('2026-03-01T10:59:59.999Z')).toBe('OUTSIDE_HOURS');
    expect(await at('2026-03-01T11:00:00.000Z')).toBe('VALID');
    expect(await at('2026-03-01T12:00:00.000Z')).toBe('OUTSIDE_HOURS');
    now = new Date('2026-03-01T12:00:00.000Z');
    const refused = await get('', { 'x-api-key': key.text });
    expect(refused).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } });
  });

  test('where scopes have paths of their own, one of them must let the method through on the path', async () => {
    const rules = [
      { methods: ['GET'], endpoints: ['/api/**'] },
      { methods: ['POST', 'GET'], endpoints: ['/api/jobs/**'] },
    ];
    const key = await put({ methods: ['GET', 'POST'], endpoints: ['/**'], rules });
    const ask = (method?: string, path?: string) => codeOf({ key: key.text, method, path });
    expect(await ask('GET', '/api/x')).toBe('VALID');
    expect(await ask('HEAD', '/api/x')).toBe('VALID');
    expect(await ask('POST', '/api/jobs/1')).toBe('VALID');
    expect(await ask('POST', '/api/x')).toBe('ENDPOINT_FORBIDDEN');
    expect(await ask('GET', '/other')).toBe('ENDPOINT_FORBIDDEN');
    expect(await ask('DELETE', '/api/jobs/1')).toBe('INSUFFICIENT_SCOPE');
    expect(await ask('POST')).toBe('VALID');
    expect(await ask(undefined, '/api/x')).toBe('VALID');
    const none = await put({ methods: ['GET', 'POST'], rules: [] });
    expect(await codeOf({ key: none.text, method: 'GET', path: '/api' })).toBe('INSUFFICIENT_SCOPE');
  });

  test('an API may ask for one of several scopes, which a wildcard of the key covers', async () => {
    const key = await put({ scopes: ['read', 'akm:projects:*', 'lab:*'] });
    const holds = (...scopes: string[]) => codeOf({ key: key.text, scopes });
    for (const scope of ['read', 'akm:projects:read', 'lab:printers:use', 'akm:projects:*'])
      expect(await holds('nothing', scope), scope).toBe('VALID');
    for (const scope of ['write', 'akm:keys:read', 'akm:*', '*', 'rea', 'reader', '', 'akm:projects:', '__proto__'])
      expect(await holds(scope), scope).toBe('INSUFFICIENT_SCOPE');
    expect(await holds()).toBe('INSUFFICIENT_SCOPE');
    const all = await put({ scopes: ['*'] });
    expect(await codeOf({ key: all.text, scopes: ['akm:keys:read'] })).toBe('VALID');
  });

  test('a generation of a project’s key is told by the id of that key, and one without an end by null', async () => {
    const window = { opensAt: OPENS, closesAt: new Date('9999-12-31T00:00:00Z') };
    const key = await put({ projectKey: 'pk_1', project: 'default', lease: 'pk_1', window });
    const { body } = await post({ key: key.text });
    expect(body).toEqual({
      valid: true,
      code: 'VALID',
      keyId: 'pk_1',
      project: 'default',
      holder: key.holder,
      scopes: ['read'],
      expiresAt: null,
    });
    const answer = await get('', { 'x-api-key': key.text });
    expect(answer.headers.get('x-auth-key-id')).toBe('pk_1');
    expect(answer.body).toEqual({ valid: true, keyId: 'pk_1', expiresAt: null });
  });

  test('the first thing that is wrong decides, in the published order', async () => {
    const key = await put({
      allowedIps: ['198.51.100.0/24'],
      quota: { limit: 1, per: 'reservation' },
      rateLimit: { limit: 1, per: 'hour' },
    });
    const wrong = { key: key.text, ip: '203.0.113.1', method: 'PUT', path: '/other' };
    expect(await codeOf({ ...wrong, ip: '198.51.100.1', method: 'GET', path: '/api' })).toBe('VALID');
    expect(await codeOf({ ...wrong, ip: '198.51.100.1', method: 'GET', path: '/api' })).toBe('RATE_LIMITED');
    expect(await codeOf({ ...wrong, ip: '198.51.100.1', method: 'GET' })).toBe('ENDPOINT_FORBIDDEN');
    expect(await codeOf({ ...wrong, ip: '198.51.100.1' })).toBe('INSUFFICIENT_SCOPE');
    expect(await codeOf(wrong)).toBe('IP_FORBIDDEN');
    now = CLOSES;
    expect(await codeOf(wrong)).toBe('EXPIRED');
    await keys.manager.suspend(key.name);
    expect(await codeOf(wrong)).toBe('SUSPENDED');
    now = new Date(CLOSES.getTime() - 1);
    await keys.manager.remove(key.name);
    expect(await codeOf(wrong)).toBe('REVOKED');
    now = CLOSES;
    expect(await codeOf(wrong)).toBe('REVOKED');
  });

  test('a key that was taken away at the end of its window has expired, for every node and after a restart too', async () => {
    const key = await put();
    now = CLOSES;
    await keys.manager.remove(key.name);
    expect(await codeOf({ key: key.text })).toBe('EXPIRED');
    expect((await get('', { 'x-api-key': key.text })).body).toMatchObject({ error_description: 'API key has expired' });
    now = new Date(CLOSES.getTime() + 3_600_000);
    await keys.close();
    keys = await openKeys({ ledger: store.ledger, now: clock, log });
    expect(await codeOf({ key: key.text })).toBe('EXPIRED');
  });

  test('a suspended key waits, and goes on when it is resumed', async () => {
    const key = await put();
    await keys.manager.suspend(key.name);
    expect(await codeOf({ key: key.text })).toBe('SUSPENDED');
    // The same key issued again, after a lost answer, is still suspended.
    await keys.manager.put(key);
    expect(await codeOf({ key: key.text })).toBe('SUSPENDED');
    await keys.manager.resume(key.name);
    expect(await codeOf({ key: key.text })).toBe('VALID');
  });

  test('of 300 at once under a limit of 40 exactly 40 pass, and a refused call burns no quota', async () => {
    const key = await put({ rateLimit: { limit: 40, per: 'minute' }, quota: { limit: 50, per: 'day' } });
    const first = await Promise.all(Array.from({ length: 300 }, () => post({ key: key.text })));
    expect(first.filter(({ body }) => body.code === 'VALID')).toHaveLength(40);
    expect(first.filter(({ body }) => body.code === 'RATE_LIMITED')).toHaveLength(260);
    now = new Date(DURING.getTime() + 60_000);
    const second = await Promise.all(Array.from({ length: 30 }, () => post({ key: key.text })));
    expect(second.filter(({ body }) => body.code === 'VALID')).toHaveLength(10);
    expect(second.find(({ body }) => body.code !== 'VALID')?.body).toMatchObject({
      code: 'QUOTA_EXCEEDED',
      quota: { used: 50, remaining: 0 },
    });
    expect(await keys.manager.usage(key.name)).toEqual({ used: 50, limit: 50, refused: 280 });
  });

  test('a call may count for several', async () => {
    const key = await put({ quota: { limit: 10, per: 'reservation' } });
    expect((await post({ key: key.text, cost: 7 })).body.quota).toMatchObject({ used: 7 });
    expect(await codeOf({ key: key.text, cost: 4 })).toBe('QUOTA_EXCEEDED');
    expect((await post({ key: key.text, cost: 3 })).body.quota).toMatchObject({ used: 10 });
    expect(await keys.manager.usage(key.name)).toEqual({ used: 10, limit: 10, refused: 1 });
  });

  test('the same name twice leaves one key; another secret under it replaces the first', async () => {
    const key = await put();
    expect(await keys.manager.put(key)).toEqual({ keyId: key.keyId });
    expect(await codeOf({ key: key.text })).toBe('VALID');
    const secret = mintKey('temp');
    expect(await keys.manager.put({ ...key, secret })).toEqual({ keyId: key.keyId });
    expect(await codeOf({ key: key.text })).toBe('NOT_FOUND');
    expect(await codeOf({ key: secret.reveal() })).toBe('VALID');
  });

  test('a key that a lease has is told by the id it has there; one made directly keeps its own', async () => {
    const key = await put({ id: 'key_of-a-lease' });
    expect((await post({ key: key.text })).body).toMatchObject({ keyId: 'key_of-a-lease' });
    expect(await keys.manager.put(key)).toEqual({ keyId: 'key_of-a-lease' });
    const own = await put();
    expect(await keys.manager.put({ ...own, id: 'key_given-later' })).toEqual({ keyId: 'key_given-later' });
    expect((await post({ key: own.text })).body).toMatchObject({ code: 'VALID', keyId: 'key_given-later' });
  });

  test('a rotated key spends from the same budget, and the old one dies alone', async () => {
    const key = await put({ rateLimit: { limit: 3, per: 'hour' }, quota: { limit: 9, per: 'reservation' } });
    expect(await codeOf({ key: key.text })).toBe('VALID');
    const next = await put({ ...key, name: `${key.name}-g2`, secret: mintKey('temp') });
    expect((await post({ key: next.text })).body).toMatchObject({ rateLimit: { remaining: 1 }, quota: { used: 2 } });
    await keys.manager.remove(key.name);
    expect(await codeOf({ key: key.text })).toBe('REVOKED');
    expect((await post({ key: next.text })).body).toMatchObject({ rateLimit: { remaining: 0 }, quota: { used: 3 } });
    expect(await codeOf({ key: next.text })).toBe('RATE_LIMITED');
  });

  test('from the end of a removal on, not one of many concurrent requests passes', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => put()));
    const run = { on: true };
    let passedBefore = 0;
    const dead = new Set<string>();
    const wrong: string[] = [];
    const ask = async () => {
      for (let turn = 0; run.on; turn++) {
        const key = all[turn % all.length]!;
        const wasDead = dead.has(key.name);
        const { code } = await keys.verify({ key: key.text });
        if (code === 'VALID' && wasDead) wrong.push(key.name);
        if (code === 'VALID') passedBefore++;
        if (turn % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const askers = Array.from({ length: 20 }, ask);
    for (const key of all) {
      await keys.manager.remove(key.name);
      dead.add(key.name);
      expect(await codeOf({ key: key.text })).toBe('REVOKED');
    }
    run.on = false;
    await Promise.all(askers);
    expect(wrong).toEqual([]);
    expect(passedBefore).toBeGreaterThan(0);
    await keys.manager.remove('lk-never-made');
  });

  test('after a restart keys work, quotas go on and the revoked stay revoked', async () => {
    const key = await put({ quota: { limit: 5, per: 'month' } });
    const gone = await put();
    await keys.manager.remove(gone.name);
    for (let used = 0; used < 3; used++) expect(await codeOf({ key: key.text })).toBe('VALID');
    await keys.close();
    keys = await openKeys({ ledger: store.ledger, now: clock, log });
    expect((await post({ key: key.text })).body).toMatchObject({ code: 'VALID', quota: { used: 4, remaining: 1 } });
    expect(await codeOf({ key: gone.text })).toBe('REVOKED');
    expect(await codeOf({ key: key.text })).toBe('VALID');
    expect(await codeOf({ key: key.text })).toBe('QUOTA_EXCEEDED');
  });

  test('the listing names what is alive, and when a key was last used is kept', async () => {
    const key = await put();
    const gone = await put();
    await keys.manager.remove(gone.name);
    await codeOf({ key: key.text });
    const names: string[] = [];
    for await (const each of keys.manager.list()) names.push(each.name);
    expect(names).toContain(key.name);
    expect(names).not.toContain(gone.name);
    await keys.close();
    keys = await openKeys({ ledger: store.ledger, now: clock, log });
    const row = await store.ledger.db.selectFrom('localKey').selectAll().where('name', '=', key.name).executeTakeFirstOrThrow();
    expect(row.lastUsedAt).toEqual(DURING);
    expect(JSON.stringify(row)).not.toContain(key.text);
  });

  test('a gateway gets the key’s owner and limits in headers', async () => {
    const key = await put({ holder: 'Zoë 李', scopes: ['read', 'write'], rateLimit: { limit: 2, per: 'minute' } });
    const ways: Record<string, string>[] = [{ 'x-api-key': key.text }, { authorization: `Bearer ${key.text}` }];
    for (const headers of ways) {
      const answer = await get('?method=GET&path=/api/x', headers);
      expect(answer.status).toBe(200);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'x-auth-key-id': key.keyId,
        'x-auth-user': encodeURIComponent('Zoë 李'),
        'x-auth-scopes': 'read write',
        'x-ratelimit-limit': '2',
        'x-ratelimit-reset': String(DURING.getTime() / 1000 + 60),
        'cache-control': 'no-store',
      });
    }
    const refused = await get('', { 'x-api-key': key.text });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('60');
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0');
    expect(refused.body).toEqual({ error: 'rate_limit_exceeded', error_description: 'Rate limit exceeded' });
  });

  test('a gateway is told why not, in the words of OAuth', async () => {
    const key = await put();
    now = CLOSES;
    const expired = await get('', { 'x-api-key': key.text });
    expect(expired.status).toBe(401);
    expect(expired.body).toEqual({ error: 'invalid_token', error_description: 'API key has expired' });
    expect(expired.headers.get('www-authenticate')).toContain('error="invalid_token"');
    now = DURING;
    const scope = await get('?method=DELETE&path=/api', { 'x-api-key': key.text });
    expect(scope.status).toBe(403);
    expect(scope.body).toEqual({ error: 'insufficient_scope', error_description: 'API key does not have required permissions' });
    expect((await get('?method=GET&path=/other', { 'x-api-key': key.text })).status).toBe(403);
    await keys.manager.remove(key.name);
    const revoked = await get('', { 'x-api-key': key.text });
    expect(revoked.body).toEqual({ error: 'invalid_token', error_description: 'API key has been revoked' });
    expect((await get('', {})).body).toEqual({ error: 'invalid_token', error_description: 'Missing API Key' });
  });

  test('a key counts once: not twice, not two of them, not in the address', async () => {
    const key = await put();
    const other = await put();
    const bearer = `Bearer ${key.text}`;
    expect(await getRaw(['x-api-key', key.text, 'Authorization', bearer])).toBe(200);
    expect(await getRaw(['x-api-key', key.text, 'Authorization', 'Basic dTpw'])).toBe(200);
    for (const lines of [
      ['x-api-key', key.text, 'X-API-Key', key.text],
      ['authorization', bearer, 'Authorization', bearer],
      ['x-api-key', other.text, 'authorization', bearer],
      ['x-api-key', `${key.text}, ${key.text}`],
      ['x-api-key', ''],
      ['authorization', `Basic ${key.text}`],
      ['authorization', `Bearer ${key.text}, Bearer ${other.text}`],
      ['x-api-key', 'k'.repeat(8000)],
    ])
      expect(await getRaw(lines)).toBe(401);
    expect((await get(`?key=${key.text}`, {})).status).toBe(401);
    expect((await get('?path=/api&path=/other', { 'x-api-key': key.text })).status).toBe(400);
    expect((await get('?method=&path=/api', { 'x-api-key': key.text })).status).toBe(403);
  });

  test('a body that cannot be read is the only 400', async () => {
    const key = await put();
    for (const body of [
      '',
      '{',
      '[]',
      '"x"',
      '{"key":5}',
      `{"key":"${key.text}","cost":0}`,
      `{"key":"${key.text}","cost":1e309}`,
    ]) {
      const answer = await post(body);
      expect(answer.status).toBe(400);
      expect(answer.type).toContain('application/problem+json');
    }
    expect((await post({ key: 'a'.repeat(17_000) })).status).toBe(413);
    expect((await post(`{"__proto__":{"valid":true},"key":"x"}`)).body).toEqual({ valid: false, code: 'NOT_FOUND' });
  });

  test('a body is JSON whatever its content type says, and what is missing in it is named', async () => {
    const key = await put();
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'nonsense'])
      expect(await post({ key: key.text }, { 'content-type': type })).toMatchObject({ status: 200, body: { code: 'VALID' } });
    expect(await post('key=abc', { 'content-type': 'application/x-www-form-urlencoded' })).toMatchObject({
      status: 400,
      body: { detail: 'The body is not JSON.' },
    });
    expect(await post({})).toMatchObject({ status: 400, body: { detail: expect.stringMatching(/^key: .*expected string/) } });
  });

  test('strangers may not ask, whatever address they claim; an operator may', async () => {
    const key = await put();
    const forged = { 'x-forwarded-for': '192.0.2.1', 'x-real-ip': '192.0.2.1', forwarded: 'for=192.0.2.1' };
    expect((await post({ key: key.text }, forged, restricted)).status).toBe(403);
    expect((await post({ key: key.text }, { authorization: 'Bearer wrong' }, restricted)).status).toBe(403);
    expect((await post({ key: key.text }, { authorization: `Bearer ${OPERATOR}` }, restricted)).body.code).toBe('VALID');
    expect((await get('', { ...forged, 'x-api-key': key.text }, restricted)).status).toBe(403);
    expect((await get('', { authorization: `Bearer ${OPERATOR}` }, restricted)).status).toBe(403);
    expect((await get('', { 'x-api-key': key.text, 'x-latchkey-token': OPERATOR }, restricted)).status).toBe(200);
  });

  test('behind a trusted proxy the caller that it names is judged, and not the proxy', async () => {
    const key = await put();
    const from = (address: string) => ({ 'x-forwarded-for': address, 'x-api-key': key.text });
    expect((await get('', from('198.51.100.7'), proxied)).status).toBe(403);
    expect((await get('', from('192.0.2.1, 198.51.100.7'), proxied)).status).toBe(403);
    expect((await post({ key: key.text }, from('unknown'), proxied)).status).toBe(403);
    expect((await get('', from('192.0.2.1'), proxied)).status).toBe(200);
    expect((await get('', from('::ffff:192.0.2.1'), proxied)).status).toBe(200);
    expect((await get('', { 'x-api-key': key.text }, proxied)).status).toBe(200);
  });

  test.runIf(engine.name === 'postgres')('another node hears of new keys, revocations and suspensions', async () => {
    const ledger = await openLedger({ ...store.place, now: clock, mac: store.chain.mac });
    const other = await openKeys({ ledger, now: clock, log });
    const key = await put({ quota: { limit: 100, per: 'reservation' } });
    const there = async () => (await other.verify({ key: key.text })).code;
    expect(await there()).toBe('VALID');
    await keys.manager.suspend(key.name);
    await expect.poll(there).toBe('SUSPENDED');
    await keys.manager.resume(key.name);
    await expect.poll(there).toBe('VALID');
    await keys.manager.remove(key.name);
    await expect.poll(there).toBe('REVOKED');
    await other.close();
    await ledger.close();
  });
});
