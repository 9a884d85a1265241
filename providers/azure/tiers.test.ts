import { expect, onTestFinished, test } from 'vitest';
import { aCall, newSecret, NOW, sampleRequest, toolsFor } from '../contract-world.ts';
import type { Call, IssueRequest } from '../driver.ts';
import { PLACE } from './fake.ts';
import { openFakeRig, TOKEN } from './fake-rig.ts';

async function opened(options: Partial<Parameters<typeof openFakeRig>[0]> = {}) {
  const rig = await openFakeRig({ now: () => NOW, tools: toolsFor('campus'), ...options });
  onTestFinished(() => rig.close());
  return rig;
}

let leases = 0;
const forLease = (overrides: Partial<IssueRequest> = {}) =>
  sampleRequest({ name: `lk-lse${(leases += 1)}-1`, secret: newSecret(), ...overrides });

const KNOCK = { method: 'GET', path: '/api/data' };

test('a class shares one product, whatever order its limits are in; other limits are another product', async () => {
  const { driver, fake } = await opened({
    apis: { lab: { path: '/' }, notes: { path: '/notes' } },
    config: { apis: ['notes', 'lab'] },
  });
  for (let student = 0; student < 10; student += 1) await driver.issue(forLease(), aCall());
  await driver.issue(forLease({ scopes: ['submit', 'read'], endpoints: ['/labs/*', '/api/**', '/labs/*'] }), aCall());
  expect(fake.products()).toHaveLength(1);
  expect([...fake.products()[0]!.apis].sort()).toEqual(['lab', 'notes']);
  for (const other of [
    { scopes: ['read'] },
    { endpoints: ['/api/**'] },
    { quota: undefined },
    { rateLimit: { limit: 99, per: 'hour' as const } },
    { allowedIps: ['10.0.0.0/8'] },
  ])
    await driver.issue(forLease(other), aCall());
  expect(fake.products()).toHaveLength(6);
});

test('other APIs are another product, so that a changed configuration takes nothing from living keys in silence', async () => {
  const { driver, another, fake } = await opened({ apis: { lab: { path: '/' }, notes: { path: '/notes' } } });
  const request = forLease();
  const { handle } = await driver.issue(request, aCall());
  const next = another({ apis: ['notes'] });
  const [listed] = await Array.fromAsync(next.list!(aCall()));
  expect(listed?.driftFrom?.(request)).toHaveLength(1);
  await next.repair!({ name: request.name, handle, secret: null }, request, aCall());
  expect(fake.knock({ key: request.secret.reveal(), ...KNOCK })).toBe(401);
});

test('many nodes that need a product at once make one, complete before any key is under it', async () => {
  const { another, fake, world } = await opened();
  const nodes = Array.from({ length: 5 }, () => another());
  await Promise.all(nodes.map((node) => node.issue(forLease(), aCall())));
  expect(fake.products()).toHaveLength(1);
  expect((await world.liveKeys()).map(({ complete }) => complete)).toEqual([true, true, true, true, true]);
  const made = fake.requests.findIndex(({ method, path }) => method === 'PUT' && path?.startsWith('subscriptions/'));
  const policy = fake.requests.findIndex(({ path }) => path?.endsWith('/policies/policy'));
  expect(policy).toBeLessThan(made);
});

test('half a product that a crash left, or one that was edited, is put right before a key is under it', async () => {
  const { driver, another, fake } = await opened();
  const request = forLease();
  await driver.issue(request, aCall());
  const { id } = fake.products()[0]!;
  fake.editProduct(id, { policy: undefined, subscriptionRequired: false, apis: new Set() });
  await another().issue(request, aCall());
  expect(fake.products()).toMatchObject([{ id, subscriptionRequired: true, apis: new Set(['lab']) }]);
  expect(fake.knock({ key: request.secret.reveal(), ...KNOCK, method: 'DELETE' })).toBe(403);
});

test('a product that was deleted meanwhile is made again by the next call', async () => {
  const { driver, fake } = await opened();
  const request = forLease();
  await driver.issue(request, aCall());
  await driver.revoke({ name: request.name, handle: null, secret: null }, aCall());
  fake.editProduct(fake.products()[0]!.id, 'deleted');
  const next = forLease();
  await expect(driver.issue(next, aCall())).rejects.toMatchObject({ kind: 'transient' });
  await driver.issue(next, aCall());
  expect(fake.knock({ key: next.secret.reveal(), ...KNOCK })).toBe(200);
});

test('an API that the service does not have is the mistake of an operator, not of a booking', async () => {
  const { driver } = await opened({ config: { apis: ['lab', 'elsewhere'] } });
  await expect(driver.issue(forLease(), aCall())).rejects.toMatchObject({
    kind: 'denied',
    message: 'campus: the service has no API "elsewhere", which the configuration names',
  });
});

test('caps of the service are told as such', async () => {
  const { driver } = await opened({ maxProducts: 1, maxSubscriptions: 1 });
  await driver.issue(forLease(), aCall());
  await expect(driver.issue(forLease(), aCall())).rejects.toMatchObject({ kind: 'full' });
  await expect(driver.issue(forLease({ scopes: ['read'] }), aCall())).rejects.toMatchObject({ kind: 'full' });
});

test('unused products are collected at the second look; used and foreign ones stay', async () => {
  const { driver, fake } = await opened();
  const requests = [forLease(), forLease({ scopes: ['read'] }), forLease({ scopes: ['submit'] })];
  for (const request of requests) await driver.issue(request, aCall());
  for (const request of requests.slice(1)) await driver.revoke({ name: request.name, handle: null, secret: null }, aCall());
  await makeProduct(fake.url, 'lk-my-own-product');
  expect(await driver.tidy!(aCall())).toBe(0);
  await driver.issue(requests[2]!, aCall());
  expect(await driver.tidy!(aCall())).toBe(1);
  await driver.revoke({ name: requests[2]!.name, handle: null, secret: null }, aCall());
  expect(await driver.tidy!(aCall())).toBe(0);
  expect(await driver.tidy!(aCall())).toBe(1);
  expect(fake.products()).toMatchObject([{ apis: new Set(['lab']) }, { id: 'lk-my-own-product' }]);
  await driver.issue(requests[1]!, aCall());
  expect(fake.knock({ key: requests[1]!.secret.reveal(), ...KNOCK })).toBe(200);
});

/** As an operator would. */
async function makeProduct(url: string, id: string): Promise<void> {
  const { subscriptionId, resourceGroup, service } = PLACE;
  const place = `subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.ApiManagement/service/${service}`;
  const { status } = await fetch(`${url}/${place}/products/${id}?api-version=2024-05-01`, {
    method: 'PUT',
    headers: { Authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ properties: { displayName: 'Mine' } }),
  });
  expect(status).toBe(201);
}

test('a tidy looks at a few products each time, and gets round to all of them', async () => {
  const { driver, fake } = await opened({ pageSize: 50 });
  for (let limit = 1; limit <= 25; limit += 1) {
    const request = forLease({ quota: { limit, per: 'day' } });
    await driver.issue(request, aCall());
    await driver.revoke({ name: request.name, handle: null, secret: null }, aCall());
  }
  const collected: number[] = [];
  for (let hour = 0; hour < 5; hour += 1) collected.push(await driver.tidy!(aCall()));
  expect(Math.max(...collected)).toBeLessThanOrEqual(20);
  expect(fake.products()).toEqual([]);
});

test('at the declared pace, a class is never refused by the buckets of Azure', async () => {
  let now = 0;
  const { driver, fake } = await opened({ now: () => new Date(NOW.getTime() + now), pageSize: 1000 });
  const buckets = { read: [250, 25], write: [200, 10], delete: [200, 10] } as const;
  const levels = new Map<string, { left: number; at: number }>();
  const next = new Map<string, number>();
  const call: Call = {
    ...aCall(),
    turn: async (operation) => {
      const perSecond = driver.pace.operations![operation]!;
      now = Math.max(now, next.get(operation) ?? 0);
      next.set(operation, now + 1000 / perSecond);
      const [size, refill] = buckets[operation as keyof typeof buckets];
      const { left, at } = levels.get(operation) ?? { left: size, at: 0 };
      const level = Math.min(size, left + ((now - at) / 1000) * refill) - 1;
      expect(level).toBeGreaterThanOrEqual(0);
      levels.set(operation, { left: level, at: now });
    },
  };
  const requests = Array.from({ length: 220 }, () => forLease());
  for (const request of requests) await driver.issue(request, call);
  expect(now).toBeLessThan((220 / 8) * 1000 * 1.05);
  const began = now;
  const leaving = requests.slice(0, 40);
  for (const { name } of leaving) await driver.revoke({ name, handle: null, secret: null }, call);
  expect(now - began).toBeLessThan((40 / 8) * 1000 * 1.05);
  expect(fake.subscriptions()).toHaveLength(180);
});

test('a call that waits for the products and runs out of time is made again', async () => {
  const reason = new Error('too late');
  const rig = await opened({
    tools: {
      ...toolsFor('campus'),
      lock: async (_name, signal) =>
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    },
  });
  const abort = new AbortController();
  const issued = rig.driver.issue(forLease(), aCall(abort.signal));
  abort.abort(reason);
  await expect(issued).rejects.toMatchObject({ kind: 'transient', message: expect.stringContaining('products') });
});

test('an owner is set where one is mapped, and nowhere else', async () => {
  const rig = await opened({ users: ['ada', 'class'] });
  const holder = (id: string) => ({ holder: { id, name: id } });
  await rig.driver.issue(forLease(holder('user-7')), aCall());
  await rig.another({ owner: 'class' }).issue(forLease(holder('user-7')), aCall());
  const mapped = rig.another({ owner: { 'user-7': 'ada' } });
  await mapped.issue(forLease(holder('user-7')), aCall());
  await mapped.issue(forLease(holder('user-8')), aCall());
  expect(rig.fake.subscriptions().map(({ ownerId }) => ownerId)).toEqual([undefined, '/users/class', '/users/ada', undefined]);
});
