import type { Event, EventType } from '../../src/reservation/event.ts';

/** What should be, kept apart from the code under test: the booking system's own record, and what an operator did. */

export const HOLDERS = ['ann', 'bob'] as const;
export type HolderId = (typeof HOLDERS)[number];
/** Nothing, less than the plan grants, or more than it does. */
export type Asks = 'nothing' | 'less' | 'more';

const HOUR_MS = 3_600_000;
/** As in fixtures/plan.ts. */
const LONGEST_MS = 8 * HOUR_MS;

export interface Booking {
  readonly id: string;
  startsAt: number;
  endsAt: number;
  holders: readonly HolderId[];
  asks: Asks;
  /** Everything told so far, to be told again. */
  readonly told: Event[];
  /** Whose name was ever told: each has a lease. */
  readonly leased: Set<HolderId>;
  /** An event with the whole record was told. */
  known: boolean;
  cancelled: boolean;
  endedIn: number | undefined;
  /** The end that was told last, and the one that was when the booking ended. */
  toldEnd: number | undefined;
  endBefore: number | undefined;
  /** The last created or updated that was told. */
  revised: { readonly version: number; readonly endsAt: number } | undefined;
}

export interface Model {
  readonly bookings: readonly Booking[];
  /** `booking/holder` of leases that an operator revoked, or holds back. */
  readonly revoked: Set<string>;
  readonly suspended: Set<string>;
}

export function newModel(now: Date): Model {
  const booking = (id: string): Booking => ({
    id,
    startsAt: now.getTime(),
    endsAt: now.getTime() + 2 * HOUR_MS,
    holders: ['ann'],
    asks: 'nothing',
    told: [],
    leased: new Set(),
    known: false,
    cancelled: false,
    endedIn: undefined,
    toldEnd: undefined,
    endBefore: undefined,
    revised: undefined,
  });
  return { bookings: [booking('7'), booking('8')], revoked: new Set(), suspended: new Set() };
}

/** The booking system tells the record as it is now. An end or a cancellation may come without it. */
export function tell(booking: Booking, type: EventType, now: Date): Event {
  const bare = type === 'cancelled' || type === 'ended';
  const version = Math.max(now.getTime(), 1 + (booking.told.at(-1)?.version ?? 0));
  const event: Event = { type, reservationId: booking.id, version, ...(bare ? {} : recordOf(booking)) };
  booking.told.push(event);
  if (type === 'cancelled') booking.cancelled = true;
  if (type === 'ended') Object.assign(booking, { endedIn: version, endBefore: booking.toldEnd });
  if (type === 'created' || type === 'updated') booking.revised = { version, endsAt: booking.endsAt };
  if (!bare) Object.assign(booking, { known: true, toldEnd: booking.endsAt });
  if (booking.known) for (const holder of booking.holders) booking.leased.add(holder);
  return event;
}

/** Whether this holder's key should work now. */
export function entitled(model: Model, booking: Booking, holder: HolderId, now: Date): boolean {
  const { startsAt, endsAt } = booking;
  const name = `${booking.id}/${holder}`;
  return (
    booking.known &&
    isOpen(booking) &&
    booking.holders.includes(holder) &&
    booking.asks !== 'more' &&
    endsAt > startsAt &&
    endsAt - startsAt <= LONGEST_MS &&
    now.getTime() >= startsAt &&
    now.getTime() < endsAt &&
    !model.revoked.has(name) &&
    !model.suspended.has(name)
  );
}

/** A cancellation is final; an end is unless the booking was afterwards revised to another, later end. */
function isOpen({ cancelled, endedIn, endBefore, revised }: Booking): boolean {
  if (cancelled) return false;
  if (endedIn === undefined) return true;
  return revised !== undefined && revised.version > endedIn && revised.endsAt > endedIn && revised.endsAt !== endBefore;
}

const ASKED = { nothing: {}, less: { scopes: ['read'], quota: 500 }, more: { scopes: ['admin'] } } as const;

function recordOf(booking: Booking): Partial<Event> {
  return {
    resource: { id: '1', name: 'lab-1', type: 'API Key' },
    holders: booking.holders.map((id) => ({ id })),
    startsAt: new Date(booking.startsAt),
    endsAt: new Date(booking.endsAt),
    parameters: ASKED[booking.asks],
  };
}
