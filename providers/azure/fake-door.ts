import type { Store } from './fake-store.ts';

/** A request at the gateway. */
export interface Knock {
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly ip?: string;
}

/**
 * The fake gateway: who has one of the two keys of an active subscription gets to the APIs of its product, as far as the product's policy lets
 * them. A product without a policy restricts nothing.
 */
export function createDoor(store: Store): (knock: Knock) => number {
  const passed = new Map<string, number[]>();
  return ({ key, method, path, ip = '203.0.113.7' }) => {
    const subscription = [...store.subscriptions.values()].find(
      ({ primaryKey, secondaryKey }) => key !== '' && [primaryKey, secondaryKey].includes(key),
    );
    if (!subscription || subscription.state !== 'active') return 401;
    const { sid, scope, displayName, createdAt } = subscription;
    const product = store.products.get(scope.replace('/products/', ''));
    const api = [...(product?.apis ?? [])].find((id) => path.startsWith(store.options.apis[id]!.path));
    if (!product || !api) return 401;
    const at = store.options.now();
    const visit = { method, path, ip, sid, name: displayName, at, createdAt };
    const status =
      product.policy?.run(visit, (counter, { calls, from }) => {
        const times = (passed.get(counter) ?? []).filter((time) => time >= from);
        if (times.length >= calls) return false;
        passed.set(counter, [...times, at.getTime()]);
        return true;
      }) ?? 200;
    store.calls.push({ sid, at, status });
    return status;
  };
}
