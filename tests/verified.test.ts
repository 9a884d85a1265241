import { expect, onTestFinished, test } from 'vitest';
import { createFakeKeys } from '../providers/builtin/fake.ts';
import { testDriver } from '../providers/contract.ts';
import { aCall, ALL_FAULTS, NOW, type Rig, sampleRequest, toolsFor } from '../providers/contract-world.ts';
import type { Driver, LimitReport } from '../providers/driver.ts';
import { generic } from '../providers/generic/driver.ts';
import { startFakeManager } from '../providers/generic/fake.ts';
import { openKeys } from '../src/keys/open.ts';
import { verified } from '../src/lease/verified.ts';
import { Secret } from '../src/secret/secret.ts';
import { describeEngines } from './engines.ts';

const TOKEN = 'management-token-5d1c';

/** A key-management API whose protected API asks `/verify` as well: the door opens where both say so. */
async function openRig(): Promise<Rig> {
  const fake = await startFakeManager({ token: TOKEN, now: () => NOW, repeats: 'upsert' });
  const verifying = createFakeKeys({ now: () => NOW });
  const there = generic.open(generic.config.parse({ endpoint: fake.url, token: TOKEN }), toolsFor('campus'));
  return {
    driver: verified(there, verifying.keys),
    request: sampleRequest,
    unspeakable: [TOKEN],
    world: {
      liveKeys: async () => {
        const here = verifying.live().map(({ name, window }) => ({ name, closesAt: window.closesAt }));
        expect(here).toHaveLength(fake.keys().length);
        return here.map((key) => ({ ...key, policies: [], complete: true }));
      },
      opensTheDoor: async (secret, knock) =>
        verifying.opensTheDoor({ apiKey: secret.reveal(), ...knock }) && fake.opensTheDoor({ apiKey: secret.reveal(), ...knock }),
      failNext: async ({ on, how }) => fake.fail({ on: on === 'check' || on === 'list' ? 'usage' : on, how }),
    },
    close: () => fake.close(),
  };
}

testDriver({
  name: 'generic, with /verify in front',
  definition: generic,
  faults: { retime: ALL_FAULTS, check: ['500'] },
  open: openRig,
});

const limits = (by: LimitReport['rate']['by']): LimitReport => {
  const one = { by };
  return { scopes: one, endpoints: one, methods: one, quota: one, rate: one, allowedIps: one, notBefore: one, expiry: one };
};
/** A cloud, as far as this goes: it makes the value itself, tells it later, and keeps no limit. */
const cloud = (told: Secret): Driver<unknown> => ({
  limits: { ...limits('none'), allowedIps: { by: 'gateway' }, notBefore: { by: 'latchkey' } },
  pace: { issuePerSecond: 1000, revokePerSecond: 1000, concurrency: 1 },
  issue: async () => ({ handle: {} }),
  revoke: async () => {},
  reveal: async () => told,
  check: async () => ({ ok: true, warnings: [] }),
});

test('what the gateway does not keep is kept by us, the rest stays as it is', () => {
  const driver = verified(cloud(new Secret('')), createFakeKeys({ now: () => NOW }).keys);
  for (const report of [driver.limits, driver.limitsFor!(sampleRequest())])
    expect(report).toMatchObject({
      quota: { by: 'latchkey' },
      rate: { by: 'latchkey' },
      methods: { by: 'latchkey' },
      expiry: { by: 'latchkey' },
      allowedIps: { by: 'gateway' },
      notBefore: { by: 'latchkey' },
      limits: { by: 'latchkey' },
      scopeEndpoints: { by: 'latchkey' },
      deniedIps: { by: 'latchkey' },
      hours: { by: 'latchkey' },
      // What a value is, only the gateway says.
      tokens: undefined,
    });
});

describeEngines('a value that the provider tells at the claim', (engine) => {
  test('is good at /verify from then on, under the rights of its key, and dead after the revocation', async () => {
    const { ledger, close } = await engine.open({ now: () => NOW });
    const others = { there: true };
    const keys = await openKeys({ ledger, now: () => NOW, log: () => {}, knowsOthers: () => others.there });
    onTestFinished(async () => {
      await keys.close();
      await close();
    });
    const told = new Secret('AIzaSyD-made_by-the-provider-0123456789');
    const driver = verified(cloud(told), keys.manager);
    const request = sampleRequest();
    await driver.issue(request, aCall());
    const ref = { name: request.name, handle: {}, secret: null };
    const ask = async (method: string) => (await keys.verify({ key: told.reveal(), method, path: '/api/data' })).code;
    expect(await ask('GET')).toBe('NOT_FOUND');
    await driver.reveal!(ref, aCall());
    expect(await ask('GET')).toBe('VALID');
    expect(await ask('DELETE')).toBe('INSUFFICIENT_SCOPE');
    // Whether values of that form are looked for at all says nothing about one that is known.
    others.there = false;
    expect(await ask('GET')).toBe('VALID');
    others.there = true;
    await driver.suspend!(ref, aCall());
    expect(await ask('GET')).toBe('SUSPENDED');
    await driver.resume!(ref, aCall());
    await driver.revoke(ref, aCall());
    expect(await ask('GET')).toBe('REVOKED');
  });

  test('is looked for by a node that has not heard of it only where providers tell such values', async () => {
    const { ledger, close } = await engine.open({ now: () => NOW });
    const others = { there: false };
    const deaf = { ...ledger, listen: async () => {} };
    const asked = await openKeys({ ledger: deaf, now: () => NOW, log: () => {}, knowsOthers: () => others.there });
    const elsewhere = await openKeys({ ledger, now: () => NOW, log: () => {} });
    onTestFinished(async () => {
      await asked.close();
      await elsewhere.close();
      await close();
    });
    const told = new Secret('AIzaSyD-made_by-the-provider-9876543210');
    const driver = verified(cloud(told), elsewhere.manager);
    const request = sampleRequest();
    await driver.issue(request, aCall());
    await driver.reveal!({ name: request.name, handle: {}, secret: null }, aCall());
    const ask = async () => (await asked.verify({ key: told.reveal(), method: 'GET', path: '/api/data' })).code;
    expect(await ask()).toBe('NOT_FOUND');
    others.there = true;
    expect(await ask()).toBe('VALID');
  });
});
