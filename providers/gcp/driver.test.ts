import { testDriver } from '../contract.ts';
import { ALL_FAULTS, NOW, type Rig, sampleRequest, toolsFor } from '../contract-world.ts';
import { gcp } from './driver.ts';
import type { FakeGoogleOptions } from './fake.ts';
import { driverAt, livingAt, startFake, UNSPEAKABLE } from './fake-rig.ts';

async function openRig(options: Partial<FakeGoogleOptions>) {
  const fake = await startFake({ now: () => NOW, ...options });
  return {
    driver: driverAt(fake, toolsFor('cloud')),
    request: sampleRequest,
    unspeakable: UNSPEAKABLE,
    world: {
      liveKeys: async () => livingAt(fake),
      opensTheDoor: async (secret) => fake.opensTheDoor({ apiKey: secret.reveal() }),
      failNext: async ({ on, how }) => {
        if (on === 'retime' || on === 'usage') throw new Error(`Google has no ${on}`);
        // A call that hangs is given up after 250 ms; on a busy machine that may be before it comes to where it should hang.
        fake.fail({ on, how, ...(how === 'hang' && { until: performance.now() + 240 }) });
      },
    },
    close: () => fake.close(),
  } satisfies Rig;
}

testDriver({
  name: 'gcp, where a key takes a while and a deleted one is shown',
  definition: gcp,
  faults: { issue: ALL_FAULTS, policy: ALL_FAULTS, revoke: ALL_FAULTS, list: ALL_FAULTS, check: ALL_FAULTS },
  open: () => openRig({ polls: 1, deleted: 'shown' }),
});

testDriver({
  name: 'gcp, where a key is there at once and a deleted one is not shown',
  definition: gcp,
  faults: { issue: ['lost-answer', 'refuse', '500'], revoke: ['lost-answer', 'refuse', '500'] },
  open: () => openRig({ polls: 0, deleted: 'hidden' }),
});
