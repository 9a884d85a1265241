import type { Secret } from '../../src/secret/secret.ts';
import type { Driver, Tools } from '../driver.ts';
import { Config } from './config.ts';
import { startFakeService, type FakeOptions, type FakeService, PLACE } from './fake.ts';
import type { FaultKind, FaultPlace } from './fake-faults.ts';
import { openAzure } from './open.ts';
import type { Handle } from './places.ts';

export const TOKEN = 'arm-token-91c4f0';

export interface RigOptions extends Partial<FakeOptions> {
  readonly now: () => Date;
  readonly tools: Tools;
  /** What the configuration says besides. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface FakeRig {
  readonly fake: FakeService;
  readonly driver: Driver<Handle>;
  /** Another node with the same configuration. */
  another(config?: Readonly<Record<string, unknown>>, tools?: Tools): Driver<Handle>;
  readonly world: {
    liveKeys(): Promise<readonly { name: string; policies: readonly string[]; complete: boolean; closesAt: Date }[]>;
    opensTheDoor(secret: Secret, request: { method: string; path: string; ip?: string }): Promise<boolean>;
    failNext(fault: { on: FaultPlace; how: FaultKind }): Promise<void>;
  };
  close(): Promise<void>;
}

/** The driver at a fake service of its own. */
export async function openFakeRig({ tools, config = {}, ...options }: RigOptions): Promise<FakeRig> {
  const fake = await startFakeService({ token: TOKEN, ...options });
  const tier = (options.sku ?? 'Developer').toLowerCase();
  const another: FakeRig['another'] = (more = {}, own = tools) => {
    const parsed = Config.parse({ ...PLACE, tier, apis: ['lab'], endpoint: fake.url, ...config, ...more });
    const tokens = { getToken: async () => ({ token: TOKEN, expiresOnTimestamp: Infinity }) };
    return openAzure(parsed, own, async () => tokens);
  };
  return {
    fake,
    driver: another(),
    another,
    world: {
      liveKeys: async () => fake.subscriptions().flatMap((subscription) => livingIn(subscription, fake)),
      opensTheDoor: async (secret, request) => fake.knock({ key: secret.reveal(), ...request }) === 200,
      failNext: async (fault) => fake.fail(fault),
    },
    close: () => fake.close(),
  };
}

/** The keys that somebody has, by what an operator sees in the portal. */
function livingIn({ state, displayName, scope }: ReturnType<FakeService['subscriptions']>[number], fake: FakeService) {
  const [, lease, first, second, until = ''] = /^(\S+) p=(\S+) s=(\S+) until=(\S+)$/.exec(displayName) ?? [];
  const product = fake.products().find(({ id }) => scope === `/products/${id}`);
  if (state !== 'active') return [];
  return [first, second]
    .filter((generation) => generation && generation !== '-')
    .map((generation) => ({
      name: `${lease}-${generation}`,
      policies: product?.policy ? [product.id] : [],
      complete: Boolean(product?.policy && product.subscriptionRequired && product.apis.size > 0),
      closesAt: new Date(until),
    }));
}
