import { expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../src/secret/secret.ts';
import { testDriver } from '../contract.ts';
import { failureOf, INSIDE } from '../contract-acts.ts';
import { aCall, ALL_FAULTS, hoursFromNow, newSecret, NOW, sampleRequest, toolsFor } from '../contract-world.ts';
import type { IssueRequest } from '../driver.ts';
import { aws } from './driver.ts';
import type { FakeAwsOptions } from './fake.ts';
import { API, READ_STAGES, READING, WRITE_STAGES } from './fake-apis.ts';
import { openRig } from './fake-rig.ts';

const faults = {
  issue: ALL_FAULTS,
  policy: ALL_FAULTS,
  revoke: ALL_FAULTS,
  usage: ALL_FAULTS,
  list: ALL_FAULTS,
  check: ALL_FAULTS,
};
const BREAKS = ['lost-answer', 'refuse', 'hang', 'html-404', '429-seconds'] as const;
const ground = () => ({ now: NOW, tools: toolsFor('campus'), request: sampleRequest });

testDriver({ name: 'aws, with one stage for all scopes', definition: aws, faults, open: () => openRig(ground()) });

testDriver({
  name: 'aws, with stages of their own for scopes',
  definition: aws,
  faults: { issue: ['lost-answer'], policy: ['lost-answer'], revoke: ['lost-answer'] },
  open: () => openRig(ground(), { scopes: { read: READ_STAGES, submit: WRITE_STAGES } }),
});

async function opened(config?: object, options?: Partial<FakeAwsOptions>) {
  const rig = await openRig(ground(), config, options);
  onTestFinished(() => rig.close());
  return rig;
}
type Opened = Awaited<ReturnType<typeof opened>>;

async function issued(rig: Opened, overrides: Partial<IssueRequest> = {}) {
  const request = sampleRequest(overrides);
  const { handle } = await rig.driver.issue(request, aCall());
  return { name: request.name, handle, secret: request.secret };
}

const opens = (rig: Opened, secret: Secret, stage = API) => rig.fake.knock({ apiKey: secret.reveal(), stage, ...INSIDE });

test('a key has our name and value, says whose it is, and nothing that AWS does not take', async () => {
  const rig = await opened();
  const reservation = { source: 'default', id: 'Räume & "Labs",\n=cmd|x' };
  const request = sampleRequest({ reservation, resource: { id: '1', name: '<b>lab</b>\u0000', type: '' } });
  await rig.driver.issue(request, aCall());
  expect(rig.fake.keys()).toMatchObject([
    {
      name: request.name,
      value: request.secret.reveal(),
      enabled: true,
      description: 'Latchkey key_lk-lse-0001-g1 for _b_lab_/b_',
      tags: {
        'managed-by': 'latchkey',
        reservation: 'default/R_ume _ _Labs_=cmd_x',
        lease: 'lse_0001',
        'expires-at': '2026-01-15T12:00:00.000Z',
      },
    },
  ]);
});

test('a value that AWS does not take is told before anything is made', async () => {
  const rig = await opened();
  const error = await failureOf(
    rig,
    rig.driver.issue(sampleRequest({ secret: new Secret('temp_0123456789abcdefghij') }), aCall()),
  );
  expect(error.kind).toBe('rejected');
  expect(rig.fake.keys()).toEqual([]);
  expect(rig.driver.keyForm).toEqual({ joint: '' });
});

test('a value that another key has is refused for good, and that key left alone', async () => {
  const rig = await opened();
  const { secret, name } = sampleRequest();
  rig.fake.console.createKey({ name, value: newSecret().reveal(), enabled: true });
  rig.fake.console.createKey({ name: `${name}0`, value: secret.reveal(), enabled: true });
  expect((await failureOf(rig, rig.driver.issue(sampleRequest(), aCall()))).kind).toBe('rejected');
  expect(rig.fake.keys()).toMatchObject([
    { name, plans: [] },
    { name: `${name}0`, plans: [] },
  ]);
});

test('a key that an earlier call made and the list does not show yet is waited for', async () => {
  let now = NOW;
  const rig = await opened({}, { listLagMs: 5000, now: () => now });
  rig.fake.fail({ on: 'CreateApiKey', how: 'lost-answer' });
  await failureOf(rig, rig.driver.issue(sampleRequest(), aCall()));
  expect((await failureOf(rig, rig.driver.issue(sampleRequest(), aCall()))).kind).toBe('transient');
  now = new Date(NOW.getTime() + 5000);
  expect(await rig.driver.issue(sampleRequest(), aCall())).toMatchObject({ existed: true });
  expect(rig.fake.keys()).toMatchObject([{ plans: [{}] }]);
});

test('issued again after it was disabled, a key works', async () => {
  const rig = await opened();
  const key = await issued(rig);
  await rig.driver.suspend?.(key, aCall());
  await issued(rig);
  expect(opens(rig, key.secret)).toBe(200);
});

const CHANGES: Record<string, { change: Partial<IssueRequest>; method: string; stage: string }> = {
  'on the same stage': { change: { rateLimit: { limit: 5, per: 'minute' } }, method: 'POST', stage: API },
  'on other stages': { change: { scopes: ['read'] }, method: 'GET', stage: READING },
};

test.for(Object.entries(CHANGES))(
  'issued again with other limits %s, a key is in that plan and no other',
  async ([, { change, method, stage }]) => {
    const rig = await opened({ scopes: { read: READ_STAGES } });
    const key = await issued(rig, { scopes: ['submit'] });
    const before = rig.fake.keys()[0]!.plans;
    await issued(rig, { scopes: ['submit'], ...change });
    expect(rig.fake.keys()).toMatchObject([{ plans: [{ apiStages: [{}] }] }]);
    expect(rig.fake.keys()[0]!.plans).not.toEqual(before);
    expect(rig.fake.knock({ apiKey: key.secret.reveal(), stage, method, path: '/api/data' })).toBe(200);
  },
);

test('names are compared whole: revoking g1 without a handle leaves g10', async () => {
  const rig = await opened();
  const first = await issued(rig, { name: 'lk-lse-0001-g1' });
  await issued(rig, { name: 'lk-lse-0001-g10', secret: newSecret() });
  await rig.driver.revoke({ ...first, handle: null }, aCall());
  expect(rig.fake.keys()).toMatchObject([{ name: 'lk-lse-0001-g10' }]);
  expect(await rig.driver.probe?.({ ...first, handle: null }, aCall())).toBe('gone');
});

test.for(['UpdateApiKey', 'DeleteUsagePlanKey', 'DeleteApiKey'].flatMap((on) => BREAKS.map((how) => [on, how] as const)))(
  'revoke stopped at %s by %s is made again and gets there, and the door is shut from the first step on',
  async ([on, how]) => {
    const rig = await opened();
    const key = await issued(rig);
    rig.fake.fail({ on, how });
    const signal = how === 'hang' ? AbortSignal.timeout(150) : undefined;
    await failureOf(rig, rig.driver.revoke(key, aCall(signal)));
    if (on !== 'UpdateApiKey') expect(opens(rig, key.secret)).toBe(403);
    await rig.driver.revoke(key, aCall());
    expect(rig.fake.keys()).toEqual([]);
  },
);

test('a key that somebody moved to another plan is revoked all the same', async () => {
  const rig = await opened();
  const key = await issued(rig);
  const other = rig.fake.console.createPlan({ name: 'by hand' });
  rig.fake.console.unlink(key.handle.planId!, key.handle.keyId);
  rig.fake.console.link(other.id, key.handle.keyId);
  expect(await rig.driver.usage?.(key, { from: NOW, to: NOW }, aCall())).toEqual({ used: 0 });
  await rig.driver.revoke(key, aCall());
  expect(rig.fake.keys()).toEqual([]);
});

test('probe tells what a key is worth: works, held, gone', async () => {
  const rig = await opened();
  const key = await issued(rig);
  const probe = () => rig.driver.probe?.(key, aCall());
  expect(await probe()).toBe('works');
  await rig.driver.suspend?.(key, aCall());
  expect(await probe()).toBe('held');
  await rig.driver.resume?.(key, aCall());
  rig.fake.console.unlink(key.handle.planId!, key.handle.keyId);
  expect(await probe()).toBe('held');
  await rig.driver.revoke(key, aCall());
  expect(await probe()).toBe('gone');
});

test('what is not there cannot be suspended, resumed, repaired or counted', async () => {
  const rig = await opened();
  const key = await issued(rig);
  await rig.driver.revoke(key, aCall());
  const range = { from: NOW, to: NOW };
  for (const ref of [key, { ...key, handle: null }])
    for (const act of [
      () => rig.driver.suspend?.(ref, aCall()),
      () => rig.driver.resume?.(ref, aCall()),
      () => rig.driver.repair?.(ref, sampleRequest(), aCall()),
      () => rig.driver.usage?.(ref, range, aCall()),
    ])
      expect((await failureOf(rig, act())).kind).toBe('gone');
});

test('a revocation tells what the key was used for, and is done where that cannot be read', async () => {
  const rig = await opened();
  const used = await issued(rig);
  for (let times = 0; times < 3; times += 1) opens(rig, used.secret);
  expect(await rig.driver.revoke(used, aCall())).toEqual({ used: 3 });
  expect(await rig.driver.revoke(used, aCall())).toBeUndefined();
  const other = await issued(rig, { secret: newSecret() });
  rig.fake.fail({ on: 'GetUsage', how: '403' });
  expect(await rig.driver.revoke(other, aCall())).toBeUndefined();
  expect(rig.fake.keys()).toEqual([]);
});

test.for(['id', 'value'] as const)('usage adds up the days of the range, listed by the key’s %s', async (usageBy) => {
  let now = hoursFromNow(-24);
  const rig = await opened({}, { usageBy, now: () => now });
  const key = await issued(rig);
  for (now of [hoursFromNow(-24), hoursFromNow(-24), hoursFromNow(-23), NOW]) expect(opens(rig, key.secret)).toBe(200);
  expect(await rig.driver.usage?.(key, { from: hoursFromNow(-48), to: NOW }, aCall())).toEqual({ used: 4 });
  expect(await rig.driver.usage?.(key, { from: NOW, to: NOW }, aCall())).toEqual({ used: 1 });
});

async function listOf(rig: Opened, driver = rig.driver) {
  return await Array.fromAsync(driver.list!(aCall()));
}

test('list goes over pages of 25, and leaves out keys of others', async () => {
  const rig = await opened();
  const names = Array.from({ length: 60 }, (_, number) => `lk-lse-${String(number).padStart(4, '0')}-g1`);
  await rig.driver.issueMany?.(
    names.map((name) => sampleRequest({ name, secret: newSecret() })),
    aCall(),
  );
  rig.fake.console.createKey({ name: 'somebody-else', value: newSecret().reveal() });
  expect((await listOf(rig)).map(({ name }) => name)).toEqual(names);
});

test('list tells drift, and repair mends it with the same value', async () => {
  const rig = await opened();
  const key = await issued(rig);
  const drift = async () => (await listOf(rig))[0]?.driftFrom?.(sampleRequest());
  const { keyId, planId = '' } = key.handle;
  const other = rig.fake.console.createPlan({
    name: 'latchkey-0123456789abcdef',
    apiStages: [{ apiId: 'a1b2c3', stage: 'prod' }],
    throttle: { rateLimit: 50, burstLimit: 50 },
    quota: { limit: 5, period: 'DAY' },
  });
  expect(await drift()).toEqual([]);
  const spoils: Record<string, () => void> = {
    'is disabled': () => Object.assign(rig.fake.console.key(keyId), { enabled: false }),
    'is in no usage plan of ours': () => rig.fake.console.unlink(planId, keyId),
    'rate is 50/second,quota is 5/day': () => (rig.fake.console.unlink(planId, keyId), rig.fake.console.link(other.id, keyId)),
  };
  for (const [told, spoil] of Object.entries(spoils)) {
    spoil();
    expect(String(await drift())).toBe(told);
    await rig.driver.repair?.(key, sampleRequest(), aCall());
    expect(await drift()).toEqual([]);
    expect(opens(rig, key.secret)).toBe(200);
  }
});

test('the gateway learns of a key some seconds later: the driver neither waits nor takes anything back', async () => {
  let now = NOW;
  const rig = await opened({}, { lagMs: 30_000, now: () => now });
  const key = await issued(rig);
  expect(opens(rig, key.secret)).toBe(403);
  now = hoursFromNow(0.1);
  expect(opens(rig, key.secret)).toBe(200);
  await rig.driver.revoke(key, aCall());
  expect(opens(rig, key.secret)).toBe(200);
  now = hoursFromNow(0.2);
  expect(opens(rig, key.secret)).toBe(403);
  expect(rig.fake.keys()).toEqual([]);
});

test('who tries the provider out sees each request, its body and what became of it', async () => {
  const rig = await opened();
  rig.fake.fail({ on: 'CreateUsagePlanKey', how: '500' });
  const seen: unknown[] = [];
  const call = { ...aCall(), trace: (exchange: object) => void seen.push(exchange) };
  await failureOf(rig, rig.driver.issue(sampleRequest(), call));
  const host = rig.fake.url.replace('http://', '');
  expect(seen).toMatchObject([
    { method: 'GET', url: `${host}/usageplans?limit=500`, status: 200 },
    { method: 'POST', url: `${host}/usageplans`, status: 201, body: { name: expect.stringMatching(/^latchkey-/) } },
    { method: 'POST', url: `${host}/apikeys`, status: 201, body: { name: 'lk-lse-0001-g1', value: expect.any(String) } },
    { method: 'POST', url: expect.stringMatching(/\/keys$/), status: 500 },
  ]);
});
