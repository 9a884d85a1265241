import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Answer, INVALID, matchFailure, NOT_FOUND, type Store, refusal, type Subscription } from './fake-store.ts';

/* Subscriptions as the service keeps them: keys come back from `listSecrets` only, and nothing that is there changes without its etag. */

const State = z.enum(['suspended', 'active', 'expired', 'submitted', 'rejected', 'cancelled']);
const Key = z.string().min(1).max(256);
const Properties = z.strictObject({
  ownerId: z.string().optional(),
  scope: z.string().optional(),
  displayName: z.string().min(1).max(100).optional(),
  primaryKey: Key.optional(),
  secondaryKey: Key.optional(),
  state: State.optional(),
  allowTracing: z.boolean().optional(),
});
const Body = z.strictObject({ properties: Properties });

const newKey = () => randomBytes(16).toString('hex');

export interface SubscriptionRequest {
  readonly sid: string;
  readonly body: unknown;
  readonly ifMatch: string | undefined;
}

export function createSubscriptions(store: Store) {
  const { subscriptions, options } = store;

  const scopeFailure = (scope: string | undefined, ownerId?: string): Answer | undefined => {
    const product = /^\/products\/([^/]+)$/.exec(scope ?? '')?.[1];
    if (!product || !store.products.has(product)) return INVALID('Subscription scope should be one of /products/{productId}.');
    const user = /^\/users\/([^/]+)$/.exec(ownerId ?? '')?.[1];
    return ownerId !== undefined && !options.users.includes(user ?? '') ? INVALID('User not found.') : undefined;
  };
  const duplicate = ({ primaryKey, secondaryKey }: z.infer<typeof Properties>, own: string) =>
    [...subscriptions.values()].some(
      (other) =>
        other.sid !== own &&
        [primaryKey, secondaryKey].some((key) => key && [other.primaryKey, other.secondaryKey].includes(key)),
    );
  const save = (subscription: Subscription, properties: object, status: number): Answer => {
    Object.assign(subscription, properties, { etag: store.nextEtag() });
    subscriptions.set(subscription.sid, subscription);
    return { status, body: shown(subscription), etag: subscription.etag };
  };

  return {
    put({ sid, body, ifMatch }: SubscriptionRequest): Answer {
      const properties = Body.safeParse(body).data?.properties;
      if (!properties?.displayName || !properties.scope || !/^[^*#&+:<>?]{1,256}$/.test(sid)) return INVALID('Required fields.');
      const failure = scopeFailure(properties.scope, properties.ownerId);
      if (failure) return failure;
      if (duplicate(properties, sid)) return INVALID('Subscription key already exists.');
      const known = subscriptions.get(sid);
      if (known && !ifMatch && options.put === 'strict') return refusal(412, 'PreconditionFailed', 'If-Match is required.');
      if (known) return (ifMatch && matchFailure(known, ifMatch)) || save(known, properties, 200);
      if (subscriptions.size >= options.maxSubscriptions) return INVALID('Subscriptions limit reached for same user');
      const fresh = { sid, createdAt: options.now(), state: 'submitted', primaryKey: newKey(), secondaryKey: newKey() };
      return save(fresh as Subscription, properties, 201);
    },

    patch({ sid, body, ifMatch }: SubscriptionRequest): Answer {
      const known = subscriptions.get(sid);
      const properties = Body.safeParse(body).data?.properties;
      if (!properties) return INVALID('Unknown fields.');
      const failure = known ? matchFailure(known, ifMatch) : NOT_FOUND('Subscription');
      if (failure) return failure;
      if (properties.scope && scopeFailure(properties.scope)) return INVALID('Subscription scope.');
      if (duplicate(properties, sid)) return INVALID('Subscription key already exists.');
      return save(known!, properties, 200);
    },

    remove({ sid, ifMatch }: SubscriptionRequest): Answer {
      const known = subscriptions.get(sid);
      const failure = matchFailure(known, ifMatch);
      if (failure) return failure;
      return { status: subscriptions.delete(sid) ? 200 : 204 };
    },

    get(sid: string): Answer {
      const known = subscriptions.get(sid);
      return known ? { status: 200, body: shown(known), etag: known.etag } : NOT_FOUND('Subscription');
    },

    secrets(sid: string): Answer {
      const known = subscriptions.get(sid);
      if (!known) return NOT_FOUND('Subscription');
      const { primaryKey, secondaryKey } = known;
      return { status: 200, body: { primaryKey, secondaryKey }, etag: known.etag };
    },

    shown: (): Shown[] => [...subscriptions.values()].map(shown),
  };
}

export type Shown = ReturnType<typeof shown>;

const ADDRESS =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg1/providers/Microsoft.ApiManagement/service/apimService1';

/** Without its keys, and with whole addresses. */
function shown({ sid, scope, displayName, state, ownerId, createdAt }: Subscription) {
  return {
    id: `${ADDRESS}/subscriptions/${sid}`,
    type: 'Microsoft.ApiManagement/service/subscriptions',
    name: sid,
    properties: {
      ...(ownerId && { ownerId: ADDRESS + ownerId }),
      scope: ADDRESS + scope,
      displayName,
      state,
      createdDate: createdAt.toISOString(),
    },
  };
}
