import type { SubscriptionContract, SubscriptionUpdateParameters } from '@azure/arm-apimanagement';
import type { Call, DriverError } from '../driver.ts';
import type { Client } from './client.ts';
import { type Label, readLabel, type Slot } from './label.ts';

/** A subscription as it is now. */
export interface Place {
  readonly sid: string;
  /** Any change of it makes another one: who writes with an older one is refused. */
  readonly etag: string;
  readonly state: string;
  /** The id of the product it is for; undefined where it is for something else. */
  readonly product: string | undefined;
  /** Undefined where somebody gave it another name. */
  readonly label: Label | undefined;
}

export type Listing = Omit<Place, 'etag'>;

export interface NewSubscription {
  readonly sid: string;
  readonly product: string;
  readonly displayName: string;
  readonly values: Partial<Record<Slot, string>>;
  readonly owner?: string;
}

export interface Change {
  readonly product?: string;
  readonly displayName?: string;
  readonly state?: 'active' | 'suspended';
  readonly values?: Partial<Record<Slot, string>>;
}

/** The requests about subscriptions. Each throws what `Client` throws. */
export type Subscriptions = ReturnType<typeof createSubscriptions>;

export function createSubscriptions(client: Client) {
  return {
    async get(sid: string, call: Call): Promise<Place | undefined> {
      const found = await orGone(
        client.ask(`read subscription ${sid}`, call, ({ arm, at, options }) => arm.subscription.get(...at, sid, options)),
      );
      return found && { ...placeOf(found), etag: found.eTag ?? '*' };
    },

    async *list(prefix: string, call: Call): AsyncIterable<Listing> {
      // Names have no quotes.
      const filter = `startswith(name,'${prefix}')`;
      const found = client.list('list subscriptions', call, ({ arm, at, options }) =>
        arm.subscription.list(...at, { ...options, filter }),
      );
      for await (const subscription of found) yield placeOf(subscription);
    },

    /** Where it is there already, it becomes what is asked, or the service refuses because no etag came along. */
    async create({ sid, product, displayName, values, owner }: NewSubscription, call: Call): Promise<void> {
      const parameters = {
        scope: `/products/${product}`,
        displayName,
        state: 'active',
        allowTracing: false,
        ...keysOf(values),
        ...(owner && { ownerId: `/users/${owner}` }),
      } as const;
      await client.ask(`make subscription ${sid}`, call, ({ arm, at, options }) =>
        arm.subscription.createOrUpdate(...at, sid, parameters, { ...options, notify: false }),
      );
    },

    /** All of it or nothing, and only if nobody changed it meanwhile. Returns the new etag. */
    async change({ sid, etag }: Place, { product, displayName, state, values = {} }: Change, call: Call): Promise<string> {
      const parameters: SubscriptionUpdateParameters = {
        ...(product && { scope: `/products/${product}` }),
        ...(displayName && { displayName }),
        ...(state && { state }),
        ...keysOf(values),
      };
      const changed = await client.ask(`change subscription ${sid}`, call, ({ arm, at, options }) =>
        arm.subscription.update(...at, sid, etag, parameters, options),
      );
      return changed.eTag ?? '*';
    },

    async remove(sid: string, etag: string, call: Call): Promise<void> {
      await client.ask(`delete subscription ${sid}`, call, ({ arm, at, options }) =>
        arm.subscription.delete(...at, sid, etag, options),
      );
    },

    async values(sid: string, call: Call): Promise<Partial<Record<Slot, string>>> {
      const keys = await orGone(
        client.ask(`compare the keys of subscription ${sid}`, call, ({ arm, at, options }) =>
          arm.subscription.listSecrets(...at, sid, options),
        ),
      );
      return { primary: keys?.primaryKey, secondary: keys?.secondaryKey };
    },
  };
}

/** Undefined for what is not there. */
export async function orGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as DriverError).kind === 'gone') return undefined;
    throw error;
  }
}

function keysOf({ primary, secondary }: Partial<Record<Slot, string>>): { primaryKey?: string; secondaryKey?: string } {
  return { ...(primary && { primaryKey: primary }), ...(secondary && { secondaryKey: secondary }) };
}

/** Scopes come back as the whole address of the product. */
function placeOf({ name = '', state, scope, displayName }: SubscriptionContract): Listing {
  return {
    sid: name,
    state: state ?? 'unknown',
    product: /\/products\/([^/]+)$/i.exec(scope ?? '')?.[1],
    label: readLabel(displayName),
  };
}
