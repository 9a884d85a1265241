import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../src/secret/secret.ts';
import { openApiHouse, type ApiHouse } from './api-house.ts';
import { engines } from './engines.ts';

let house: ApiHouse;
let lab: Secret;

beforeAll(async () => {
  house = await openApiHouse(engines[0]!);
  const { addOperator } = await import('../src/access/roster.ts');
  const hired = await addOperator(
    { ledger: house.ledger, now: house.deps.now },
    { name: 'lab-1', role: 'operator', project: 'lab', actor: 'admin' },
  );
  lab = hired.token;
});
afterAll(() => house.close());

/** Of the form that the contract's own clients make: no checksum of ours. */
let made = 0;
const value = () => `temp_0123456789abcdef_${String(++made).padStart(16, 'f')}`;

const keyBody = (api_key: string, more: object = {}) => ({
  api_key,
  name: 'Lab Server A1-ann',
  description: 'Temporary API key for ann on Lab Server A1',
  user_id: 'user-1',
  username: 'ann',
  resource_name: 'Lab Server A1',
  scopes: ['read', 'write'],
  quota: 100,
  rate_limit: '50/minute',
  expires_at: '2026-01-01T18:00:00.123456',
  allowed_endpoints: ['/api/**'],
  metadata: { created_by: 'webhook', resource_type: 'temporary_access', reservation_id: '41' },
  ...more,
});
const put = (body: object, as?: Secret) => house.ask('POST', '/api/keys', { body, as });
const attach = (api_key: string, policy_type: string, configuration: object, as?: Secret) =>
  house.ask('POST', '/api/policies', { body: { api_key, policy_type, configuration }, as });
const usage = (key: string) => house.ask('GET', `/api/keys/${encodeURIComponent(key)}/usage`);
const remove = (key: string) => house.ask('DELETE', `/api/keys/${encodeURIComponent(key)}`);
const door = async (key: string, method = 'GET', path = '/api/x') => (await house.builtin.verify({ key, method, path })).code;

describe('POST /api/keys', () => {
  test('makes a key of the value that its maker chose, which verify then knows; the value is told to nobody', async () => {
    const key = value();
    expect(await door(key)).toBe('NOT_FOUND');
    const answer = await put(keyBody(key));
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      id: expect.stringMatching(/^pky_/) as string,
      name: 'Lab Server A1-ann',
      user_id: 'user-1',
      username: 'ann',
      scopes: ['read', 'write'],
      quota: 100,
      rate_limit: '50/minute',
      expires_at: '2026-01-01T18:00:00.123Z',
      allowed_endpoints: ['/api/**'],
      metadata: { reservation_id: '41' },
      warnings: [],
    });
    expect(answer.text).not.toContain(key);
    const rows = await house.ledger.db.selectFrom('projectKey').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(key);
    expect([await door(key), await door(key, 'DELETE'), await door(key, 'GET', '/other')]).toEqual([
      'VALID',
      'INSUFFICIENT_SCOPE',
      'ENDPOINT_FORBIDDEN',
    ]);
    house.clock.set('2026-01-01T18:00:01Z');
    expect(await door(key)).toBe('EXPIRED');
    house.clock.set('2026-01-01T09:00:00Z');
  });

  test('the same value again is the same key, with what is said now', async () => {
    const key = value();
    const first = await put(keyBody(key));
    const again = await put(keyBody(key, { expires_at: '2026-01-01T20:00:00Z', scopes: ['read'] }));
    expect([first.status, again.status, again.body.id === first.body.id]).toEqual([201, 200, true]);
    expect(again.body.expires_at).toBe('2026-01-01T20:00:00.000Z');
    expect(await door(key, 'POST')).toBe('INSUFFICIENT_SCOPE');
    const both = await Promise.all([put(keyBody(value())), put(keyBody(`temp_0123456789abcdef_${'f'.repeat(15)}x`))]);
    expect(both.map(({ status }) => status)).toEqual([201, 201]);
    const twice = value();
    const raced = await Promise.all([put(keyBody(twice)), put(keyBody(twice)), put(keyBody(twice))]);
    expect(raced.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set(raced.map(({ body }) => body.id as string)).size).toBe(1);
  });

  test('a list of paths that is empty is never all of them', async () => {
    const key = value();
    const { status, body } = await put(keyBody(key, { allowed_endpoints: [] }));
    expect([status, body.allowed_endpoints, body.warnings.length]).toEqual([201, [], 1]);
    expect((await attach(key, 'scope_access', { scope: 'read', allowed_methods: ['GET'], allowed_endpoints: null })).status).toBe(
      201,
    );
    expect(await door(key)).toBe('INSUFFICIENT_SCOPE');
  });

  test.each([
    [{ api_key: 'short' }, 'body api_key: must be at least 20 characters'],
    [{ api_key: 'with spaces in it, as no key has' }, 'body api_key: must be visible characters without spaces'],
    [{ api_key: `pky_${'0'.repeat(32)}` }, 'body api_key: must not look like an id'],
    [{ name: '' }, 'body name'],
    [{ rate_limit: 'much' }, 'body rate_limit: must be a count and a period, such as 100/hour'],
    [{ quota: 0 }, 'body quota'],
    [{ expires_at: 'tomorrow' }, 'body expires_at: must be an instant (ISO 8601)'],
    [{ expires_at: '2025-01-01T00:00:00' }, 'expires: it would end before it opens'],
    [{ allowed_endpoints: ['api/x'] }, 'body allowed_endpoints.0: must be a path such as /api/v1/**'],
    [{ scopes: ['root'] }, 'scopes: scope "root" does not exist; known scopes: '],
    [{ ip_whitelist: ['192.0.2.1'] }, 'body ip_whitelist: is not known here'],
  ])('%j is 400 with its place', async (more, want) => {
    const answer = await put(keyBody(value(), more));
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid']);
    expect(answer.body.detail).toContain(want);
  });
});

describe('POST /api/policies', () => {
  test('each narrows the key at once, in any order, and the same again is 200', async () => {
    const key = value();
    await put(keyBody(key, { quota: null, rate_limit: null }));
    const policies: [string, object][] = [
      ['path_access', { path_pattern: '/api/labs/*', allowed_methods: ['GET', 'POST'], deny_by_default: true }],
      ['scope_access', { scope: 'write', allowed_methods: ['POST'], allowed_endpoints: ['/api/labs/1'] }],
      ['scope_access', { scope: 'read', allowed_methods: ['GET'], allowed_endpoints: null }],
      ['quota', { limit: 2, period: 'day', scope: 'api_key' }],
      ['rate_limit', { limit: '100/hour', scope: 'api_key' }],
    ];
    const first = await Promise.all(policies.map(([type, configuration]) => attach(key, type, configuration)));
    expect(first.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    const again = await Promise.all(policies.map(([type, configuration]) => attach(key, type, configuration)));
    expect(again.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await door(key, 'POST', '/api/labs/2')).toBe('ENDPOINT_FORBIDDEN');
    expect(await door(key, 'GET', '/api/other')).toBe('ENDPOINT_FORBIDDEN');
    expect([await door(key, 'POST', '/api/labs/1'), await door(key, 'GET', '/api/labs/2')]).toEqual(['VALID', 'VALID']);
    expect(await door(key, 'GET', '/api/labs/2')).toBe('QUOTA_EXCEEDED');
  });

  test.each([
    ['colours', {}, 'must be one of rate_limit, quota, scope_access, path_access'],
    ['path_access', { path_pattern: 'labs', allowed_methods: ['GET'] }, 'configuration.path_pattern: must be a path'],
    ['path_access', { path_pattern: '/labs', allowed_methods: ['FETCH'] }, 'configuration.allowed_methods.0'],
    ['path_access', { path_pattern: '/labs', allowed_methods: ['GET'], deny_by_default: false }, 'configuration.deny_by_default'],
    [
      'scope_access',
      { scope: 'read', allowed_methods: ['GET', 'DELETE'] },
      'configuration.allowed_methods: DELETE is not allowed',
    ],
    ['scope_access', { scope: 'admin', allowed_methods: ['GET'] }, 'configuration.scope: "admin" is none of the key'],
    ['rate_limit', { limit: 'much' }, 'configuration.limit: must be a count and a period'],
    ['quota', { limit: 5, period: 'fortnight' }, 'configuration.period'],
    ['quota', { limit: 5, scope: 'everybody' }, 'configuration.scope'],
  ])('%s of %j is 400 with its place', async (type, configuration, want) => {
    const key = value();
    await put(keyBody(key));
    const answer = await attach(key, type, configuration);
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid']);
    expect(answer.body.detail).toContain(want);
    expect(answer.text).not.toContain(key);
  });

  test('of a key that nobody has is 404, of one that was revoked 410, and neither tells the value', async () => {
    const unknown = await attach('temp_nobody_has_this_one_at_all', 'quota', { limit: 5 });
    expect([unknown.status, unknown.text.includes('nobody_has')]).toEqual([404, false]);
    const key = value();
    await put(keyBody(key));
    await remove(key);
    expect((await attach(key, 'quota', { limit: 5 })).status).toBe(410);
    expect((await put(keyBody(key))).status).toBe(410);
  });
});

describe('a key by its value or its id', () => {
  test('is revoked at once: 204, again 204, and 404 for one that nobody has', async () => {
    const key = value();
    const { body } = await put(keyBody(key));
    expect(await door(key)).toBe('VALID');
    const answers = [await remove(body.id), await remove(key), await remove('temp_nobody_has_this_one_at_all')];
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 404]);
    expect(await door(key)).toBe('REVOKED');
    expect((await usage(key)).status).toBe(404);
  });

  test('tells its usage, and what is unusual about it', async () => {
    const key = value();
    await put(keyBody(key, { quota: 5, rate_limit: '20/minute' }));
    expect((await usage(key)).body).toEqual({ quota_used: 0, quota_limit: 5, rate_limit_hits: 0, alerts: [], healthy: true });
    for (let call = 0; call < 5; call++) await door(key);
    const { body } = await usage(key);
    expect(body).toEqual({
      quota_used: 5,
      quota_limit: 5,
      rate_limit_hits: 0,
      alerts: ['Quota usage above 80%'],
      healthy: false,
    });
    const busy = value();
    await put(keyBody(busy, { rate_limit: '1/hour' }));
    for (let call = 0; call < 12; call++) await door(busy);
    const hits = await usage(busy);
    expect(hits.body).toMatchObject({ quota_used: 1, rate_limit_hits: 11, alerts: ['Multiple rate limit hits detected'] });
  });

  test('gets a new value under the same policies and end, and is listed without one', async () => {
    const key = value();
    const { body } = await put(keyBody(key));
    await attach(key, 'path_access', { path_pattern: '/api/labs/*', allowed_methods: ['GET'] });
    const rotated = await house.ask('POST', `/api/keys/${body.id}/rotate`);
    expect(rotated.body).toMatchObject({ id: body.id, message: 'API key rotated. Old key has been revoked.' });
    const fresh = rotated.body.api_key as string;
    expect([await door(key), await door(fresh, 'GET', '/api/labs/1'), await door(fresh)]).toEqual([
      'REVOKED',
      'VALID',
      'ENDPOINT_FORBIDDEN',
    ]);
    expect((await put(keyBody(key))).status).toBe(400);
    const listed = await house.ask('GET', '/api/keys');
    expect(listed.body.api_keys.find(({ id }: { id: string }) => id === body.id)).toEqual({
      id: body.id,
      name: 'Lab Server A1-ann',
      permissions: ['read', 'write'],
      created_at: '2026-01-01T09:00:00.000Z',
      last_used: null,
      expires_at: '2026-01-01T18:00:00.123Z',
    });
    expect(listed.text).not.toContain(fresh);
  });
});

test('tokens without the right are refused, and keys of one project are nobody else’s', async () => {
  const key = value();
  await put(keyBody(key));
  const asked = [
    await put(keyBody(value()), house.tokens.viewer),
    await house.ask('POST', '/api/keys', { body: keyBody(value()), as: null }),
  ];
  expect(asked.map(({ status }) => status)).toEqual([403, 401]);
  expect((await attach(key, 'quota', { limit: 5 }, lab)).status).toBe(404);
  expect((await put(keyBody(key), lab)).status).toBe(400);
  expect((await house.ask('DELETE', `/api/keys/${key}`, { as: lab })).status).toBe(404);
  expect((await house.ask('GET', '/api/keys', { as: lab })).body.api_keys).toEqual([]);
  expect(await door(key)).toBe('VALID');
});
