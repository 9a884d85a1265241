import { expect, onTestFinished, test, vi } from 'vitest';
import { Secret } from '../../src/secret/secret.ts';
import { testDriver } from '../contract.ts';
import { failureOf, issue } from '../contract-acts.ts';
import {
  aCall,
  type FaultKind,
  type FaultPlace,
  hoursFromNow,
  newSecret,
  NOW,
  type Rig,
  sampleRequest,
  toolsFor,
} from '../contract-world.ts';
import type { Asked, IssueRequest, RateLimit } from '../driver.ts';
import { generic } from './driver.ts';
import { VENDOR_TEXT } from './fake-faults.ts';
import { startApisix } from './fakes/apisix.ts';
import { startGravitee } from './fakes/gravitee.ts';
import { startKong } from './fakes/kong.ts';
import { startLiteLlm } from './fakes/litellm.ts';
import { startTyk } from './fakes/tyk.ts';
import { startUnkey } from './fakes/unkey.ts';
import type { VendorFake } from './fakes/vendor.ts';

const TOKEN = 'management-token-5d1c';
const now = () => new Date();
const methods = ['GET', 'POST'];

interface Vendor {
  start(): Promise<VendorFake>;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** What the sample request makes of a key at this vendor. */
  readonly policies: readonly string[];
  readonly faults: Partial<Record<FaultPlace, readonly FaultKind[]>>;
  /** How values begin. */
  readonly lead?: string;
}

// What a preset says of statuses and repetitions. The rest of what can go wrong is the driver's, and tried with the preset seed.
const MADE: readonly FaultKind[] = ['lost-answer', '500', 'html-404', '400'];
const ASKED: readonly FaultKind[] = ['lost-answer', '400'];
const faults = { issue: MADE, revoke: ['lost-answer', 'html-404', '403'] as const, check: ASKED };

const vendors = {
  kong: {
    start: () =>
      startKong({
        token: TOKEN,
        now,
        routes: [
          { path: /^\/(api|labs)\//, methods: ['GET'], allow: ['lab-read'] },
          { path: /^\/(api|labs)\//, methods: ['POST'], allow: ['lab-submit'] },
        ],
      }),
    settings: { groups: { read: 'lab-read', submit: 'lab-submit' } },
    policies: ['lab-read', 'lab-submit', '100/hour', '1000/year'],
    faults: { ...faults, policy: MADE, retime: ASKED, list: ASKED },
  },
  tyk: {
    start: () => startTyk({ token: TOKEN, now, orgId: '5e9d9544a1dcd60001d0ed20', apis: ['lab'] }),
    settings: { orgId: '5e9d9544a1dcd60001d0ed20', apis: ['lab'] },
    policies: ['lab GET,POST ^/api(/.*)?$|^/labs/[^/]+$', 'rate 100 per 3600 s', 'quota 1000'],
    faults: { ...faults, retime: ASKED, usage: ASKED },
  },
  apisix: {
    start: () =>
      startApisix({
        token: TOKEN,
        now,
        routes: [
          { id: 'get', path: /^\/(api|labs)\//, methods: ['GET'] },
          { id: 'post', path: /^\/(api|labs)\//, methods: ['POST'] },
        ],
      }),
    settings: { routes: { read: 'get', submit: 'post' } },
    policies: ['route get', 'route post', '100 in 3600 s', '1000 in 315360000 s'],
    faults: { ...faults, list: ASKED },
  },
  gravitee: {
    start: () =>
      startGravitee({
        token: TOKEN,
        now,
        apiId: 'api-1',
        planId: 'plan-1',
        plan: { methods, validation: 'AUTO', status: 'PUBLISHED' },
      }),
    settings: { apiId: 'api-1', planId: 'plan-1' },
    policies: ['plan plan-1'],
    faults: { ...faults, policy: MADE, retime: ASKED, list: ASKED },
  },
  unkey: {
    start: () => startUnkey({ token: TOKEN, now, apiId: 'api_1234abcd', permissionFor: { GET: 'read', POST: 'submit' } }),
    settings: { apiId: 'api_1234abcd' },
    policies: ['read', 'submit', '100 in 3600000 ms', '1000 credits'],
    faults: { ...faults, retime: ASKED, usage: ASKED, list: ASKED },
  },
  litellm: {
    start: () => startLiteLlm({ token: TOKEN, now }),
    settings: { models: ['gpt-5-mini'] },
    policies: ['gpt-5-mini', 'llm_api_routes'],
    faults: { ...faults, retime: ASKED, list: ASKED },
    lead: 'sk-',
  },
} satisfies Record<string, Vendor>;

/** Presets that count from now look at the clock, as the fakes do: all begin at NOW. */
async function openRig(preset: string, { start, settings, policies, lead = '' }: Vendor): Promise<Rig & { fake: VendorFake }> {
  vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const fake = await start();
  const led = (secret: Secret) => (secret.reveal().startsWith(lead) ? secret : new Secret(lead + secret.reveal()));
  return {
    fake,
    driver: generic.open(generic.config.parse({ endpoint: fake.url, token: TOKEN, preset, settings }), toolsFor('campus')),
    request: (overrides) => {
      const request = sampleRequest(overrides);
      return { ...request, secret: led(request.secret) };
    },
    unspeakable: [TOKEN, VENDOR_TEXT],
    world: {
      liveKeys: async () =>
        fake
          .keys()
          .map((key) => ({ ...key, complete: JSON.stringify(key.policies.toSorted()) === JSON.stringify(policies.toSorted()) })),
      opensTheDoor: async (secret, request) => fake.knock({ apiKey: secret.reveal(), ...request }) === 200,
      failNext: async ({ on, how }) => fake.fail({ on, how }),
    },
    close: () => fake.close(),
  };
}

for (const [preset, vendor] of Object.entries(vendors))
  testDriver({
    name: `generic, preset ${preset},`,
    definition: generic,
    faults: vendor.faults,
    open: () => openRig(preset, vendor),
  });

async function opened(preset: keyof typeof vendors, changes: Partial<Vendor> = {}) {
  const rig = await openRig(preset, { ...(vendors[preset] as Vendor), ...changes });
  onTestFinished(() => rig.close());
  const opens = (secret: Secret, method: string, path = '/api/data') => rig.world.opensTheDoor(secret, { method, path });
  const sent = (route: string) => rig.fake.requests.filter(({ method, path }) => `${method} ${path}`.startsWith(route));
  return { ...rig, rig, opens, sent };
}

const readOnly = { scopes: ['read'], methodsByScope: { read: ['GET'] } };
const limits = (quota: RateLimit | undefined, rateLimit: RateLimit | undefined) => ({ quota, rateLimit });

test.for(['kong', 'apisix', 'unkey', 'litellm'] as const)(
  '%s: keys of another provider at the same manager are not listed',
  async (preset) => {
    const { rig, fake, request } = await opened(preset);
    await issue(rig);
    const config = { endpoint: fake.url, token: TOKEN, preset, settings: { ...vendors[preset].settings, tag: 'campus' } };
    const other = generic.open(generic.config.parse(config), toolsFor('other'));
    await other.issue({ ...request({ name: 'lk-lse-0002-g1' }), secret: new Secret(`sk-${newSecret().reveal()}`) }, aCall());
    const names: string[] = [];
    for await (const { name } of other.list?.(aCall()) ?? []) names.push(name);
    expect(names).toEqual(['lk-lse-0002-g1']);
  },
);

const reports: [preset: keyof typeof vendors, limit: 'quota' | 'rate', per: RateLimit['per'], by: string][] = [
  ['kong', 'quota', 'reservation', 'approximate'],
  ['kong', 'rate', 'hour', 'approximate'],
  ['tyk', 'quota', 'reservation', 'gateway'],
  ['tyk', 'quota', 'month', 'approximate'],
  ['tyk', 'rate', 'minute', 'approximate'],
  ['apisix', 'quota', 'day', 'approximate'],
  ['gravitee', 'quota', 'month', 'none'],
  ['unkey', 'quota', 'reservation', 'gateway'],
  ['unkey', 'quota', 'hour', 'approximate'],
  ['unkey', 'quota', 'month', 'approximate'],
  ['litellm', 'quota', 'reservation', 'none'],
  ['litellm', 'rate', 'minute', 'approximate'],
  ['litellm', 'rate', 'hour', 'none'],
];
test.for(reports)('%s says of a %s per %s: %s', async ([preset, limit, per, by]) => {
  const { driver } = await opened(preset);
  const amount = { limit: 5, per };
  const asked: Asked = {
    ...readOnly,
    endpoints: ['/**'],
    ...(limit === 'quota' ? limits(amount, undefined) : limits(undefined, amount)),
  };
  expect((driver.limitsFor?.(asked) ?? driver.limits)[limit].by).toBe(by);
});

test.for([
  ['kong', 'groups'],
  ['apisix', 'routes'],
] as const)(
  "%s: scopes are the gateway's where the configuration names the %s of each, and nobody's otherwise",
  async ([preset, setting]) => {
    const named = await opened(preset);
    expect([named.driver.limits.scopes.by, named.driver.limits.methods.by]).toEqual(['gateway', 'gateway']);
    const { secret } = await issue(named.rig, readOnly);
    expect([await named.opens(secret, 'GET'), await named.opens(secret, 'POST')]).toEqual([true, false]);

    const { driver } = await opened(preset, { settings: {} });
    expect([driver.limits.scopes.by, driver.limits.methods.by]).toEqual(['none', 'none']);
    expect(setting in vendors[preset].settings).toBe(true);
  },
);

test('kong: each thing has an id of ours, the same when it is asked for again, and the key comes last', async () => {
  const { rig, fake, request } = await opened('kong');
  await issue(rig);
  const first = fake.requests.map(({ method, path }) => `${method} ${path}`);
  await issue(rig);
  expect(
    fake.requests
      .slice(first.length)
      .map(({ method, path }) => `${method} ${path}`)
      .toSorted(),
  ).toEqual(first.toSorted());
  expect(first.at(-1)).toMatch(/^PUT \/consumers\/lk-lse-0001-g1\/key-auth\/[0-9a-f-]{14}5/);
  expect(fake.requests[0]?.body).toEqual({ custom_id: request().keyId, tags: ['latchkey'] });
  expect(fake.requests.find(({ path }) => path.includes('/key-auth/'))?.body).toMatchObject({ ttl: 7200 });
});

test('kong: a rate that the quota does not leave room for is sent as what can be used, and not refused', async () => {
  const { rig, sent } = await opened('kong');
  await issue(rig, limits({ limit: 50, per: 'day' }, { limit: 1000, per: 'hour' }));
  expect(sent('PUT /consumers/lk-lse-0001-g1/plugins')[0]?.body).toMatchObject({
    config: { hour: 50, day: 50, policy: 'local' },
  });
  await issue(rig, limits({ limit: 50, per: 'hour' }, { limit: 1000, per: 'day' }));
  expect(sent('PUT /consumers/lk-lse-0001-g1/plugins').at(-1)?.body).toMatchObject({ config: { hour: 50, day: 1000 } });
});

test('kong: without groups a scope is its own; the operator names the tag and where requests are counted', async () => {
  const { rig, fake } = await opened('kong', { settings: { tag: 'campus', counters: 'cluster' } });
  await issue(rig);
  expect(fake.keys()[0]?.policies).toEqual(expect.arrayContaining(['read', 'submit']));
  const bodies = fake.requests.map(({ body }) => body);
  expect(bodies).toContainEqual(
    expect.objectContaining({ tags: ['campus'], config: expect.objectContaining({ policy: 'cluster' }) }),
  );
});

test('kong: a value that another consumer has is a matter for the operator', async () => {
  const { rig, driver, request } = await opened('kong');
  await issue(rig);
  const taken = driver.issue(request({ name: 'lk-lse-0002-g1' }), aCall());
  expect(await failureOf(rig, taken)).toMatchObject({ kind: 'refused', status: 409 });
});

test('kong: check warns of a node without a database', async () => {
  const start = () => startKong({ token: TOKEN, now, routes: [], database: 'off' });
  const { driver } = await opened('kong', { start });
  expect((await driver.check(aCall())).warnings).toEqual([expect.stringContaining('DB-less')]);
  expect((await (await opened('kong')).driver.check(aCall())).warnings).toEqual([]);
});

test('tyk: a grant without endpoints opens nothing', async () => {
  const { rig, opens } = await opened('tyk');
  const { secret } = await issue(rig, { endpoints: [] });
  expect([await opens(secret, 'GET'), await opens(secret, 'GET', '/')]).toEqual([false, false]);
});

test('tyk: endpoints are whole paths, whatever stands in them', async () => {
  const { rig, opens } = await opened('tyk');
  const { secret } = await issue(rig, { endpoints: ['/v1.0/*/items', '/api/**'] });
  const paths = ['/v1.0/a/items', '/v1x0/a/items', '/v1.0/a/b/items', '/v1.0/a/items/9', '/api', '/apis', '/x/api/y'];
  const opening = await Promise.all(paths.map((path) => opens(secret, 'GET', path)));
  expect(paths.filter((_, index) => opening[index])).toEqual(['/v1.0/a/items', '/api']);
});

test('tyk: a moved window keeps what is left of the quota, and a quota comes back in its own time', async () => {
  const { rig, driver, opens, request } = await opened('tyk');
  const grant = limits({ limit: 2, per: 'hour' }, undefined);
  const { ref, secret } = await issue(rig, grant);
  expect([await opens(secret, 'GET'), await opens(secret, 'GET'), await opens(secret, 'GET')]).toEqual([true, true, false]);
  const window = { opensAt: hoursFromNow(-1), closesAt: hoursFromNow(5) };
  await driver.retime?.(ref, request({ ...grant, window }), aCall());
  expect(await opens(secret, 'GET')).toBe(false);
  vi.setSystemTime(hoursFromNow(1.01));
  expect(await opens(secret, 'GET')).toBe(true);
  vi.setSystemTime(hoursFromNow(5.01));
  expect(await opens(secret, 'GET')).toBe(false);
});

test('tyk: a key that nobody has used has its whole quota', async () => {
  const { rig, driver } = await opened('tyk');
  const { ref } = await issue(rig);
  expect(await driver.usage?.(ref, { from: NOW, to: NOW }, aCall())).toMatchObject({ used: 0, limit: 1000 });
});

test('tyk: the use of a key without a quota is not known', async () => {
  const { rig, driver } = await opened('tyk');
  const { ref } = await issue(rig, limits(undefined, undefined));
  const error = await failureOf(rig, driver.usage?.(ref, { from: NOW, to: NOW }, aCall()));
  expect(error).toMatchObject({ kind: 'rejected', message: expect.stringContaining('quota') });
});

test.for([
  ['tyk', { orgId: '5e9d9544a1dcd60001d0ed20', apis: [] }],
  ['litellm', { models: [] }],
] as const)('%s: an empty list, which means everything to it, is no configuration', ([preset, settings]) => {
  expect(generic.config.safeParse({ endpoint: 'https://gateway.example', token: TOKEN, preset, settings }).success).toBe(false);
});

test.for([
  [undefined, undefined, []],
  [undefined, { limit: 3, per: 'minute' }, ['3 in 60 s']],
  [{ limit: 9, per: 'reservation' }, undefined, ['9 in 315360000 s']],
  [{ limit: 9, per: 'day' }, { limit: 3, per: 'minute' }, ['3 in 60 s', '9 in 86400 s']],
] as [RateLimit | undefined, RateLimit | undefined, string[]][])(
  'apisix: quota %j and rate %j are %j',
  async ([quota, rate, kept]) => {
    const { rig, fake } = await opened('apisix', { settings: {} });
    await issue(rig, limits(quota, rate));
    expect(fake.keys()).toEqual([{ name: 'lk-lse-0001-g1', policies: kept }]);
  },
);

test('apisix: consumers are called what every version allows, and their end is left to Latchkey', async () => {
  const { rig, driver, sent } = await opened('apisix');
  await issue(rig);
  expect(sent('PUT /apisix/admin/consumers')[0]?.body).toMatchObject({
    username: 'lk_lse_0001_g1',
    labels: { latchkey: 'lk-lse-0001-g1' },
  });
  expect(driver.limits.expiry.by).toBe('latchkey');
  expect(driver.retime).toBeUndefined();
});

test('gravitee: a key has an application of its own, named after it, which goes with it', async () => {
  const { rig, driver, sent } = await opened('gravitee');
  const { ref } = await issue(rig);
  await issue(rig, { name: 'lk-lse-0002-g1', secret: newSecret() });
  expect(sent('POST /management/organizations').map(({ body }) => body)).toMatchObject([
    { name: 'lk-lse-0001-g1' },
    { name: 'lk-lse-0002-g1' },
  ]);
  await driver.revoke(ref, aCall());
  expect((await rig.world.liveKeys()).map(({ name }) => name)).toEqual(['lk-lse-0002-g1']);
});

test('gravitee: calls at once make one application, so that none is left when it goes', async () => {
  const { rig, driver } = await opened('gravitee');
  await Promise.allSettled([1, 2, 3].map(() => issue(rig)));
  const { ref } = await issue(rig);
  await driver.revoke(ref, aCall());
  expect(await driver.probe?.({ ...ref, handle: null }, aCall())).toBe('gone');
});

test('gravitee: no value of a key stands in a query', async () => {
  const { rig, driver, fake } = await opened('gravitee');
  const { ref, secret } = await issue(rig);
  await driver.revoke({ ...ref, handle: null }, aCall());
  expect(fake.requests.map(({ path, query }) => `${path}?${query.toString()}`).join()).not.toContain(secret.reveal());
});

test('gravitee: check warns of a plan whose subscriptions somebody has to approve', async () => {
  const start = (validation: 'AUTO' | 'MANUAL') => () =>
    startGravitee({ token: TOKEN, now, apiId: 'api-1', planId: 'plan-1', plan: { methods, validation, status: 'PUBLISHED' } });
  const { rig, driver, opens } = await opened('gravitee', { start: start('MANUAL') });
  expect((await driver.check(aCall())).warnings).toEqual([expect.stringContaining('approve')]);
  expect(await opens((await issue(rig)).secret, 'GET')).toBe(false);
  expect((await (await opened('gravitee', { start: start('AUTO') })).driver.check(aCall())).warnings).toEqual([]);
});

test('gravitee: a plan that is not there is told at once', async () => {
  const { driver, rig } = await opened('gravitee', { settings: { apiId: 'api-1', planId: 'plan-2' } });
  expect(await failureOf(rig, driver.check(aCall()))).toMatchObject({ kind: 'rejected', status: 404 });
});

test('unkey: a value is told once; asked again, the key before is gone', async () => {
  const { rig, opens } = await opened('unkey');
  const first = await issue(rig);
  const second = await issue(rig);
  expect(second.secret.reveal()).not.toBe(first.secret.reveal());
  expect([await opens(first.secret, 'GET'), await opens(second.secret, 'GET')]).toEqual([false, true]);
});

test("unkey: a scope is a permission, and its prefix is the operator's", async () => {
  const { rig, opens } = await opened('unkey', { settings: { apiId: 'api_1234abcd', prefix: 'lab' } });
  const { secret } = await issue(rig, readOnly);
  expect(secret.reveal()).toMatch(/^lab_/);
  expect([await opens(secret, 'GET'), await opens(secret, 'POST')]).toEqual([true, false]);
});

test.for([
  ['reservation', { credits: { remaining: 9 }, ratelimits: [] }],
  ['month', { credits: { remaining: 9, refill: { interval: 'monthly', amount: 9, refillDay: 1 } }, ratelimits: [] }],
  ['day', { credits: { remaining: 9, refill: { interval: 'daily', amount: 9 } }, ratelimits: [] }],
  ['hour', { ratelimits: [{ name: 'quota', limit: 9, duration: 3_600_000, autoApply: true }] }],
] as const)('unkey: a quota per %s', async ([per, kept]) => {
  const { rig, sent } = await opened('unkey');
  await issue(rig, limits({ limit: 9, per }, undefined));
  const body = sent('POST /v2/keys.createKey')[0]?.body;
  expect(body).toMatchObject(kept);
  if (!('credits' in kept)) expect(body).not.toHaveProperty('credits');
});

test('litellm: a rate is sent where it is one per minute, and money where the operator says so', async () => {
  const bodyOf = async (change: Partial<IssueRequest>, settings: object) => {
    const { rig, sent } = await opened('litellm', { settings: { models: ['gpt-5-mini'], ...settings } });
    await issue(rig, change);
    return sent('POST /key/generate')[0]?.body;
  };
  const perMinute = await bodyOf(
    { rateLimit: { limit: 7, per: 'minute' } },
    { maxBudget: '2.50', routes: ['/chat/completions'] },
  );
  expect(perMinute).toMatchObject({ rpm_limit: 7, max_budget: 2.5, duration: '7200s', allowed_routes: ['/chat/completions'] });
  const perHour = await bodyOf({ rateLimit: { limit: 7, per: 'hour' } }, {});
  for (const left of ['rpm_limit', 'max_budget']) expect(perHour).not.toHaveProperty(left);
});

test('litellm: values begin as it wants them, and what is there is completed instead of made again', async () => {
  const { rig, driver, sent } = await opened('litellm');
  expect(driver.keyForm).toEqual({ lead: 'sk-' });
  await issue(rig);
  expect(sent('POST /key/update')).toHaveLength(0);
  await expect(driver.issue(rig.request(), aCall())).resolves.toMatchObject({ existed: true });
  expect([sent('POST /key/generate').length, sent('POST /key/update').length]).toEqual([1, 1]);
  const bare = new Secret('temp_0123456789');
  const other: Partial<IssueRequest> = { name: 'lk-lse-0002-g1' };
  const refused = driver.issue({ ...rig.request(other), secret: bare }, aCall());
  expect((await failureOf(rig, refused)).kind).toBe('rejected');
});
