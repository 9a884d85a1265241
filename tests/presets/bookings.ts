import { canonical } from '../../src/reservation/canonical.ts';
import { closedBy, emptyReservation, fold, holdersOf } from '../../src/reservation/fold.ts';
import type { Reservation } from '../../src/reservation/reservation.ts';
import type { MappedItem, Source } from '../../src/reservation/source.ts';
import { LATER, readAs } from './payloads.ts';

/** What a system's messages add up to, recorded as intake does: an observation that was seen before is none. */
export type Told = Readonly<Record<string, Reservation>>;

/** A message that is posted below the source's own address says where under this. */
export const PATH = Symbol('path');

/** Each message arrives a minute after the one before. */
export function tell(source: Source, messages: readonly (object & { readonly [PATH]?: string })[]): Told {
  const seen = new Set<string>();
  const told: Record<string, Reservation> = {};
  messages.forEach((message, minute) => {
    const now = new Date(LATER.getTime() + minute * 60_000);
    for (const item of readAs(source, { body: message, path: message[PATH], now }).arrival().items) {
      if (seen.has(item.dedupe) || item.outcome !== 'accepted') continue;
      seen.add(item.dedupe);
      const id = item.event.reservationId;
      told[id] = fold(told[id] ?? emptyReservation(source.name, id), item.event);
    }
  });
  return told;
}

/** A booking as a person sees it. Undefined where nobody heard of it. */
export function seen(told: Told, id: string) {
  const booking = told[id];
  return (
    booking && {
      over: closedBy(booking) ?? false,
      from: booking.startsAt?.value.toISOString(),
      to: booking.endsAt?.value.toISOString(),
      holders: holdersOf(booking).map((holder) => holder.id),
    }
  );
}

/** The bookings that are not over. */
export const openOf = (told: Told): string[] =>
  Object.keys(told)
    .filter((id) => !closedBy(told[id]!))
    .sort();

/** Told in one form, whatever the order in which it was heard. */
export const inOneForm = (told: Told): string => canonical(told);

export function ordersOf<T>(things: readonly T[]): readonly (readonly T[])[] {
  if (things.length < 2) return [things];
  return things.flatMap((first, index) => ordersOf(things.filter((_, other) => other !== index)).map((rest) => [first, ...rest]));
}

export const dedupesOf = (items: readonly MappedItem[]): string[] => items.map(({ dedupe }) => dedupe);
