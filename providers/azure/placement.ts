import { type KeyName, otherSlot, type Slot, SLOTS, slotOf } from './label.ts';
import type { Place } from './subscriptions.ts';

/** Where a key's value belongs: in one of the two places of a subscription that is there, or in a new one. */
export type Placement = { readonly place: Place; readonly slot: Slot } | 'new' | 'taken';

/**
 * Decides by what the subscriptions of the lease say. One that names the key already is from a call whose answer was lost. Else the key joins a
 * living one of the same product that has a place free, so that limits and usage go on; a subscription of other limits is another one.
 */
export function placementFor(places: readonly Place[], name: KeyName, product: string): Placement {
  for (const place of places) {
    const slot = slotOf(place.label, name.generation);
    if (slot && (place.product === product || isAlone(place, slot))) return { place, slot };
  }
  // Somebody changed its display name after this key made it.
  const renamed = places.find((place) => place.sid === name.text && !place.label);
  if (renamed) return { place: renamed, slot: 'primary' };
  for (const place of places) {
    const slot = freeSlot(place);
    if (slot && place.state === 'active' && place.product === product) return { place, slot };
  }
  return places.some((place) => place.sid === name.text) ? 'taken' : 'new';
}

/** No other key of the lease is in it. */
export function isAlone({ label }: Place, slot: Slot): boolean {
  return label?.[otherSlot(slot)] === undefined;
}

/** Of a subscription that holds a key of the lease; one without is on its way out. */
function freeSlot({ label }: Place): Slot | undefined {
  const free = label && SLOTS.filter((slot) => label[slot] === undefined);
  return free?.length === 1 ? free[0] : undefined;
}
