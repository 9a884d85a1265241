import nock from 'nock';
import { afterEach, expect, test, vi } from 'vitest';
import { failureOf } from '../contract-acts.ts';
import { aCall, newSecret, NOW, type Rig, sampleRequest, toolsFor } from '../contract-world.ts';
import type { Driver } from '../driver.ts';
import { createFakeAws, type FakeAws, requestOf } from './fake.ts';
import { operationOf } from './fake-api.ts';
import { APIS } from './fake-apis.ts';
import type { Answer } from './fake-faults.ts';
import { driverAt } from './fake-rig.ts';
import type { Handle } from './keys.ts';
import { type Operation, OPERATIONS } from './operations.ts';

/*
 * Every request of the driver, answered by every error there is, at the address that the SDK itself chooses for the region. The rest of
 * each call is answered by the fake.
 */

afterEach(() => {
  vi.unstubAllEnvs();
  nock.cleanAll();
  nock.enableNetConnect();
});

type Failing = (operation: Operation, answer: Answer | Error) => void;

function gateway(): { fake: FakeAws; fail: Failing } {
  const fake = createFakeAws({ apis: APIS, now: () => NOW });
  const failing = new Map<string, Answer | Error>();
  const answer = async (request: Request): Promise<[number, string, Record<string, string>]> => {
    const { pathname, search } = new URL(request.url);
    const asked = requestOf(request.method, pathname + search, await request.text());
    const operation = operationOf(asked) ?? '';
    const fault = failing.get(operation);
    failing.delete(operation);
    if (fault instanceof Error) throw fault;
    const { status, body = '', headers = {} } = fault ?? (fake.handle(asked) as Answer);
    return [status, body, headers];
  };
  const host = nock('https://apigateway.eu-central-1.amazonaws.com').persist();
  for (const scope of [host.get(/./), host.post(/./), host.patch(/./), host.delete(/./)]) scope.reply(answer);
  nock.disableNetConnect();
  return { fake, fail: (operation, fault) => void failing.set(operation, fault) };
}

interface At {
  readonly driver: Driver<Handle>;
  readonly fake: FakeAws;
  readonly key: { readonly name: string; readonly handle: Handle; readonly secret: null };
}
type Act = (at: At) => Promise<unknown>;

const fresh = () => sampleRequest({ name: 'lk-fresh', secret: newSecret() });
const issue: Act = ({ driver }) => driver.issue(fresh(), aCall());
const another: Act = ({ driver }) => driver.issue({ ...fresh(), rateLimit: { limit: 1, per: 'second' } }, aCall());
const list: Act = ({ driver }) => Array.fromAsync(driver.list!(aCall()));
const check: Act = ({ driver }) => driver.check(aCall());
const revoke: Act = ({ driver, key }) => driver.revoke(key, aCall());
const tidy: Act = ({ driver, fake }) => {
  fake.console.createPlan({
    name: 'latchkey-0123456789abcdef-unused-1700000000',
    apiStages: [{ apiId: 'a1b2c3', stage: 'prod' }],
  });
  return driver.tidy!(aCall());
};

/** A call that makes the request. */
const ACTS: Record<Operation, Act> = {
  CreateApiKey: issue,
  CreateUsagePlanKey: issue,
  GetUsagePlans: another,
  CreateUsagePlan: another,
  GetApiKeys: list,
  GetUsagePlanKeys: list,
  GetApiKey: ({ driver, key }) => driver.probe!(key, aCall()),
  UpdateApiKey: ({ driver, key }) => driver.suspend!(key, aCall()),
  DeleteUsagePlanKey: revoke,
  DeleteApiKey: revoke,
  ImportApiKeys: ({ driver }) => driver.issueMany!([fresh()], aCall()),
  UpdateUsagePlan: tidy,
  DeleteUsagePlan: tidy,
  GetUsagePlan: ({ key }) => driverAt(undefined, toolsFor('campus'), { usagePlans: [{ id: key.handle.planId }] }).check(aCall()),
  GetUsage: ({ driver, key }) => driver.usage!(key, { from: NOW, to: NOW }, aCall()),
  GetStages: check,
  GetResources: check,
};
const EVERY = Object.keys(OPERATIONS) as Operation[];

const LEAK = 'backplane-7.internal.example says AKIATEST';
const named = (status: number, type: string, headers = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', 'x-amzn-errortype': type, ...headers },
  body: JSON.stringify({ message: LEAK }),
});
const nameless = (status: number, headers = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ message: LEAK }),
});
const page = (status: number): Answer => ({ status, headers: { 'content-type': 'text/html' }, body: `<html>${LEAK}</html>` });
const reset = Object.assign(new Error(LEAK), { code: 'ECONNRESET' });

interface Case {
  readonly answer: Answer | Error;
  readonly want: object;
}

/** What means the same wherever it comes. */
const CLASSES: Record<string, Case> = {
  'a bad request': { answer: named(400, 'BadRequestException'), want: { kind: 'rejected', status: 400 } },
  'no right': { answer: named(403, 'AccessDeniedException'), want: { kind: 'denied', status: 403 } },
  'not authorised': { answer: named(401, 'UnauthorizedException'), want: { kind: 'denied', status: 401 } },
  'too many requests': {
    answer: named(429, 'TooManyRequestsException', { 'retry-after': '3' }),
    want: { kind: 'rate-limited', retryAfterMs: 3000 },
  },
  'a limit that passes': {
    answer: named(429, 'LimitExceededException', { 'retry-after': '5' }),
    want: { kind: 'rate-limited', retryAfterMs: 5000 },
  },
  'no service': { answer: named(503, 'ServiceUnavailableException'), want: { kind: 'transient', status: 503 } },
  'a 404 that AWS did not name': { answer: nameless(404), want: { kind: 'transient' } },
  'a page with status 200': { answer: page(200), want: { kind: 'transient' } },
  'a page with status 409': { answer: page(409), want: { kind: 'transient' } },
  'a connection that breaks': { answer: reset, want: { kind: 'transient', status: undefined } },
};

/** What is told apart by one place for all requests. */
const MORE: Record<string, Case> = {
  'a token that has expired': { answer: named(403, 'ExpiredTokenException'), want: { kind: 'denied' } },
  'a wrong signature': { answer: named(403, 'InvalidSignatureException'), want: { kind: 'denied' } },
  'unknown credentials': { answer: named(400, 'UnrecognizedClientException'), want: { kind: 'denied' } },
  'too many requests until a date': {
    answer: named(429, 'TooManyRequestsException', {
      'retry-after': 'Thu, 15 Jan 2026 10:00:09 GMT',
      date: 'Thu, 15 Jan 2026 10:00:00 GMT',
    }),
    want: { kind: 'rate-limited', retryAfterMs: 9000 },
  },
  'too many requests, and no more': {
    answer: named(429, 'TooManyRequestsException'),
    want: { kind: 'rate-limited', retryAfterMs: undefined },
  },
  'throttling by another name': { answer: named(400, 'ThrottlingException'), want: { kind: 'rate-limited' } },
  'a failure inside': { answer: named(500, 'InternalFailure'), want: { kind: 'transient', status: 500 } },
  'a 400 that AWS did not name': { answer: nameless(400), want: { kind: 'transient' } },
  'a 403 that AWS did not name': { answer: nameless(403), want: { kind: 'denied' } },
  'a redirect': { answer: nameless(307, { location: 'http://elsewhere.test/' }), want: { kind: 'denied' } },
  'a page with status 403': { answer: page(403), want: { kind: 'transient' } },
  'a page with status 404': { answer: page(404), want: { kind: 'transient' } },
  'nothing with status 200': { answer: { status: 200 }, want: { kind: 'transient' } },
};

async function ready() {
  const { fake, fail } = gateway();
  const driver = driverAt(undefined, toolsFor('campus'));
  const { name, secret } = sampleRequest();
  const { handle } = await driver.issue(sampleRequest({ secret }), aCall());
  const rig = { request: sampleRequest, unspeakable: [LEAK, 'AKIATEST', 'backplane'] } as unknown as Rig;
  return { fake, fail, rig, driver, key: { name, handle, secret: null } };
}

type Ready = Awaited<ReturnType<typeof ready>>;

async function expectTold({ rig, fail, ...at }: Ready, operation: Operation, cases: Record<string, Case>): Promise<void> {
  for (const [what, { answer, want }] of Object.entries(cases)) {
    fail(operation, answer);
    const error = await failureOf(rig, ACTS[operation](at));
    expect(error, `${operation}, ${what}`).toMatchObject(want);
    expect(error.message).toMatch(new RegExp(`^campus: .* when asked to ${OPERATIONS[operation].asks}$`));
  }
}

test.for(EVERY)('%s answered by any error is called what it is, and nothing is repeated of it', async (operation) => {
  await expectTold(await ready(), operation, CLASSES);
});

test('the kinds of errors that AWS, a proxy and the network have', async () => {
  await expectTold(await ready(), 'GetApiKeys', MORE);
});

test.for(EVERY)('a cap that %s runs into is full, where it makes something; else it is a pace', async (operation) => {
  const { rig, fail, ...at } = await ready();
  fail(operation, named(429, 'LimitExceededException'));
  const makes = ['CreateApiKey', 'ImportApiKeys', 'CreateUsagePlan', 'CreateUsagePlanKey'].includes(operation);
  expect(await failureOf(rig, ACTS[operation](at))).toMatchObject({ kind: makes ? 'full' : 'rate-limited' });
});

/** What is not there: an error of that kind, or what the call answers. */
const GONE: Partial<Record<Operation, object | string | number | undefined>> = {
  CreateApiKey: { kind: 'transient' },
  CreateUsagePlanKey: { kind: 'transient' },
  CreateUsagePlan: { kind: 'transient' },
  GetUsagePlans: { kind: 'transient' },
  GetApiKey: 'gone',
  UpdateApiKey: { kind: 'gone' },
  DeleteApiKey: { used: 0 },
  DeleteUsagePlanKey: { used: 0 },
  UpdateUsagePlan: 0,
  DeleteUsagePlan: 1,
  GetUsage: { used: 0 },
  GetUsagePlan: { ok: false },
  GetStages: { ok: false },
};

test.for(Object.entries(GONE) as [Operation, unknown][])('%s of what is not there', async ([operation, want]) => {
  const { fail, ...at } = await ready();
  fail(operation, named(404, 'NotFoundException'));
  const outcome = await ACTS[operation](at).catch((error: unknown) => error);
  if (typeof want === 'object') expect(outcome).toMatchObject(want as object);
  else expect(outcome).toBe(want);
});

/** What conflicts with what is there. */
const CONFLICTS: Partial<Record<Operation, object>> = {
  CreateApiKey: { kind: 'transient' },
  CreateUsagePlanKey: { existed: false },
  ImportApiKeys: { kind: 'transient' },
  UpdateApiKey: { kind: 'transient' },
  DeleteApiKey: { kind: 'refused' },
  DeleteUsagePlanKey: { kind: 'transient' },
  CreateUsagePlan: { kind: 'transient' },
  UpdateUsagePlan: { kind: 'transient' },
  DeleteUsagePlan: { kind: 'transient' },
};

test.for(Object.entries(CONFLICTS) as [Operation, object][])('%s that conflicts', async ([operation, want]) => {
  const { fail, ...at } = await ready();
  fail(operation, named(409, 'ConflictException'));
  expect(await ACTS[operation](at).catch((error: unknown) => error)).toMatchObject(want);
});

test('what a turn throws passes through unchanged, and nothing is sent', async () => {
  const { fake, driver } = await ready();
  const before = fake.handled.length;
  const postponed = new Error('later');
  for (const held of ['create', 'all'] as const) {
    const turn = async (operation: string) => {
      if (operation === held) throw postponed;
    };
    await expect(driver.issue(fresh(), { ...aCall(), turn })).rejects.toBe(postponed);
  }
  expect(fake.handled).toHaveLength(before);
});

test('without credentials the operator is told so', async () => {
  const { rig } = await ready();
  const found = driverAt(undefined, toolsFor('campus'), { credentials: undefined });
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_CONTAINER_CREDENTIALS_FULL_URI']) vi.stubEnv(name, undefined);
  for (const name of ['AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE']) vi.stubEnv(name, '/dev/null');
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  expect(await failureOf(rig, found.check(aCall()))).toMatchObject({
    kind: 'denied',
    message: 'campus: no AWS credentials were found when asked to list keys',
  });
});
