import { canonical } from './canonical.ts';
import type { Event, Holder } from './event.ts';
import type { Reservation, Stated } from './reservation.ts';

/** More changes than that are not remembered. */
const MOST_ENDS = 50;

export function emptyReservation(source: string, externalId: string): Reservation {
  return { source, externalId, contacts: {} };
}

/**
 * Adds one event to what is known of its booking. Each field keeps the statement of the highest version (what is only restated
 * below all others; ties: the larger canonical text), so any order and any repetition of the same events ends in the same
 * reservation.
 */
export function fold(reservation: Reservation, event: Event): Reservation {
  const state = <T>(value: T | undefined) => stated(event, value);
  const happened = <T>(value: T | undefined) => stated({ version: event.version }, value);
  const revises = event.type === 'created' || event.type === 'updated';
  const ends = event.type === 'ended';
  const endNamed = ends && event.restates ? event.endsAt : undefined;
  return {
    source: reservation.source,
    externalId: reservation.externalId,
    title: later(reservation.title, state(event.title)),
    resource: later(reservation.resource, state(event.resource)),
    holders: later(reservation.holders, state(event.holders && [...new Set(event.holders.map((holder) => holder.id))].sort())),
    contacts: foldContacts(reservation.contacts, event),
    startsAt: later(reservation.startsAt, state(event.startsAt)),
    endsAt: later(reservation.endsAt, state(event.endsAt)),
    parameters: later(reservation.parameters, state(event.parameters)),
    reply: later(reservation.reply, happened(event.reply)),
    revised: later(reservation.revised, happened(revises ? event.endsAt : undefined)),
    ends: foldEnds(reservation.ends, event),
    ended: later(reservation.ended, happened((ends && !endNamed) || undefined)),
    endNamed: latest(reservation.endNamed, endNamed),
    cancelled: later(reservation.cancelled, happened(event.type === 'cancelled' || undefined)),
    lastType: later(reservation.lastType, happened(event.type)),
  };
}

/**
 * Why the booking is over, if it is. A cancellation is final. An end is final too, unless the source afterwards created or
 * updated the booking with an end that is later than that, and not the one it had before: an older event never reopens it (law 9), a
 * repeated start and a change of something else never do either. An end that
 * only restates was read before it was sent, perhaps before an extension: it says nothing of a later end than the one it names.
 */
export function closedBy(reservation: Reservation): 'cancelled' | 'ended' | undefined {
  if (reservation.cancelled) return 'cancelled';
  const { ended, endNamed, revised } = reservation;
  if (ended && !reopens(revised, ended, reservation.ends)) return 'ended';
  const extended = endNamed && revised && revised.value > endNamed;
  return endNamed && !extended ? 'ended' : undefined;
}

function reopens(revised: Reservation['revised'], { version }: Stated<true>, ends: Reservation['ends']): boolean {
  if (!revised || revised.version <= version || revised.value.getTime() <= version) return false;
  const before = ends?.findLast((end) => end.version <= version);
  return before?.value.getTime() !== revised.value.getTime();
}

/** The people the booking is for now, with the last address stated for each. */
export function holdersOf(reservation: Reservation): Holder[] {
  return (reservation.holders?.value ?? []).map((id) => contactOf(reservation, id));
}

/** What is known of one person, also of one the booking was for before. */
export function contactOf(reservation: Reservation, id: string): Holder {
  const contact = Object.hasOwn(reservation.contacts, id) ? reservation.contacts[id] : undefined;
  return { id, name: contact?.name?.value, email: contact?.email?.value };
}

/** Reads a reservation back from JSON, where instants became text. */
export function reviveReservation(json: unknown): Reservation {
  const stored = json as Reservation;
  return {
    ...stored,
    contacts: stored.contacts ?? {},
    startsAt: reviveDate(stored.startsAt),
    endsAt: reviveDate(stored.endsAt),
    revised: reviveDate(stored.revised),
    ends: stored.ends?.map((end) => reviveDate(end)!),
    endNamed: stored.endNamed && new Date(stored.endNamed),
  };
}

function foldContacts(contacts: Reservation['contacts'], event: Event): Reservation['contacts'] {
  const folded = { ...contacts };
  for (const holder of event.holders ?? []) {
    const known = Object.hasOwn(folded, holder.id) ? folded[holder.id] : undefined;
    const state = (value: string | undefined) => stated(event, value);
    folded[holder.id] = { name: later(known?.name, state(holder.name)), email: later(known?.email, state(holder.email)) };
  }
  return folded;
}

/** By version, the newest of them. */
function foldEnds(ends: Reservation['ends'], event: Event): Reservation['ends'] {
  const { type, endsAt: value, version, restates } = event;
  if (!value || restates || type === 'ended' || type === 'cancelled') return ends;
  const same = ends?.find((end) => end.version === version);
  const others = (ends ?? []).filter((end) => end !== same);
  return [...others, later(same, { value, version })!].sort((a, b) => a.version - b.version).slice(-MOST_ENDS);
}

function stated<T>({ version, restates }: Pick<Event, 'version' | 'restates'>, value: T | undefined): Stated<T> | undefined {
  return value === undefined ? undefined : { value, version, ...(restates && { restated: true }) };
}

function latest(a: Date | undefined, b: Date | undefined): Date | undefined {
  if (!a || !b) return a ?? b;
  return a >= b ? a : b;
}

function later<T>(a: Stated<T> | undefined, b: Stated<T> | undefined): Stated<T> | undefined {
  if (!a || !b) return a ?? b;
  if (a.restated !== b.restated) return a.restated ? b : a;
  if (a.version !== b.version) return a.version > b.version ? a : b;
  return canonical(a.value) >= canonical(b.value) ? a : b;
}

function reviveDate(stated: Stated<Date> | undefined): Stated<Date> | undefined {
  return stated && { ...stated, value: new Date(stated.value) };
}
