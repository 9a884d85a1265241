import { describe, expect, onTestFinished, test } from 'vitest';
import { aCall, hoursFromNow, newSecret, NOW, sampleRequest, toolsFor } from '../contract-world.ts';
import type { Asked, IssueRequest } from '../driver.ts';
import { openFakeRig } from './fake-rig.ts';

/* What the gateway really does with the policies that it is sent. */

async function opened(sku: 'Developer' | 'StandardV2' | 'Consumption' = 'Developer') {
  const clock = { at: NOW };
  const rig = await openFakeRig({ now: () => clock.at, tools: toolsFor('campus'), sku });
  onTestFinished(() => rig.close());
  const key = async (overrides: Partial<IssueRequest>) => {
    const request = sampleRequest({ secret: newSecret(), quota: undefined, rateLimit: undefined, ...overrides });
    await rig.driver.issue(request, aCall());
    return (knock: { method?: string; path?: string; ip?: string } = {}) =>
      rig.fake.knock({ key: request.secret.reveal(), method: 'GET', path: '/api/data', ...knock });
  };
  const after = (seconds: number) => (clock.at = new Date(NOW.getTime() + seconds * 1000));
  return { ...rig, key, after };
}

describe('methods and paths', () => {
  test('each key opens what its scopes and endpoints say, at any depth', async () => {
    const { key } = await opened();
    const knock = await key({});
    const answers = Object.fromEntries(
      [
        '/api',
        '/api/',
        '/api/a',
        '/api/a/b/c',
        '/labs/7',
        '/labs',
        '/labs/',
        '/labs/7/8',
        '/apis',
        '/API/a',
        '/',
        '/x/api/a',
      ].map((path) => [path, knock({ path })]),
    );
    expect(Object.entries(answers).flatMap(([path, status]) => (status === 200 ? [path] : []))).toEqual([
      '/api',
      '/api/',
      '/api/a',
      '/api/a/b/c',
      '/labs/7',
    ]);
    expect(['GET', 'POST', 'PUT', 'DELETE', 'get', 'GETX', ''].map((method) => knock({ method }))).toEqual([
      200, 200, 403, 403, 403, 403, 403,
    ]);
  });

  test('no key opens a path that servers read in more than one way', async () => {
    const { key } = await opened();
    const knock = await key({ endpoints: ['/**'] });
    for (const path of [
      '/api/../x',
      '/api/..',
      '/api/./x',
      '/api/..;a/x',
      '//api',
      '/api//x',
      '/api\\x',
      '/api/%2e%2e/x',
      '/a%2Fb',
    ])
      expect([path, knock({ path })]).toEqual([path, 403]);
    for (const path of ['/a%5cb', '/a%00', '/a%252e', '/a\n', '/a\u0000']) expect([path, knock({ path })]).toEqual([path, 403]);
    for (const path of ['/', '/a.b', '/a..b', '/.well-known/x', '/a%20b', '/a/'])
      expect([path, knock({ path })]).toEqual([path, 200]);
  });

  test('patterns hold any characters, also as clients encode them', async () => {
    const { key } = await opened();
    const knock = await key({ endpoints: ['/café/**', '/a+b/(x)/*', '/{id}/"<&>\'', '/😀'] });
    for (const path of [
      '/café/1',
      '/caf%C3%A9/1',
      '/caf%c3%a9',
      '/a+b/(x)/y',
      '/a%2Bb/%28x)/y',
      '/{id}/"<&>\'',
      '/😀',
      '/%F0%9F%98%80',
    ])
      expect([path, knock({ path })]).toEqual([path, 200]);
    for (const path of ['/cafe/1', '/aab/(x)/y', '/a+b/x/y', '/id/"<&>\'', '/caf'])
      expect([path, knock({ path })]).toEqual([path, 403]);
  });

  test('without endpoints or methods a key opens nothing', async () => {
    const { key } = await opened();
    const closed = await key({ endpoints: [] });
    expect([closed(), closed({ path: '/' })]).toEqual([403, 403]);
    const idle = await key({ name: 'lk-lse2-1', scopes: [] });
    expect(['GET', 'POST', ''].map((method) => idle({ method }))).toEqual([403, 403, 403]);
  });
});

test('addresses: networks of both families and single ones', async () => {
  const { key } = await opened();
  const knock = await key({ allowedIps: ['10.1.0.0/16', '192.0.2.7', 'fd00:1::/32', '::ffff:198.51.100.0/120', '10.9.8.7/30'] });
  const statuses = (ips: readonly string[]) => ips.map((ip) => knock({ ip }));
  expect(statuses(['10.1.0.0', '10.1.255.255', '192.0.2.7', 'fd00:1:2::3', '198.51.100.200', '10.9.8.4'])).toEqual([
    200, 200, 200, 200, 200, 200,
  ]);
  expect(statuses(['10.0.255.255', '10.2.0.0', '192.0.2.8', 'fd00:2::', '198.51.101.0', '10.9.8.8'])).toEqual([
    403, 403, 403, 403, 403, 403,
  ]);
  const nowhere = await key({ name: 'lk-lse2-1', allowedIps: [] });
  expect([nowhere(), nowhere({ ip: '10.1.0.1' })]).toEqual([403, 403]);
});

test.for(['10.0.0.0/33', '10.0.0', 'example.org', '10.0.0.1/8/8', '::1%eth0', '"><x'])('%s is no network', async (network) => {
  const { driver } = await opened();
  await expect(driver.issue(sampleRequest({ allowedIps: [network] }), aCall())).rejects.toMatchObject({ kind: 'rejected' });
});

test('the gateway is told the end, and shuts when Latchkey does not come; a moved end counts', async () => {
  const { driver, fake, key, after } = await opened();
  const request = sampleRequest({ name: 'lk-lse2-1', secret: newSecret() });
  const { handle } = await driver.issue(request, aCall());
  const moved = () => fake.knock({ key: request.secret.reveal(), method: 'GET', path: '/api/data' });
  const knock = await key({});
  after(2 * 3600 - 1);
  expect([knock(), moved()]).toEqual([200, 200]);
  const window = { opensAt: NOW, closesAt: hoursFromNow(3) };
  await driver.retime!({ name: request.name, handle, secret: null }, { ...request, window }, aCall());
  after(2 * 3600);
  expect([knock(), moved()]).toEqual([403, 200]);
  after(3 * 3600 + 1);
  expect(moved()).toBe(403);
});

test('where the gateway shows another name than the display name, the end is ours alone', async () => {
  const { fake, key, after } = await opened();
  const knock = await key({});
  fake.edit('lk-lse-0001-g1', { displayName: 'Some project' });
  after(9 * 3600);
  expect(knock()).toBe(200);
});

describe('rates', () => {
  const perHour = (limit: number) => ({ rateLimit: { limit, per: 'hour' as const } });

  test('up to five minutes they are the rate policy, in a sliding window', async () => {
    for (const sku of ['Developer', 'StandardV2', 'Consumption'] as const) {
      const { key, after } = await opened(sku);
      const knock = await key({ rateLimit: { limit: 2, per: 'minute' } });
      expect([knock(), knock(), knock()]).toEqual([200, 200, 429]);
      after(59);
      expect(knock()).toBe(429);
      after(61);
      expect(knock()).toBe(200);
    }
  });

  test('100 an hour: to the number on a classic gateway, 8 in 300 s elsewhere', async () => {
    const classic = await opened('Developer');
    const many = await classic.key(perHour(100));
    const passed = (statuses: number[]) => statuses.filter((status) => status === 200).length;
    expect(passed(Array.from({ length: 120 }, () => many()))).toBe(100);
    classic.after(3600);
    expect(many()).toBe(200);
    for (const sku of ['StandardV2', 'Consumption'] as const) {
      const { key, after } = await opened(sku);
      const few = await key(perHour(100));
      expect(passed(Array.from({ length: 20 }, () => few()))).toBe(8);
      after(301);
      expect(few()).toBe(200);
    }
  });

  test('what is rarer than the gateway can count is said not to be enforced', async () => {
    const asked = (limit: number, per: 'minute' | 'hour' | 'day'): Asked => ({ ...sampleRequest(), rateLimit: { limit, per } });
    for (const [sku, wanted] of [
      ['Developer', ['approximate', 'approximate', 'approximate', 'approximate']],
      ['StandardV2', ['approximate', 'approximate', 'none', 'none']],
      ['Consumption', ['approximate', 'approximate', 'none', 'none']],
    ] as const) {
      const { driver } = await opened(sku);
      const reports = [asked(1, 'minute'), asked(12, 'hour'), asked(11, 'hour'), asked(100, 'day')].map((one) =>
        driver.limitsFor!(one),
      );
      expect(reports.map(({ rate }) => rate.by)).toEqual(wanted);
      expect(driver.limitsFor!({ ...sampleRequest(), rateLimit: undefined })).toEqual(driver.limits);
    }
  });
});

test('a quota for a reservation is counted once, others from the first moment of the lease', async () => {
  const { key, after } = await opened('Consumption');
  const once = await key({ quota: { limit: 2, per: 'reservation' } });
  const hourly = await key({
    name: 'lk-lse2-1',
    quota: { limit: 1, per: 'hour' },
    window: { opensAt: NOW, closesAt: hoursFromNow(99) },
  });
  expect([once(), once(), once(), hourly(), hourly()]).toEqual([200, 200, 403, 200, 403]);
  after(3600);
  expect([once(), hourly(), hourly()]).toEqual([403, 200, 403]);
});

test('usage is there where the service has reports, and nowhere else', async () => {
  const { driver, key } = await opened('Developer');
  const knock = await key({ quota: { limit: 2, per: 'day' } });
  for (let times = 0; times < 5; times += 1) knock();
  const ref = { name: sampleRequest().name, handle: null, secret: null };
  const range = { from: hoursFromNow(-1), to: hoursFromNow(1) };
  expect(await driver.usage!(ref, range, aCall())).toEqual({ used: 2, refused: 3 });
  await driver.revoke(ref, aCall());
  await expect(driver.usage!(ref, range, aCall())).rejects.toMatchObject({ kind: 'gone' });
  for (const sku of ['StandardV2', 'Consumption'] as const) expect((await opened(sku)).driver.usage).toBeUndefined();
});
