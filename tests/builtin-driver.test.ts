import { builtin } from '../providers/builtin/driver.ts';
import { testDriver } from '../providers/contract.ts';
import { NOW, type Rig, sampleRequest, toolsFor } from '../providers/contract-world.ts';
import { mintKey } from '../src/keys/key.ts';
import { openKeys } from '../src/keys/open.ts';
import { describeEngines, type TestEngine } from './engines.ts';

/* The built-in driver in front of the real key manager, with the real verify as its door. Faults are its fake's business. */

describeEngines('the built-in driver on the real key manager', (engine) => {
  testDriver({ name: 'builtin', definition: builtin, faults: {}, open: () => openRig(engine) });
});

async function openRig(engine: TestEngine): Promise<Rig> {
  const now = () => NOW;
  const store = await engine.open({ now });
  const keys = await openKeys({ ledger: store.ledger, now, log: () => {} });
  const secret = mintKey('temp');
  return {
    driver: builtin.open({}, toolsFor('local', keys.manager)),
    request: (overrides) => sampleRequest({ secret, ...overrides }),
    unspeakable: [],
    world: {
      async liveKeys() {
        const rows = await store.ledger.db.selectFrom('localKey').selectAll().where('revokedAt', 'is', null).execute();
        return rows.map(({ name, rights, closesAt }) => ({
          name,
          policies: [],
          complete: Boolean(rights.quota && rights.rateLimit && rights.methods.length && rights.endpoints.length),
          closesAt,
        }));
      },
      opensTheDoor: async (secret, request) => (await keys.verify({ key: secret.reveal(), ...request })).valid,
      failNext: async () => {},
    },
    async close() {
      await keys.close();
      await store.close();
    },
  };
}
