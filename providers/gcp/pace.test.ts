import { expect, onTestFinished, test } from 'vitest';
import { aCall, sampleRequest, toolsFor } from '../contract-world.ts';
import { driverAt, livingAt, startFake } from './fake-rig.ts';

/* Google's budget for a project, on a clock that only the turns move: 240 reads and 120 writes in any minute. */

const DOCUMENTED = { reads: 240, writes: 120 };
const KEYS = 60;

/** The core's pacing in small: each operation has its next free moment, and waiting for it lets the time pass. */
function paced(perSecond: Readonly<Record<string, number>>, speed: number) {
  let at = 0;
  const free: Record<string, number> = {};
  const turns: Record<string, number> = {};
  return {
    now: () => new Date(at),
    turns,
    async turn(operation: string): Promise<void> {
      const gap = 1000 / perSecond[operation]! / speed;
      at = Math.max(at, free[operation] ?? 0);
      free[operation] = at + gap;
      turns[operation] = (turns[operation] ?? 0) + 1;
    },
  };
}

async function lives(speed: number) {
  const { pace } = driverAt({ url: 'http://127.0.0.1:1' }, toolsFor('cloud'));
  const clock = paced(pace.operations!, speed);
  const fake = await startFake({ now: clock.now, perMinute: DOCUMENTED, polls: 2 });
  onTestFinished(() => fake.close());
  const driver = driverAt(fake, toolsFor('cloud'));
  const call = { ...aCall(), turn: clock.turn };
  const live = async (number: number) => {
    const request = sampleRequest({ name: `lk-lse-${number}-g1` });
    const { handle } = await driver.issue(request, call);
    const ref = { name: request.name, handle, secret: null };
    await driver.reveal!(ref, call);
    await driver.revoke(ref, call);
  };
  return { fake, clock, live };
}

test('whole lives of keys at the declared pace are never too many for Google, and every request has its turn', async () => {
  const { fake, clock, live } = await lives(1);
  for (let number = 0; number < KEYS; number += 1) await live(number);
  expect(fake.tooMany).toEqual([]);
  expect(livingAt(fake)).toEqual([]);
  expect(clock.turns).toEqual({
    writes: fake.requests.filter(({ method }) => method !== 'GET').length,
    reads: fake.requests.filter(({ method }) => method === 'GET').length,
  });
  // Two writes and five reads for a key, at two and four a second.
  expect(clock.now().getTime()).toBeLessThan(KEYS * 1000 * 1.4);
});

test('the same lives at more than twice the pace are too many, so the fake does count', async () => {
  const { fake, live } = await lives(2.5);
  const failures: unknown[] = [];
  for (let number = 0; number < KEYS; number += 1) await live(number).catch((error: unknown) => failures.push(error));
  expect(fake.tooMany.length).toBeGreaterThan(0);
  expect(failures).toContainEqual(expect.objectContaining({ kind: 'rate-limited' }));
});
