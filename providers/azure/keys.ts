import { type Call, DriverError, type IssueRequest, type KeyRef, type KeyWindow, type Standing } from '../driver.ts';
import type { Config } from './config.ts';
import { type KeyName, readName, slotOf, writeLabel } from './label.ts';
import { placementFor } from './placement.ts';
import { createPlaces, fingerprintOf, type Found, type Handle } from './places.ts';
import { type Change, orGone, type Subscriptions } from './subscriptions.ts';

export interface KeysOptions {
  readonly subscriptions: Subscriptions;
  readonly owner: Config['owner'];
  readonly provider: string;
}

export interface Wish {
  readonly request: IssueRequest;
  /** The product of its limits, which is there. */
  readonly product: string;
  /** A subscription where the key may be, whatever the list says. */
  readonly hint?: string;
}

export type Keys = ReturnType<typeof createKeys>;

/** What happens to one key in its subscription. Each throws what `Client` throws, and `gone` where there is no such key. */
export function createKeys({ subscriptions, owner, provider }: KeysOptions) {
  const places = createPlaces(subscriptions, provider);

  const create = async (name: KeyName, { request, product }: Wish, call: Call): Promise<void> => {
    const displayName = writeLabel({ base: name.base, primary: name.generation, until: request.window.closesAt }, provider);
    const values = { primary: request.secret.reveal() };
    const holder = typeof owner === 'string' ? owner : owner?.[request.holder.id];
    await subscriptions.create({ sid: name.text, product, displayName, values, owner: holder }, call);
  };

  const relabel = ({ place, slot }: Found, name: string, { closesAt: until }: KeyWindow): string => {
    const { base, generation } = readName(name, provider);
    return writeLabel({ base, ...place.label, [slot]: generation, until }, provider);
  };

  /** What makes the place that of this key, without its value. */
  const changeFor = (found: Found, { request, product }: Wish): Change => ({
    displayName: relabel(found, request.name, request.window),
    ...(found.place.product !== product && { product }),
    ...(found.place.state !== 'active' && { state: 'active' }),
  });

  const write = async (at: Found, wish: Wish, call: Call): Promise<void> => {
    const change = { ...changeFor(at, wish), values: { [at.slot]: wish.request.secret.reveal() } };
    if (await orGone(subscriptions.change(at.place, change, call))) return;
    throw new DriverError('transient', `${provider}: subscription ${at.place.sid} was deleted while a key was put into it`);
  };

  const change = async (key: KeyRef<Handle>, changeOf: (found: Found) => Change, call: Call): Promise<void> => {
    const found = await places.everywhere(key, call);
    if (found.length === 0) throw gone(provider);
    for (const one of found) await subscriptions.change(one.place, changeOf(one), call);
  };

  return {
    /** However often, and whatever an earlier call left: afterwards the key is in one place, with this value. */
    async put(wish: Wish, call: Call): Promise<Handle> {
      const { request, product, hint } = wish;
      const name = readName(request.name, provider);
      const there = await places.ofLease(name, call, hint);
      const placement = placementFor(there, name, product);
      if (placement === 'taken')
        throw new DriverError('rejected', `${provider}: subscription ${name.text} is there and holds other keys`);
      const at = placement === 'new' ? undefined : placement;
      const handle = { sid: at?.place.sid ?? name.text, fingerprint: fingerprintOf(request.secret.reveal()) };
      for (const place of there) {
        const slot = slotOf(place.label, name.generation);
        if (slot && place.sid !== handle.sid) await places.takeOut({ place, slot }, call);
      }
      // The next call finds it by this, also where the lists of the service come late.
      if (!name.first) await call.keep(handle);
      await (at ? write(at, wish, call) : create(name, wish, call));
      return handle;
    },

    async takeAway(key: KeyRef<Handle>, call: Call): Promise<void> {
      for (const found of await places.everywhere(key, call)) await places.takeOut(found, call);
    },

    /** Both keys of a lease: they are one subscription. */
    async hold(key: KeyRef<Handle>, state: 'active' | 'suspended', call: Call): Promise<void> {
      await change(key, () => ({ state }), call);
    },

    /** Tells the gateway another end. */
    async move(key: KeyRef<Handle>, window: KeyWindow, call: Call): Promise<void> {
      await change(key, (found) => ({ displayName: relabel(found, key.name, window) }), call);
    },

    /** As the wish says, with the value that it has. */
    async amend(key: KeyRef<Handle>, wish: Wish, call: Call): Promise<void> {
      await change(key, (found) => changeFor(found, wish), call);
    },

    async standing(key: KeyRef<Handle>, call: Call): Promise<Standing> {
      const found = await places.everywhere(key, call);
      if (found.length === 0) return 'gone';
      return found.some(({ place }) => place.state === 'active') ? 'works' : 'held';
    },

    async sidOf(key: KeyRef<Handle>, call: Call): Promise<string> {
      const sid = key.handle?.sid ?? (await places.everywhere(key, call))[0]?.place.sid;
      if (!sid) throw gone(provider);
      return sid;
    },
  };
}

function gone(provider: string): DriverError {
  return new DriverError('gone', `${provider}: there is no such key`);
}
