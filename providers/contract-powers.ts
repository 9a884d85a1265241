import { expect, test } from 'vitest';
import { expectLive, failureOf, INSIDE, issue } from './contract-acts.ts';
import { aCall, hoursFromNow, newSecret, type Rig, type Subject } from './contract-world.ts';
import type { KeyRef } from './driver.ts';

const LATER = { opensAt: hoursFromNow(-1), closesAt: hoursFromNow(5) };

/** What a driver may have or not: each is asked only where it is there. */
export function testPowers(open: () => Promise<Rig>, { turnsDown = [] }: Subject): void {
  test.runIf(!turnsDown.includes('retime'))('retime moves the window and keeps the value', async ({ skip }) => {
    const { rig, ref, secret } = await issue(await open());
    if (!rig.driver.retime) skip();
    await rig.driver.retime?.(ref, rig.request({ window: LATER }), aCall());
    await expectLive(rig, 1);
    expect(await rig.world.liveKeys()).toMatchObject([{ closesAt: LATER.closesAt }]);
    expect(await rig.world.opensTheDoor(secret, INSIDE)).toBe(true);
  });

  test.runIf(turnsDown.includes('retime'))('retime is turned down, and nothing has changed', async () => {
    const { rig, ref, secret } = await issue(await open());
    const before = await rig.world.liveKeys();
    const error = await failureOf(rig, rig.driver.retime?.(ref, rig.request({ window: LATER }), aCall()));
    expect(error.kind).toBe('rejected');
    expect(await rig.world.liveKeys()).toEqual(before);
    expect(await rig.world.opensTheDoor(secret, INSIDE)).toBe(true);
  });

  test('retime of a key that is gone makes none', async ({ skip }) => {
    const { rig, ref } = await issue(await open());
    if (!rig.driver.retime) skip();
    await rig.driver.revoke(ref, aCall());
    const error = await failureOf(rig, rig.driver.retime?.(ref, rig.request(), aCall()));
    expect(error.kind).toBe('gone');
    expect(await rig.world.liveKeys()).toEqual([]);
  });

  test('a suspended key opens nothing until it is resumed, and stays the same', async ({ skip }) => {
    const { rig, ref, secret } = await issue(await open());
    if (!rig.driver.suspend) skip();
    await rig.driver.suspend?.(ref, aCall());
    await rig.driver.suspend?.(ref, aCall());
    expect(await rig.world.opensTheDoor(secret, INSIDE)).toBe(false);
    await rig.driver.resume?.(ref, aCall());
    expect(await rig.world.opensTheDoor(secret, INSIDE)).toBe(true);
    await expectLive(rig, 1);
  });

  test('probe tells a key that works from one that is gone, and of a key that was never made that it is gone', async ({
    skip,
  }) => {
    const { rig, ref } = await issue(await open());
    const { driver } = rig;
    if (!driver.probe) skip();
    expect(await driver.probe!(ref, aCall())).toBe('works');
    const never = { name: 'lk-lse-9999-g1', handle: null, secret: newSecret() };
    expect(await driver.probe!(never, aCall())).toBe('gone');
    await driver.revoke(ref, aCall());
    expect(await driver.probe!(ref, aCall())).toBe('gone');
    expect(await driver.probe!({ ...ref, handle: null }, aCall())).toBe('gone');
  });

  test('probe sees a suspended key as held, and as working when it is resumed', async ({ skip }) => {
    const { rig, ref } = await issue(await open());
    const { driver } = rig;
    if (!driver.probe || !driver.suspend) skip();
    await driver.suspend!(ref, aCall());
    expect(await driver.probe!(ref, aCall())).toBe('held');
    await driver.resume!(ref, aCall());
    expect(await driver.probe!(ref, aCall())).toBe('works');
  });

  test('usage counts the requests that went through', async ({ skip }) => {
    const { rig, ref, secret } = await issue(await open());
    if (!rig.driver.usage) skip();
    for (let times = 0; times < 3; times += 1) await rig.world.opensTheDoor(secret, INSIDE);
    const range = { from: hoursFromNow(-1), to: hoursFromNow(1) };
    expect(await rig.driver.usage?.(ref, range, aCall())).toMatchObject({ used: 3 });
  });

  test('list goes through all pages', async ({ skip }) => {
    const rig = await open();
    if (!rig.driver.list) skip();
    const names = Array.from({ length: 7 }, (_, number) => `lk-lse-00${number}-g1`);
    for (const name of names) await issue(rig, { name, secret: newSecret() });
    const seen: KeyRef<unknown>[] = [];
    for await (const key of rig.driver.list?.(aCall()) ?? []) seen.push(key);
    expect(seen.map((key) => key.name).sort()).toEqual(names);
    for (const key of seen) await rig.driver.revoke(key, aCall());
    expect(await rig.world.liveKeys()).toEqual([]);
  });
}
