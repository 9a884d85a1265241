import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { aCall, hoursFromNow, newSecret, NOW, sampleRequest, toolsFor } from '../contract-world.ts';
import { Config, familyOf } from './config.ts';
import { PLACE } from './fake.ts';
import { openFakeRig } from './fake-rig.ts';

/* What an operator sets up: the configuration, the role, and what the check says of both. */

async function opened(options: Partial<Parameters<typeof openFakeRig>[0]> = {}) {
  const rig = await openFakeRig({ now: () => NOW, tools: toolsFor('campus'), ...options });
  onTestFinished(() => rig.close());
  return rig;
}

test('the role in this folder allows what the driver does, and nothing more', async () => {
  const { driver, another, fake } = await opened();
  const [first, second] = [1, 2].map((number) => sampleRequest({ name: `lk-lse1-${number}`, secret: newSecret() }));
  const { handle } = await driver.issue(first!, aCall());
  const key = { name: first!.name, handle, secret: null };
  await driver.rotate!(key, second!, aCall());
  await driver.retime!(key, first!, aCall());
  await driver.suspend!(key, aCall());
  await driver.resume!(key, aCall());
  await driver.repair!(key, { ...first!, scopes: ['read'] }, aCall());
  await driver.usage!(key, { from: NOW, to: hoursFromNow(1) }, aCall());
  await Array.fromAsync(driver.list!(aCall()));
  await driver.revoke(key, aCall());
  expect(await driver.probe!(key, aCall())).toBe('gone');
  await driver.revoke({ name: second!.name, handle: null, secret: second!.secret }, aCall());
  await another().issue(second!, aCall());
  for (let hour = 0; hour < 2; hour += 1) await driver.tidy!(aCall());
  await driver.check(aCall());
  const role = JSON.parse(readFileSync(new URL('role.json', import.meta.url), 'utf8')) as { Actions: string[] };
  expect([...fake.rights()].map((right) => `Microsoft.ApiManagement/${right}`).sort()).toEqual([...role.Actions].sort());
});

test('check reads the service and says what an operator should know', async () => {
  const lab = { path: '/' };
  expect(await (await opened()).driver.check(aCall())).toEqual({ ok: true, warnings: [] });
  const rig = await opened({ sku: 'StandardV2', apis: { lab, open: { ...lab, subscriptionRequired: false } } });
  await rig.driver.issue(sampleRequest(), aCall());
  const { id } = rig.fake.products()[0]!;
  rig.fake.editProduct(id, { subscriptionRequired: false });
  const warned = async (config: object) => (await rig.another({ ...config }).check(aCall())).warnings;
  expect(await warned({ apis: [] })).toEqual([expect.stringContaining('keys open nothing')]);
  expect(await warned({ tier: 'developer', apis: [] })).toEqual([
    'The service is of the tier "StandardV2", and the configuration says "developer": its gateway may know other policies.',
    expect.any(String),
  ]);
  expect(await warned({ apis: ['open', 'gone'] })).toEqual([
    expect.stringMatching(/^API "open" asks for no subscription/),
    'The service has no API "gone": no key can be made.',
  ]);
  expect(await warned({ apis: ['lab'] })).toEqual([
    `API "lab" is in product "${id}", which asks for no subscription: it is open without a key.`,
  ]);
});

const GOOD = { ...PLACE, tier: 'developer' } as const;

test('the configuration needs the place and the tier, and hides the client secret', () => {
  expect(Config.parse(GOOD)).toMatchObject({
    apis: [],
    endpoint: 'https://management.azure.com',
    pace: { read: 20, write: 8, delete: 8, concurrency: 10 },
  });
  const secretive = { ...GOOD, tenantId: 't', clientId: 'c', clientSecret: 'client-secret-77aa' };
  expect(inspect(Config.parse(secretive), { depth: 9 })).not.toContain('77aa');
  for (const wrong of [
    { subscriptionId: 'mine' },
    { resourceGroup: 'a/b' },
    { service: 'my service' },
    { service: '-x' },
    { tier: 'gold' },
    { tier: undefined },
    { apis: ['a b'] },
    { apis: ['a/../b'] },
    { owner: 'a/b' },
    { owner: { ada: '#' } },
    { clientSecret: 'x' },
    { endpoint: 'http://management.example.org' },
    { endpoint: 'https://u:p@x' },
    { pace: { write: 0 } },
    { rate: 1 },
  ])
    expect(Config.safeParse({ ...GOOD, ...wrong }).success, JSON.stringify(wrong)).toBe(false);
  for (const fine of [
    { endpoint: 'https://management.usgovcloudapi.net/' },
    { endpoint: 'http://localhost:8080' },
    { clientId: 'c' },
  ])
    expect(Config.safeParse({ ...GOOD, ...fine }).success, JSON.stringify(fine)).toBe(true);
});

test('the tier says which gateway it is, and the pace is the one that is configured', async () => {
  expect((['developer', 'premium', 'basicv2', 'premiumv2', 'consumption'] as const).map(familyOf)).toEqual([
    'classic',
    'classic',
    'v2',
    'v2',
    'consumption',
  ]);
  const { another } = await opened();
  expect(another({ pace: { read: 5, write: 3, delete: 2, concurrency: 1 } }).pace).toEqual({
    issuePerSecond: 3,
    revokePerSecond: 2,
    concurrency: 1,
    operations: { read: 5, write: 3, delete: 2 },
  });
});
