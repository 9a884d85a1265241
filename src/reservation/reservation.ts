import type { Event, EventType, Holder, Parameters, Resource } from './event.ts';

/** A value and the version of the event that stated it, so that any order of arrival ends in the same state. */
export interface Stated<T> {
  readonly value: T;
  readonly version: number;
  /** By an event that only restates: any other statement stands above it. */
  readonly restated?: true;
}

/**
 * What all events of one booking add up to. Every field is a join (what was stated above what was restated, then the highest version,
 * ties broken by content),
 * so folding is commutative, associative and idempotent.
 */
export interface Reservation {
  readonly source: string;
  /** The source's id of the booking. */
  readonly externalId: string;
  readonly title?: Stated<string>;
  readonly resource?: Stated<Resource>;
  readonly holders?: Stated<readonly string[]>;
  /** Names and addresses by holder id, each as last stated: an event that omits an address does not erase it. */
  readonly contacts: Readonly<Record<string, { readonly name?: Stated<string>; readonly email?: Stated<string> }>>;
  readonly startsAt?: Stated<Date>;
  readonly endsAt?: Stated<Date>;
  readonly parameters?: Stated<Parameters>;
  readonly reply?: Stated<Readonly<Record<string, string>>>;
  /** The last created or updated event that stated an end: the only thing that can reopen an ended booking. */
  readonly revised?: Stated<Date>;
  /** The ends that changes and starts stated, oldest first: what the booking's end was when it ended. */
  readonly ends?: readonly Stated<Date>[];
  readonly ended?: Stated<true>;
  /** The latest end that an end event named which only restates. */
  readonly endNamed?: Date;
  readonly cancelled?: Stated<true>;
  readonly lastType?: Stated<EventType>;
}

export type { Event, Holder, Parameters, Resource };
