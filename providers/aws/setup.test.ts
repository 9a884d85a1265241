import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { failureOf } from '../contract-acts.ts';
import { aCall, newSecret, NOW, sampleRequest, toolsFor } from '../contract-world.ts';
import type { Asked, IssueRequest } from '../driver.ts';
import { aws } from './driver.ts';
import type { FakeAwsOptions } from './fake.ts';
import { APIS, READ_STAGES } from './fake-apis.ts';
import { driverAt, openRig } from './fake-rig.ts';

async function opened(config?: object, options?: Partial<FakeAwsOptions>) {
  const rig = await openRig({ now: NOW, tools: toolsFor('campus'), request: sampleRequest }, config, options);
  onTestFinished(() => rig.close());
  return rig;
}

/** A rig whose account has plans that somebody made; their ids are configured. */
async function withPlans(told: (ids: string[]) => readonly object[], actual: readonly object[]) {
  const rig = await opened();
  const ids = actual.map((plan) => rig.fake.console.createPlan({ name: 'by hand', ...plan }).id);
  return { ...rig, ids, driver: driverAt(rig.fake.url, toolsFor('campus'), { usagePlans: told(ids) }) };
}

const stage = { apiStages: [{ apiId: 'a1b2c3', stage: 'prod' }] };
const HOURLY = { ...stage, throttle: { rateLimit: 100 / 3600, burstLimit: 100 } };
const MONTHLY = { ...stage, quota: { limit: 1000, period: 'MONTH', offset: 0 } };

test('configured plans are chosen from, and none is made or changed', async () => {
  const rig = await withPlans(
    ([open, hourly, both]) => [
      { id: open },
      { id: hourly, rateLimit: '100/hour' },
      { id: both, rateLimit: '100/hour', quota: '1000/month' },
    ],
    [stage, HOURLY, { ...HOURLY, ...MONTHLY }],
  );
  const planFor = async (overrides: Partial<IssueRequest>) => {
    const name = `lk-${Math.random().toString(36).slice(2)}`;
    const { handle } = await rig.driver.issue(sampleRequest({ name, secret: newSecret(), ...overrides }), aCall());
    return rig.ids.indexOf((handle as { planId: string }).planId);
  };
  expect(await planFor({ quota: undefined })).toBe(1);
  expect(await planFor({ quota: { limit: 1000, per: 'month' } })).toBe(2);
  expect(await planFor({ rateLimit: undefined })).toBe(0);
  expect(rig.driver.tidy).toBeUndefined();
  expect(rig.fake.handled.filter(({ operation }) => /^(Create|Update|Delete)UsagePlan$/.test(operation))).toEqual([]);
  const told = (asked: Partial<Asked>) => rig.driver.limitsFor?.(sampleRequest(asked));
  expect(told({})).toMatchObject({ rate: { by: 'approximate' }, quota: { by: 'none' }, scopes: { by: 'none' } });
  expect(told({ quota: { limit: 1000, per: 'month' } })).toMatchObject({ quota: { by: 'approximate' } });
  expect(told({ quota: { limit: 2, per: 'month' } })).toMatchObject({ rate: { by: 'approximate' }, quota: { by: 'none' } });
  expect(told({ rateLimit: { limit: 5, per: 'hour' } })).toMatchObject({ rate: { by: 'none' } });
});

test('where no configured plan gives what is asked, nothing is made', async () => {
  const rig = await withPlans(([id]) => [{ id, rateLimit: '5/minute', scopes: ['read'] }], [stage]);
  for (const overrides of [{}, { scopes: ['read'] }, { rateLimit: { limit: 5, per: 'minute' } as const }])
    expect((await failureOf(rig, rig.driver.issue(sampleRequest(overrides), aCall()))).kind).toBe('rejected');
  expect(rig.fake.keys()).toEqual([]);
  const fitting = sampleRequest({ scopes: ['read'], rateLimit: { limit: 5, per: 'minute' } });
  await rig.driver.issue(fitting, aCall());
  expect(rig.driver.limitsFor?.(fitting).scopes.by).toBe('gateway');
});

test('a key in another plan than the configured one has drifted, and is mended', async () => {
  const rig = await withPlans(
    ([slow, fast]) => [
      { id: slow, rateLimit: '100/hour' },
      { id: fast, rateLimit: '5/second' },
    ],
    [HOURLY, stage],
  );
  const { handle } = await rig.driver.issue(sampleRequest(), aCall());
  const drift = async (request: IssueRequest) => (await Array.fromAsync(rig.driver.list!(aCall())))[0]?.driftFrom?.(request);
  const faster = sampleRequest({ rateLimit: { limit: 5, per: 'second' } });
  expect(await drift(sampleRequest())).toEqual([]);
  expect(await drift(faster)).toEqual([`is in usage plan ${rig.ids[0]}, not ${rig.ids[1]}`]);
  await rig.driver.repair?.({ name: faster.name, handle, secret: null }, faster, aCall());
  expect(await drift(faster)).toEqual([]);
});

test('check tells of configured plans that are not there, or not as the configuration says', async () => {
  const rig = await withPlans(
    ([good, loose, lax]) => [
      { id: good, rateLimit: '100/hour', quota: '1000/month' },
      { id: loose, rateLimit: '10/hour' },
      { id: lax, quota: '1000/month' },
      { id: 'gone01' },
    ],
    [{ ...HOURLY, ...MONTHLY }, HOURLY, { ...stage, quota: { limit: 1000, period: 'DAY', offset: 0 } }],
  );
  expect(await rig.driver.check(aCall())).toEqual({
    ok: false,
    warnings: [
      `The usage plan ${rig.ids[1]} has other limits than the configuration says.`,
      `The usage plan ${rig.ids[2]} has other limits than the configuration says.`,
      'The usage plan gone01 is not there.',
    ],
  });
});

const key = { apiKeyRequired: true };
const open = { apiKeyRequired: false };
const LOOSE = {
  ...APIS,
  a1b2c3: {
    stages: ['prod'],
    methods: { '/a': { GET: open, POST: key, OPTIONS: open }, '/b': { GET: open, PUT: open }, '/c': { GET: open } },
  },
};

test('check names methods for which no key is needed, and what has no authorizer where one is said to be', async () => {
  const rig = await opened({}, { apis: LOOSE });
  const keyless = 'In API a1b2c3 no key is needed for GET /a, GET /b, PUT /b and 1 more: set apiKeyRequired and deploy.';
  expect(await rig.driver.check(aCall())).toEqual({ ok: true, warnings: [keyless] });
  const asked = driverAt(rig.fake.url, toolsFor('campus'), { authorizer: 'latchkey' });
  expect((await asked.check(aCall())).warnings).toEqual([
    keyless,
    'In API a1b2c3 no authorizer is asked for GET /a, POST /a, GET /b and 2 more.',
  ]);
  expect(await (await opened()).driver.check(aCall())).toEqual({ ok: true, warnings: [] });
});

test('check looks at every stage that the configuration names', async () => {
  const rig = await opened({
    stage: 'nowhere',
    scopes: { read: READ_STAGES, write: [{ stage: 'prod' }, { restApiId: 'none', stage: 'prod' }] },
  });
  const { ok, warnings } = await rig.driver.check(aCall());
  expect(ok).toBe(false);
  expect(warnings).toEqual(['The stage a1b2c3:nowhere is not there.', 'The stage none:prod is not there.']);
});

test.for(['GetApiKeys', 'GetUsagePlans', 'GetStages', 'GetResources'])('check without the right to %s is denied', async (on) => {
  const rig = await opened();
  rig.fake.fail({ on, how: '403' });
  expect(await failureOf(rig, rig.driver.check(aCall()))).toMatchObject({ kind: 'denied', status: 403 });
});

const DOCUMENTED = { create: 5, delete: 5, all: 10, plans: 0.05, resources: 2.5 };
const MINIMAL = { region: 'eu-central-1', restApiId: 'a1b2c3' };

test('the configuration: what is left out, what is empty, and secrets that do not show', () => {
  expect(aws.config.parse(MINIMAL)).toEqual({ ...MINIMAL, import: true, pace: DOCUMENTED });
  expect(aws.config.parse({ ...MINIMAL, stage: '', endpoint: '' })).toMatchObject(MINIMAL);
  const credentials = { accessKeyId: 'AKIA', secretAccessKey: 'secret-1', sessionToken: 'secret-2' };
  const parsed = aws.config.parse({ ...MINIMAL, credentials, usagePlans: [{ id: 'x1', quota: '5/day', rateLimit: '1/second' }] });
  expect(inspect(parsed, { depth: 10 })).not.toContain('secret-');
  expect(parsed).toMatchObject({ usagePlans: [{ quota: { limit: 5, per: 'day' }, rateLimit: { limit: 1, per: 'second' } }] });
});

test.for([
  { region: 'Frankfurt' },
  { restApiId: '' },
  { restApiId: 'a/b' },
  { stage: 'a b' },
  { endpoint: 'ftp://x' },
  { endpoint: 'https://u:p@x' },
  { credentials: { accessKeyId: 'AKIA', secretAccessKey: '' } },
  { scopes: { read: [] } },
  { scopes: { read: [{ restApiId: 'x' }] } },
  { usagePlans: [{ id: 'x', quota: '5/hour' }] },
  { usagePlans: [{ id: 'x', rateLimit: '5/month' }] },
  { usagePlans: [{ id: 'x', rateLimit: '0/second' }] },
  { usagePlans: [{ id: 'x' }], scopes: { read: [{ stage: 'x' }] } },
  { authorizer: 'mine' },
  { pace: { create: 0 } },
  { paces: {} },
])('the configuration does not take %j', (wrong) => {
  expect(aws.config.safeParse({ ...MINIMAL, ...wrong }).success).toBe(false);
});

interface Statement {
  readonly Sid: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
}

test('the rights in iam-policy.json are those that the driver needs, and no more', async () => {
  const { Statement: statements } = JSON.parse(readFileSync(new URL('iam-policy.json', import.meta.url), 'utf8')) as {
    Statement: Statement[];
  };
  const rights = statements.flatMap(({ Sid, Action, Resource }) =>
    [Resource].flat().map((resource) => ({ sid: Sid, actions: [Action].flat(), path: pathOf(resource) })),
  );
  const rig = await opened();
  const request = sampleRequest();
  const { handle } = await rig.driver.issue(request, aCall());
  const key = { name: request.name, handle, secret: null };
  await rig.driver.issueMany!([sampleRequest({ name: 'lk-2', secret: newSecret() })], aCall());
  await Array.fromAsync(rig.driver.list!(aCall()));
  await rig.driver.check(aCall());
  await rig.driver.probe!(key, aCall());
  await rig.driver.usage!(key, { from: NOW, to: NOW }, aCall());
  await rig.driver.revoke(key, aCall());
  rig.fake.console.createPlan({ name: 'latchkey-0123456789abcdef-unused-1700000000', ...stage });
  await rig.driver.tidy!(aCall());

  const used = rig.fake.handled.map(({ method, path }) =>
    rights.filter((right) => right.actions.includes(`apigateway:${method}`) && right.path.test(path)).map(({ sid }) => sid),
  );
  expect(used.filter((sids) => sids.length === 0)).toEqual([]);
  // Tags are put with what is made, by no request of their own.
  expect(new Set([...used.flat(), 'TagWhatIsMade'])).toEqual(new Set(statements.map(({ Sid }) => Sid)));
});

/** As IAM matches: a star is anything, slashes too. */
function pathOf(resource: string): RegExp {
  return new RegExp(`^${resource.replace('arn:aws:apigateway:REGION::', '').replaceAll('*', '.+')}$`);
}
