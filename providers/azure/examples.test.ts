import { readFileSync } from 'node:fs';
import nock from 'nock';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { aCall, NOW, toolsFor } from '../contract-world.ts';
import type { KeyRef } from '../driver.ts';
import { createClient } from './client.ts';
import { Config } from './config.ts';
import { PLACE, startFakeService } from './fake.ts';
import { openAzure } from './open.ts';
import { createSubscriptions } from './subscriptions.ts';

/* The examples that come with the specification of the API: the driver understands their answers, and the fake gives such answers. */

interface Example {
  readonly parameters: Readonly<Record<string, string>> & { readonly parameters?: object };
  readonly responses: Readonly<Record<string, { readonly body?: Body }>>;
}
interface Body {
  readonly name?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly value?: readonly Body[];
}

const example = (name: string) =>
  JSON.parse(
    readFileSync(new URL(`../../tests/fixtures/azure-examples/ApiManagement${name}.json`, import.meta.url), 'utf8'),
  ) as Example;

const SERVICE = `/subscriptions/${PLACE.subscriptionId}/resourceGroups/rg1/providers/Microsoft.ApiManagement/service/apimService1`;
const ETAG = '"AAAAAAAAYRPs="';

const config = Config.parse({ ...PLACE, tier: 'developer', apis: [] });
const credential = async () => ({ getToken: async () => ({ token: 't', expiresOnTimestamp: Date.now() + 3_600_000 }) });
const client = createClient({ config, provider: 'campus', userAgent: 'test', credential });
const subscriptions = createSubscriptions(client);
const driver = openAzure(config, toolsFor('campus'), credential);

afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
});

/** Answers as the example does, to the request that the example is about. */
function replay(
  method: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE',
  path: string,
  { responses }: Example,
  status: number,
): unknown[] {
  const sent: unknown[] = [];
  nock('https://management.azure.com')
    .intercept(SERVICE + path, method)
    .query((query) => query['api-version'] === '2024-05-01')
    .reply(async (request: Request) => {
      sent.push({ ifMatch: request.headers.get('if-match'), body: await request.json().catch(() => undefined) });
      return [status, responses[status]!.body ?? '', { ETag: ETAG }];
    });
  return sent;
}

describe('the driver at the examples', () => {
  test.for([200, 201])('create a subscription: %i', async (status) => {
    const sent = replay('PUT', '/subscriptions/testsub', example('CreateSubscription'), status);
    await subscriptions.create({ sid: 'testsub', product: 'p', displayName: 'testsub', values: {}, owner: 'u' }, aCall());
    expect(sent).toMatchObject([{ body: { properties: { displayName: 'testsub', scope: '/products/p', ownerId: '/users/u' } } }]);
  });

  test('list subscriptions: whole addresses are understood, and names of others are not ours', async () => {
    const listed = example('ListSubscriptions');
    replay('GET', '/subscriptions', listed, 200);
    expect(await Array.fromAsync(subscriptions.list('', aCall()))).toEqual([
      { sid: '5600b59475ff190048070001', state: 'active', product: '5600b59475ff190048060001', label: undefined },
      { sid: '56eaed3dbaf08b06e46d27fe', state: 'active', product: '5600b59475ff190048060001', label: undefined },
      { sid: '5931a769d8d14f0ad8ce13b8', state: 'submitted', product: '5600b59475ff190048060002', label: undefined },
    ]);
  });

  test('update a subscription: with its etag, and the new one comes back', async () => {
    const sent = replay('PATCH', '/subscriptions/testsub', example('UpdateSubscription'), 200);
    const place = { sid: 'testsub', etag: '"old"', state: 'submitted', product: undefined, label: undefined };
    expect(await subscriptions.change(place, { displayName: 'testsub' }, aCall())).toBe(ETAG);
    expect(sent).toEqual([{ ifMatch: '"old"', body: { properties: { displayName: 'testsub' } } }]);
  });

  test.for([200, 204])('delete a subscription: %i is done', async (status) => {
    const sent = replay('DELETE', '/subscriptions/testsub', example('DeleteSubscription'), status);
    await subscriptions.remove('testsub', '*', aCall());
    expect(sent).toMatchObject([{ ifMatch: '*' }]);
  });

  test('list the secrets of a subscription', async () => {
    replay('POST', '/subscriptions/5931a769d8d14f0ad8ce13b8/listSecrets', example('SubscriptionListSecrets'), 200);
    const values = await subscriptions.values('5931a769d8d14f0ad8ce13b8', aCall());
    expect(values).toEqual({ primary: '<primaryKey>', secondary: '<secondaryKey>' });
  });

  test('reports by subscription: only its own line counts', async () => {
    replay('GET', '/reports/bySubscription', example('GetReportsBySubscription'), 200);
    const key: KeyRef<{ sid: string }> = { name: 'lk-a-1', handle: { sid: '5600b59475ff190048070002' }, secret: null };
    expect(await driver.usage!(key, { from: NOW, to: NOW }, aCall())).toEqual({ used: 13, refused: 1 });
  });

  test.for([200, 201])('create a product and its policy: %i', async (status) => {
    replay('PUT', '/products/testproduct', example('CreateProduct'), status);
    const policy = example('CreateProductPolicy');
    const { productId } = policy.parameters as { productId: string };
    replay('PUT', `/products/${productId}/policies/policy`, policy, status);
    const displayName = 'Test Template ProductName 4';
    const product = await client.ask('make it', aCall(), ({ arm, at, options }) =>
      arm.product.createOrUpdate(...at, 'testproduct', { displayName }, options),
    );
    expect(product).toMatchObject({ name: 'testproduct', displayName, subscriptionRequired: true, eTag: ETAG });
    const { value } = await client.ask('set it', aCall(), ({ arm, at, options }) =>
      arm.productPolicy.createOrUpdate(...at, productId, 'policy', { format: 'xml', value: '<policies />' }, options),
    );
    expect(value).toContain('<quota-by-key calls="40"');
  });
});

describe('the fake beside the examples', () => {
  async function service() {
    const fake = await startFakeService({ token: 't', users: ['57127d485157a511ace86ae7'] });
    onTestFinished(() => fake.close());
    const ask = async (method: string, path: string, { body, ifMatch }: { body?: object; ifMatch?: string } = {}) => {
      const answer = await fetch(`${fake.url}${SERVICE}${path}?api-version=2024-05-01`, {
        method,
        headers: { Authorization: 'Bearer t', ...(ifMatch && { 'If-Match': ifMatch }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, etag: answer.headers.get('etag'), body: text ? (JSON.parse(text) as Body) : undefined };
    };
    expect((await ask('PUT', '/products/5600b59475ff190048060002', { body: { properties: { displayName: 'P' } } })).status).toBe(
      201,
    );
    return ask;
  }
  const fieldsOf = ({ type, properties = {} }: Body = {}) => [type, ...Object.keys(properties).sort()];
  const created = example('CreateSubscription');
  const relative = (value: unknown) => String(value).replace(/^.*\/service\/[^/]+/, '');
  const { ownerId, scope, displayName } = (created.parameters.parameters as Body).properties!;
  const body = { properties: { ownerId: relative(ownerId), scope: relative(scope), displayName } };

  test('a subscription comes back as the examples show it, without its keys', async () => {
    const ask = await service();
    for (const status of [201, 200]) {
      const answer = await ask('PUT', '/subscriptions/testsub', { body });
      expect([answer.status, answer.body?.properties?.['state'], answer.etag]).toEqual([status, 'submitted', expect.any(String)]);
      expect(fieldsOf(answer.body)).toEqual(fieldsOf(created.responses[status]!.body));
      expect(answer.body?.properties).toMatchObject({ ownerId, scope });
    }
    const update = example('UpdateSubscription');
    const changed = await ask('PATCH', '/subscriptions/testsub', { body: update.parameters.parameters, ifMatch: '*' });
    expect([changed.status, fieldsOf(changed.body)]).toEqual([200, fieldsOf(update.responses['200']!.body)]);
    const list = await ask('GET', '/subscriptions');
    expect(Object.keys(list.body!)).toEqual(Object.keys(example('ListSubscriptions').responses['200']!.body!));
    const secrets = await ask('POST', '/subscriptions/testsub/listSecrets');
    expect(Object.keys(secrets.body!)).toEqual(Object.keys(example('SubscriptionListSecrets').responses['200']!.body!));
  });

  test('what it demands: a name and a scope, an etag that is the last one, and that absence is no failure of a delete', async () => {
    const ask = await service();
    for (const missing of ['displayName', 'scope'])
      expect(
        await ask('PUT', '/subscriptions/testsub', { body: { properties: { ...body.properties, [missing]: undefined } } }),
      ).toMatchObject({
        status: 400,
        body: { error: { code: 'ValidationError' } },
      });
    const { etag } = await ask('PUT', '/subscriptions/testsub', { body });
    expect((await ask('PATCH', '/subscriptions/testsub', { body: { properties: {} } })).status).toBe(400);
    expect((await ask('DELETE', '/subscriptions/testsub')).status).toBe(400);
    expect((await ask('PATCH', '/subscriptions/testsub', { body: { properties: {} }, ifMatch: etag! })).status).toBe(200);
    expect((await ask('DELETE', '/subscriptions/testsub', { ifMatch: etag! })).status).toBe(412);
    expect((await ask('DELETE', '/subscriptions/testsub', { ifMatch: '*' })).status).toBe(200);
    expect((await ask('DELETE', '/subscriptions/testsub', { ifMatch: '*' })).status).toBe(204);
    expect((await ask('GET', '/subscriptions/testsub')).status).toBe(404);
  });
});
