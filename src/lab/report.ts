import type { Event } from '../reservation/event.ts';
import { holdersOf } from '../reservation/fold.ts';
import type { MappedItem } from '../reservation/source.ts';
import type { BookingFinding } from './bookings.ts';
import type { Findings } from './lab.ts';
import type { LeaseFinding } from './leases.ts';
import type { Reading } from './read.ts';

/** Findings as plain values, for the API and for people. Whatever was not stated is null or left out. */
export type Report = ReturnType<typeof reportOf>;

export function reportOf({ source, now, readings, bookings, more, ok, recorded }: Findings) {
  return {
    source: source.name,
    project: source.project,
    preset: source.preset ?? null,
    now,
    ok,
    samples: readings.map((reading) => sampleReport(reading, recorded)),
    bookings: bookings.map(bookingReport),
    more,
  };
}

function sampleReport({ sample, signature, body, handshake, list, items }: Reading, recorded: ReadonlySet<string>) {
  return {
    name: sample.name ?? null,
    receivedAt: sample.receivedAt,
    path: sample.path,
    arrival: sample.arrival ?? null,
    signature,
    body,
    handshake,
    list: list ?? null,
    observations: items.map((item) => ({ ...observationReport(item), recorded: recorded.has(item.dedupe) })),
  };
}

export function observationReport(item: MappedItem) {
  const common = { outcome: item.outcome, type: null, booking: null, reason: null, said: null, problems: [] };
  switch (item.outcome) {
    case 'accepted':
      return { ...common, type: item.event.type, booking: item.event.reservationId, said: saidOf(item.event) };
    case 'ignored':
      return { ...common, type: item.type ?? null, booking: item.externalId ?? null, reason: item.reason };
    case 'quarantined': {
      const { type = null, externalId: booking = null, reason, problems } = item;
      return { ...common, type, booking, reason, problems };
    }
    default:
      item satisfies never;
      throw new Error('lab: an unknown outcome');
  }
}

/** As it is recorded, with instants as text. */
function saidOf(event: Event) {
  const { startsAt, endsAt, reply: _reply, reservationId: _id, ...said } = event;
  return { ...said, startsAt: startsAt?.toISOString(), endsAt: endsAt?.toISOString() };
}

export function bookingReport({ reservation, known, closed, problem, plans, leases }: BookingFinding) {
  const { externalId, title, resource, startsAt, endsAt, parameters } = reservation;
  return {
    booking: externalId,
    known,
    title: title?.value ?? null,
    resource: resource?.value ?? null,
    holders: holdersOf(reservation),
    startsAt: startsAt?.value ?? null,
    endsAt: endsAt?.value ?? null,
    parameters: parameters?.value ?? null,
    closed,
    problem,
    plans,
    leases: leases.map(leaseReport),
  };
}

function leaseReport({ window, ahead, ...lease }: LeaseFinding) {
  return { ...lease, opensAt: window?.opensAt ?? null, closesAt: window?.closesAt ?? null, next: ahead };
}
