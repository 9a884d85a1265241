import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { OAuth2Client } from 'google-auth-library';
import nock from 'nock';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { failureOf } from '../contract-acts.ts';
import { aCall, type Rig, sampleRequest, toolsFor } from '../contract-world.ts';
import { gcp, openWith } from './driver.ts';
import { driverAt, type Settings, startFake, UNSPEAKABLE } from './fake-rig.ts';

// Before the clients are loaded, as in a process that was started with it.
vi.hoisted(() => vi.stubEnv('GOOGLE_SDK_NODE_LOGGING', '*'));

/* What the keys are restricted to, whether it is in order, and who asks. */

async function opened(settings: Settings = {}) {
  const fake = await startFake();
  onTestFinished(() => fake.close());
  return { fake, driver: driverAt(fake, toolsFor('cloud'), settings) };
}

const failed = (work: Promise<unknown>) =>
  failureOf({ request: sampleRequest, unspeakable: UNSPEAKABLE } as unknown as Rig, work);
const toGateways = ({ url }: { url: URL }) => url.pathname.startsWith('/v1/');

test('a config is looked for in every API, on all pages, once in a life', async () => {
  const { fake, driver } = await opened();
  for (let number = 0; number < 7; number += 1)
    fake.gateways.apis.unshift({ id: `api-${number}`, managedService: 'none', state: 'ACTIVE', configs: [] });
  await driver.issue(sampleRequest(), aCall());
  const asked = fake.requests.filter(toGateways).length;
  await driver.issue(sampleRequest({ name: 'lk-lse-0002-g1' }), aCall());
  expect(fake.requests.filter(toGateways)).toHaveLength(asked);
  expect(fake.keys()).toMatchObject([1, 2].map(() => ({ restrictions: { apiTargets: [{ service: fake.service }] } })));
});

test('a config that is nowhere makes no key', async () => {
  const { fake, driver } = await opened({ apiConfig: 'old-config' });
  const error = await failed(driver.issue(sampleRequest(), aCall()));
  expect(error).toMatchObject({ kind: 'denied', message: expect.stringContaining('no API config old-config') });
  expect(fake.keys()).toEqual([]);
});

test('a config of several APIs is not guessed; with its API it is found', async () => {
  const { fake, driver } = await opened();
  const api = { id: 'second', managedService: 'second.cloud.goog', state: 'ACTIVE' as const };
  fake.gateways.apis.push({ ...api, configs: [{ id: 'lab-config', state: 'ACTIVE' }] });
  const error = await failed(driver.issue(sampleRequest(), aCall()));
  expect(error).toMatchObject({ kind: 'denied', message: expect.stringContaining('api/lab-config') });
  const precise = driverAt(fake, toolsFor('cloud'), { apiConfig: 'lab-api/lab-config' });
  await precise.issue(sampleRequest(), aCall());
  expect(fake.keys()).toMatchObject([{ restrictions: { apiTargets: [{ service: fake.service }] } }]);
  const wrong = driverAt(fake, toolsFor('cloud'), { apiConfig: 'no-api/lab-config' });
  expect((await failed(wrong.issue(sampleRequest(), aCall()))).kind).toBe('denied');
});

test('an API that has no service yet makes no key, and is asked again', async () => {
  const { fake, driver } = await opened();
  const [first, api] = fake.gateways.apis;
  fake.gateways.apis.splice(0, 2, first!, { ...api!, managedService: '' });
  expect((await failed(driver.issue(sampleRequest(), aCall()))).kind).toBe('transient');
  expect(fake.keys()).toEqual([]);
  fake.gateways.apis.splice(1, 1, api!);
  await driver.issue(sampleRequest(), aCall());
  expect(fake.keys()).toHaveLength(1);
});

test.for(['500', '403', 'lost-answer'] as const)('while API Gateway fails with %s no key is made', async (how) => {
  const { fake, driver } = await opened();
  fake.fail({ on: 'gateway', how });
  await failed(driver.issue(sampleRequest(), aCall()));
  expect(fake.keys()).toEqual([]);
});

test('a service in the settings is not looked for', async () => {
  const { fake, driver } = await opened({ managedService: 'other.apigateway.lab-project.cloud.goog' });
  await driver.issue(sampleRequest(), aCall());
  expect(await driver.check(aCall())).toMatchObject({ ok: true });
  expect(fake.keys()).toMatchObject([{ restrictions: { apiTargets: [{ service: 'other.apigateway.lab-project.cloud.goog' }] } }]);
  expect(fake.requests.filter(toGateways)).toEqual([]);
});

test('a service that is not enabled in the project makes no key', async () => {
  const { fake, driver } = await opened({ managedService: 'elsewhere.cloud.goog' });
  expect((await failed(driver.issue(sampleRequest(), aCall()))).kind).toBe('rejected');
  expect(fake.keys()).toEqual([]);
});

test('check of what is in order warns of nothing but that a deleted key can come back', async () => {
  const { driver } = await opened();
  expect(await driver.check(aCall())).toEqual({ ok: true, warnings: [expect.stringContaining('undelete')] });
});

test('check warns of an API, a config and a gateway that are not active', async () => {
  const { fake, driver } = await opened();
  const api = fake.gateways.apis[1]!;
  api.state = 'FAILED';
  api.configs[0]!.state = 'CREATING';
  fake.gateways.gateways[0]!.state = 'FAILED';
  const { warnings } = await driver.check(aCall());
  for (const what of ['API lab-api', 'API config lab-config', 'gateway lab-gateway'])
    expect(warnings).toContain(`The ${what} is not active.`);
});

test('check warns of a config that no gateway serves, everywhere or in the region of the settings', async () => {
  const { fake, driver } = await opened();
  const inAsia = driverAt(fake, toolsFor('cloud'), { location: 'asia-east1' });
  const inEurope = driverAt(fake, toolsFor('cloud'), { location: 'europe-west1' });
  const none = expect.stringContaining('No gateway');
  expect((await inAsia.check(aCall())).warnings).toContainEqual(none);
  expect((await inEurope.check(aCall())).warnings).not.toContainEqual(none);
  fake.gateways.gateways.length = 0;
  expect((await driver.check(aCall())).warnings).toContainEqual(none);
});

afterEach(() => {
  vi.unstubAllEnvs();
  nock.cleanAll();
  nock.enableNetConnect();
});

const open = (settings: Settings) =>
  gcp.open(gcp.config.parse({ projectId: 'lab-project', managedService: 'a.cloud.goog', ...settings }), toolsFor('cloud'));
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

test.for([
  ['a key file that is not there', { credentials: { keyFile: '/nonexistent/google.json' } }],
  [
    'a private key that is none',
    { credentials: { clientEmail: 'a@b.iam.example', privateKey: '-----BEGIN PRIVATE KEY-----\nx' } },
  ],
  ['no credentials at all', {}],
] as const)('%s is denied, every time it is asked', async ([, settings]) => {
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', '/nonexistent/adc.json');
  const driver = open(settings);
  for (let times = 0; times < 2; times += 1) {
    const error = await failed(driver.check(aCall()));
    expect(error).toMatchObject({ kind: 'denied', message: expect.stringContaining('no credentials') });
  }
});

test('credentials of the settings sign what is asked, and are shown to nobody', async () => {
  const credentials = { clientEmail: 'latchkey@lab.iam.example', privateKey: privateKey.replaceAll('\n', '\\n') };
  const config = gcp.config.parse({ projectId: 'lab-project', managedService: 'a.cloud.goog', credentials });
  expect(inspect(config, { depth: 10 })).not.toContain('PRIVATE KEY');
  const bearer: (string | null)[] = [];
  nock('https://apikeys.googleapis.com')
    .get(/keys/)
    .reply(async (request: Request) => {
      bearer.push(request.headers.get('authorization'));
      return [200, '{}'];
    });
  await gcp.open(config, toolsFor('cloud')).check(aCall());
  expect(bearer).toEqual([expect.stringMatching(/^Bearer eyJ/)]);
});

test('a server that gives no token for the credentials is not taken for the service', async () => {
  nock('https://oauth2.googleapis.com').post('/token').reply(400, { error: 'invalid_grant', error_description: 'AIza' });
  const authClient = new OAuth2Client({ clientId: 'c', clientSecret: 's' });
  authClient.setCredentials({ refresh_token: 'r' });
  const config = gcp.config.parse({ projectId: 'lab-project', managedService: 'a.cloud.goog' });
  const error = await failed(openWith(config, toolsFor('cloud'), { authClient }).issue(sampleRequest(), aCall()));
  expect(error.kind).toBe('denied');
});

test("the clients' own debug log does not print what is answered", async () => {
  const { fake, driver } = await opened();
  const printed = [vi.spyOn(console, 'error'), vi.spyOn(console, 'log')];
  onTestFinished(() => printed.forEach((spy) => spy.mockRestore()));
  const { handle } = await driver.issue(sampleRequest(), aCall());
  const value = await driver.reveal!({ name: sampleRequest().name, handle, secret: null }, aCall());
  expect(value.reveal()).toBe(fake.keys()[0]?.keyString);
  expect(printed.flatMap((spy) => spy.mock.calls)).toEqual([]);
});

const good = { projectId: 'lab-project', apiConfig: 'lab-config' };
test.for([
  ['both config and service', { managedService: 'a.cloud.goog' }],
  ['neither', { apiConfig: undefined }],
  ['a path as a config', { apiConfig: 'a/b/c' }],
  ['a path as a project', { projectId: 'a/../b' }],
  ['a token over plain http', { endpoints: { apiKeys: 'http://google.example' } }],
  ['an address with a path', { endpoints: { apiKeys: 'https://google.example/v2' } }],
  ['a scope without methods', { methods: { read: [] } }],
  ['a method with a star inside', { methods: { read: ['Get*Data'] } }],
  ['a key that is no PEM', { credentials: { clientEmail: 'a@b.example', privateKey: 'x' } }],
  ['two kinds of credentials', { credentials: { keyFile: 'f', clientEmail: 'a@b.example' } }],
  ['a setting that nothing reads', { region: 'x' }],
] as const)('the configuration takes no %s', ([, wrong]) => {
  expect(gcp.config.safeParse(good).success).toBe(true);
  expect(gcp.config.safeParse({ ...good, ...wrong }).success).toBe(false);
});
