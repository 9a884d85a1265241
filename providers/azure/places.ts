import { hash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Call, DriverError, type KeyRef } from '../driver.ts';
import { type KeyName, parseName, readName, type Slot, SLOTS, slotOf, writeLabel } from './label.ts';
import { isAlone } from './placement.ts';
import { orGone, type Place, type Subscriptions } from './subscriptions.ts';

/** Where a key is: the subscription, which may be named after an earlier generation, and enough of a hash to know its value by. */
export const Handle = z.object({ sid: z.string(), fingerprint: z.string().optional() });
export type Handle = z.output<typeof Handle>;

export function fingerprintOf(value: string): string {
  return hash('sha256', value).slice(0, 16);
}

/** A key in its place. */
export interface Found {
  readonly place: Place;
  readonly slot: Slot;
}

export type Places = ReturnType<typeof createPlaces>;

export function createPlaces(subscriptions: Subscriptions, provider: string) {
  /** Every subscription of the key's lease. The first key of a lease can only be in the one of its own name. */
  const ofLease = async (name: KeyName, call: Call, hint?: string): Promise<Place[]> => {
    const sids = new Set(hint ? [hint] : []);
    if (name.first) sids.add(name.text);
    else
      for await (const { sid } of subscriptions.list(`${name.base}-`, call))
        if (parseName(sid)?.base === name.base) sids.add(sid);
    const places = await Promise.all([...sids].map((sid) => subscriptions.get(sid, call)));
    return places.filter((place) => place !== undefined);
  };

  /** By the value, where it is known at all. What a display name says may be changed by anybody; a value may not. */
  const slotByValue = async (place: Place, { handle, secret }: KeyRef<Handle>, call: Call): Promise<Slot | undefined> => {
    const fingerprint = secret ? fingerprintOf(secret.reveal()) : handle?.fingerprint;
    if (!fingerprint) return undefined;
    const values = await subscriptions.values(place.sid, call);
    return SLOTS.find((slot) => fingerprintOf(values[slot] ?? '') === fingerprint);
  };

  return {
    ofLease,

    /** Where the key is by name or by value. Throws `refused` where it may be in a place of which neither tells. */
    async everywhere(key: KeyRef<Handle>, call: Call): Promise<Found[]> {
      const name = readName(key.name, provider);
      const places = await ofLease(name, call, key.handle?.sid);
      const found: Found[] = [];
      for (const place of places) {
        const slot = slotOf(place.label, name.generation) ?? (await slotByValue(place, key, call));
        if (slot) found.push({ place, slot });
      }
      const isKnown = found.length > 0 || key.secret || key.handle?.fingerprint;
      const unclear = isKnown ? undefined : places.find(({ label }) => !label);
      if (unclear) throw renamed(unclear, provider);
      return found;
    },

    /** The value opens nothing afterwards. A subscription without another key of the lease goes as a whole. */
    async takeOut({ place, slot }: Found, call: Call): Promise<void> {
      if (place.label && isAlone(place, slot)) {
        await orGone(removeWhole(place, call));
        return;
      }
      const label = place.label && { ...place.label, [slot]: undefined };
      const displayName = label && writeLabel(label, provider);
      // Nobody is told this value, and nobody keeps it.
      const values = { [slot]: randomBytes(32).toString('hex') };
      await orGone(subscriptions.change(place, { displayName, values }, call));
    },
  };

  /** Held back first: the second request may be lost, or forbidden by a lock. */
  async function removeWhole(place: Place, call: Call): Promise<void> {
    const etag = place.state === 'suspended' ? place.etag : await subscriptions.change(place, { state: 'suspended' }, call);
    await subscriptions.remove(place.sid, etag, call);
  }
}

function renamed({ sid }: Place, provider: string): DriverError {
  return new DriverError(
    'refused',
    `${provider}: somebody changed the display name of subscription ${sid}, and it does not tell any more which keys are in it`,
  );
}
