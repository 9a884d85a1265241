import { describe, expect, test } from 'vitest';
import { aCall, newSecret, sampleRequest, toolsFor } from '../contract-world.ts';
import type { KeyRef } from '../driver.ts';
import { azure } from './driver.ts';
import type { Handle } from './places.ts';

/*
 * At a real service, only when asked: LIVE=azure AZURE_SUBSCRIPTION_ID=… AZURE_RESOURCE_GROUP=… AZURE_APIM_SERVICE=… AZURE_APIM_TIER=developer
 * AZURE_APIM_API=echo-api AZURE_APIM_URL=https://….azure-api.net/echo/resource npm test. It makes one key and takes it away.
 */

const { env } = process;

describe.runIf(env.LIVE?.split(',').includes('azure'))('azure, for real', { timeout: 300_000 }, () => {
  const configured = () =>
    azure.config.parse({
      subscriptionId: env.AZURE_SUBSCRIPTION_ID,
      resourceGroup: env.AZURE_RESOURCE_GROUP,
      service: env.AZURE_APIM_SERVICE,
      tier: env.AZURE_APIM_TIER,
      apis: [env.AZURE_APIM_API],
    });
  const url = new URL(env.AZURE_APIM_URL ?? 'https://example.invalid/');
  const call = () => aCall(AbortSignal.timeout(120_000));
  const request = (generation: number, overrides: object = {}) =>
    sampleRequest({
      name: `lk-live${process.pid}-${generation}`,
      secret: newSecret(),
      endpoints: [url.pathname],
      scopes: ['read'],
      window: { opensAt: new Date(), closesAt: new Date(Date.now() + 3_600_000) },
      ...overrides,
    });
  const knock = async (key: string, method = 'GET', path = url.pathname) => {
    const { status } = await fetch(new URL(path, url), { method, headers: { 'Ocp-Apim-Subscription-Key': key } });
    return status;
  };
  /** A gateway learns of a change some seconds later. */
  const becomes = (key: string, wanted: (status: number) => boolean) =>
    expect.poll(async () => wanted(await knock(key)), { timeout: 60_000, interval: 1000 }).toBe(true);

  test('check, issue, rotate, retime, suspend, revoke; the gateway does what is asked', async () => {
    const driver = azure.open(configured(), toolsFor('live'));
    expect(await driver.check(call())).toMatchObject({ ok: true });
    const [first, second] = [request(1), request(2)];
    const refs: KeyRef<Handle>[] = [];
    try {
      const { handle } = await driver.issue(first, call());
      refs.push({ name: first.name, handle, secret: null });
      await becomes(first.secret.reveal(), (status) => status < 400 || status === 404);
      expect(await knock(first.secret.reveal(), 'DELETE')).toBe(403);
      expect(await knock(first.secret.reveal(), 'GET', `${url.pathname}/elsewhere`)).toBeGreaterThanOrEqual(400);
      const rotated = await driver.rotate!(refs[0]!, second, call());
      refs.push({ name: second.name, handle: rotated.handle, secret: null });
      await becomes(second.secret.reveal(), (status) => status < 400 || status === 404);
      await driver.revoke(refs[0]!, call());
      await becomes(first.secret.reveal(), (status) => status === 401);
      // Whether the gateway shows the display name to a policy, and so knows the end, can only be seen here.
      const over = { ...second, window: { opensAt: new Date(0), closesAt: new Date(Date.now() - 60_000) } };
      await driver.retime!(refs[1]!, over, call());
      await becomes(second.secret.reveal(), (status) => status === 403);
      await driver.suspend!(refs[1]!, call());
      await becomes(second.secret.reveal(), (status) => status === 401);
      expect(await driver.probe!(refs[1]!, call())).toBe('held');
    } finally {
      for (const ref of refs) await driver.revoke(ref, call());
    }
    for (const ref of refs) expect(await driver.probe!(ref, call())).toBe('gone');
  });
});
