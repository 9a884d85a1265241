import { type Call, DriverError, type Tools } from '../driver.ts';
import type { Client } from './client.ts';
import { orGone } from './subscriptions.ts';
import { PRODUCT_ID, type TierProduct } from './tier-product.ts';

export interface TiersOptions {
  readonly client: Client;
  readonly provider: string;
  readonly lock: Tools['lock'];
}

/** How many products one look takes: the reads go off the budget of the others. */
const LOOKED_AT_ONCE = 20;

export type Tiers = ReturnType<typeof createTiers>;

/** The products that keys of the same limits share: a service has room for 100 to 2,000. */
export function createTiers({ client, provider, lock }: TiersOptions) {
  /** Known to be complete; may be lost. */
  const ready = new Set<string>();
  /** Without a subscription when they were last looked at. */
  const idle = new Set<string>();
  let lookedAt = '';

  const locked = async <T>(call: Call, work: () => Promise<T>): Promise<T> => {
    try {
      return await lock('products', call.signal, work);
    } catch (error) {
      if (!call.signal.aborted || error !== call.signal.reason) throw error;
      throw new DriverError('transient', `${provider}: no time left after waiting for another change of the products`);
    }
  };

  /** Written again also where it is there: it may be half of what a crash left, or have been edited. */
  const write = async ({ id, policy, apis }: TierProduct, call: Call): Promise<void> => {
    await writeProduct(client, id, call);
    await client.ask(`set the policy of product ${id}`, call, ({ arm, at, options }) =>
      arm.productPolicy.createOrUpdate(...at, id, 'policy', { format: 'xml', value: policy }, { ...options, ifMatch: '*' }),
    );
    for (const api of apis) {
      const added = await orGone(
        client.ask(`add API ${api} to product ${id}`, call, async ({ arm, at, options }) => {
          await arm.productApi.createOrUpdate(...at, id, api, options);
          return true;
        }),
      );
      if (!added) throw new DriverError('denied', `${provider}: the service has no API "${api}", which the configuration names`);
    }
  };

  const isUnused = async (id: string, call: Call): Promise<boolean> => {
    const subscriptions = client.list(`look for subscriptions of product ${id}`, call, ({ arm, at, options }) =>
      arm.productSubscriptions.list(...at, id, { ...options, top: 1 }),
    );
    for await (const _ of subscriptions) return false;
    return true;
  };

  const collect = async (id: string, call: Call): Promise<boolean> => {
    const idleBefore = idle.delete(id);
    if (!(await isUnused(id, call))) return false;
    if (!idleBefore) {
      idle.add(id);
      return false;
    }
    return await locked(call, async () => {
      if (!(await isUnused(id, call))) return false;
      ready.delete(id);
      await client.ask(`delete product ${id}`, call, ({ arm, at, options }) => arm.product.delete(...at, id, '*', options));
      return true;
    });
  };

  const ensure = async (product: TierProduct, call: Call): Promise<void> => {
    if (ready.has(product.id)) return;
    await locked(call, async () => {
      if (ready.has(product.id)) return;
      await write(product, call);
      ready.add(product.id);
    });
  };

  return {
    /** Does the work with the product there, its policy and its APIs too. `transient` where it was deleted since it was known to be there. */
    async using<T>(product: TierProduct, call: Call, work: () => Promise<T>): Promise<T> {
      try {
        await ensure(product, call);
        return await work();
      } catch (error) {
        if (!(error instanceof DriverError) || !['rejected', 'gone'].includes(error.kind)) throw error;
        if (await orGone(readProduct(client, product.id, call))) throw error;
        ready.delete(product.id);
        throw new DriverError('transient', `${provider}: product ${product.id} was deleted meanwhile, and will be made again`);
      }
    },

    /** Deletes a few that had no subscription at two looks. Answers how many. */
    async collectUnused(call: Call): Promise<number> {
      const ids: string[] = [];
      const products = client.list('list products', call, ({ arm, at, options }) =>
        arm.product.listByService(...at, { ...options, filter: "startswith(name,'lk-')" }),
      );
      for await (const { name = '' } of products) if (PRODUCT_ID.test(name)) ids.push(name);
      ids.sort();
      const next = [...ids.filter((id) => id > lookedAt), ...ids.filter((id) => id <= lookedAt)].slice(0, LOOKED_AT_ONCE);
      lookedAt = next.at(-1) ?? '';
      let collected = 0;
      for (const id of next) if (await orGone(collect(id, call))) collected += 1;
      return collected;
    },
  };
}

const readProduct = (client: Client, id: string, call: Call) =>
  client.ask(`read product ${id}`, call, ({ arm, at, options }) => arm.product.get(...at, id, options));

async function writeProduct(client: Client, id: string, call: Call): Promise<void> {
  const properties = {
    displayName: `Latchkey ${id}`,
    description: 'Made by Latchkey for keys with the same limits. Its policy is written anew now and then: do not edit it.',
    // Without it everybody could use its APIs. It is in no group, so the developer portal shows it to administrators only.
    subscriptionRequired: true,
    approvalRequired: false,
    state: 'published',
  } as const;
  const there = await orGone(readProduct(client, id, call));
  await client.ask(`make product ${id}`, call, ({ arm, at, options }) =>
    there
      ? arm.product.update(...at, id, there.eTag ?? '*', properties, options)
      : arm.product.createOrUpdate(...at, id, properties, options),
  );
}
