import { describe, expect, onTestFinished, test } from 'vitest';
import { expectLive, failureOf, INSIDE, issue, stored } from './contract-acts.ts';
import { testFaults } from './contract-faults.ts';
import { testPowers } from './contract-powers.ts';
import { aCall, hoursFromNow, newSecret, type Rig, type Subject } from './contract-world.ts';
import { ASKABLE, ENFORCED, type IssueRequest } from './driver.ts';

/** Asks a driver every promise of driver.ts, against its own fake. */
export function testDriver(subject: Subject): void {
  const open = async (): Promise<Rig> => {
    const rig = await subject.open();
    onTestFinished(() => rig.close());
    return rig;
  };
  describe(`${subject.name} keeps the driver contract`, () => {
    testIssue(open, subject);
    testRevoke(open);
    testCall(open);
    testPowers(open, subject);
    testFaults(open, subject);
  });
}

function testIssue(open: () => Promise<Rig>, subject: Subject): void {
  test('issue makes one key that works and has its policies', async () => {
    const { secret, rig } = await issue(await open());
    expect(await rig.world.liveKeys()).toMatchObject([{ complete: true }]);
    expect(await rig.world.opensTheDoor(secret, INSIDE)).toBe(true);
  });

  const outside: Record<string, { limit: (typeof ENFORCED)[number]; knock: typeof INSIDE; change?: Partial<IssueRequest> }> = {
    'a method outside its scopes': { limit: 'methods', knock: { method: 'DELETE', path: '/api/data' } },
    'a path outside its endpoints': { limit: 'endpoints', knock: { method: 'GET', path: '/admin' } },
    'anything before its window': {
      limit: 'notBefore',
      knock: INSIDE,
      change: { window: { opensAt: hoursFromNow(1), closesAt: hoursFromNow(2) } },
    },
    'anything after its window': {
      limit: 'expiry',
      knock: INSIDE,
      change: { window: { opensAt: hoursFromNow(-2), closesAt: hoursFromNow(-1) } },
    },
  };
  test.for(Object.entries(outside))(
    'where the gateway is said to enforce it, a key does not open %s',
    async ([, { limit, knock, change }], { skip }) => {
      const rig = await open();
      if (rig.driver.limits[limit].by !== 'gateway') skip();
      const { secret } = await issue(rig, change);
      expect(await rig.world.opensTheDoor(secret, knock)).toBe(false);
    },
  );

  test('issue repeated one after the other leaves one complete key', async () => {
    const rig = await open();
    await issue(rig);
    await issue(rig);
    const { secret } = await issue(rig);
    await expectLive(rig, 1);
    expect(await rig.world.opensTheDoor(secret, INSIDE)).toBe(true);
  });

  test('issue repeated five times at once leaves one complete key', async () => {
    const rig = await open();
    await Promise.allSettled([1, 2, 3, 4, 5].map(() => issue(rig)));
    const { secret } = await issue(rig);
    await expectLive(rig, 1);
    expect(await rig.world.opensTheDoor(secret, INSIDE)).toBe(true);
  });

  test('the handle survives storage, and what is secret in it is a Secret', async () => {
    const rig = await open();
    const { ref, secret } = await issue(rig);
    const kept = stored(ref.handle);
    expect(kept.json).not.toContain(secret.reveal());
    const handle = subject.definition.handle.parse(kept.restore());
    await rig.driver.revoke({ ...ref, handle, secret: null }, aCall());
    expect(await rig.world.liveKeys()).toEqual([]);
  });

  test('limits answers for every limit', async () => {
    const { driver } = await open();
    expect(Object.keys(driver.limits)).toEqual(expect.arrayContaining([...ENFORCED]));
    expect(Object.keys(driver.limits).filter((limit) => !ASKABLE.some((known) => known === limit))).toEqual([]);
  });

  test('limits as asked are all there, and windows do not depend on it', async ({ skip }) => {
    const { driver, request } = await open();
    if (!driver.limitsFor) skip();
    for (const per of ['second', 'minute', 'hour', 'day', 'month', 'reservation'] as const) {
      const limits = driver.limitsFor!(request({ quota: { limit: 7, per }, rateLimit: { limit: 7, per } }));
      expect(Object.keys(limits).sort()).toEqual(Object.keys(driver.limits).sort());
      expect(limits).toMatchObject({ notBefore: driver.limits.notBefore, expiry: driver.limits.expiry });
    }
  });
}

function testRevoke(open: () => Promise<Rig>): void {
  test('revoke shuts the door, and doing it again is success', async () => {
    const { rig, ref, secret } = await issue(await open());
    await rig.driver.revoke(ref, aCall());
    expect(await rig.world.opensTheDoor(secret, INSIDE)).toBe(false);
    await rig.driver.revoke(ref, aCall());
    expect(await rig.world.liveKeys()).toEqual([]);
  });

  test('revoke finds the key without a handle', async () => {
    const { rig, ref } = await issue(await open());
    await rig.driver.revoke({ ...ref, handle: null }, aCall());
    expect(await rig.world.liveKeys()).toEqual([]);
  });

  test('revoke of a key that was never made is success and leaves the others alone', async () => {
    const { rig } = await issue(await open());
    await rig.driver.revoke({ name: 'lk-lse-9999-g1', handle: null, secret: newSecret() }, aCall());
    expect(await rig.world.liveKeys()).toHaveLength(1);
  });
}

function testCall(open: () => Promise<Rig>): void {
  test('check of a provider in order is ok', async () => {
    const { driver } = await open();
    expect(await driver.check(aCall())).toMatchObject({ ok: true });
  });

  test('a call whose deadline has passed ends at once', async () => {
    const rig = await open();
    const error = await failureOf(rig, rig.driver.issue(rig.request(), aCall(AbortSignal.abort())));
    expect(error.kind).toBe('transient');
  });
}
