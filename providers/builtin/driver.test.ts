import { testDriver } from '../contract.ts';
import { NOW, type Rig, sampleRequest, toolsFor } from '../contract-world.ts';
import { builtin } from './driver.ts';
import { createFakeKeys, type FaultKind, type FaultPlace, LEDGER_TEXT } from './fake.ts';

const FAULTS: readonly FaultKind[] = ['lost-answer', 'refuse', 'hang'];

testDriver({
  name: 'builtin',
  definition: builtin,
  faults: { issue: [...FAULTS, '400'], revoke: FAULTS, retime: FAULTS, usage: FAULTS, list: FAULTS, check: FAULTS },
  open: async (): Promise<Rig> => {
    const fake = createFakeKeys({ now: () => NOW });
    return {
      driver: builtin.open({}, toolsFor('local', fake.keys)),
      request: sampleRequest,
      unspeakable: [LEDGER_TEXT],
      world: {
        liveKeys: async () =>
          fake.live().map((key) => ({
            name: key.name,
            policies: [],
            complete: Boolean(key.quota && key.rateLimit && key.methods.length && key.endpoints.length),
            closesAt: key.window.closesAt,
          })),
        opensTheDoor: async (secret, request) => fake.opensTheDoor({ apiKey: secret.reveal(), ...request }),
        failNext: async ({ on, how }) =>
          fake.failNext({ on: (on === 'check' ? 'usage' : on) as FaultPlace, how: how as FaultKind }),
      },
      close: async () => {},
    };
  },
});
