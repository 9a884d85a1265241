/** What a booking system can tell us about a booking. Times are instants; nothing here reads a clock. */

export const EVENT_TYPES = ['created', 'updated', 'started', 'ended', 'cancelled'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export interface Resource {
  readonly id: string;
  readonly name: string;
  /** The source's own kind of resource, e.g. `API Key`; empty where it names none. */
  readonly type: string;
}

/** A person or machine the booking is for. `id` is the source's own id and the only field that identifies. */
export interface Holder {
  readonly id: string;
  readonly name?: string;
  readonly email?: string;
}

/** What a booking asks for. It can only narrow the plan (law 7). */
export interface Parameters {
  readonly scopes?: readonly string[];
  readonly quota?: number;
  /** `100/hour`: a count and one of second, minute, hour, day. */
  readonly rateLimit?: string;
  readonly expirationHours?: number;
  readonly endpoints?: readonly string[];
  /** Set by the mapping when what the booking asked for could not be read; always refused, never guessed. */
  readonly problem?: string;
}

/** One observation of one booking in our words: the outcome of a source's mapping. Absent fields were not stated. */
export interface Event {
  readonly type: EventType;
  /** The source's id of the booking. */
  readonly reservationId: string;
  /** Orders observations of one booking: epoch milliseconds of the source's own last change, else of its sending. */
  readonly version: number;
  /**
   * It repeats what the booking was when its sender looked, some time before: whatever the source stated as a change, however
   * much earlier, stands. An end of this sort closes the window it names.
   */
  readonly restates?: true;
  readonly title?: string;
  readonly resource?: Resource;
  readonly holders?: readonly Holder[];
  readonly startsAt?: Date;
  readonly endsAt?: Date;
  readonly parameters?: Parameters;
  /** What the source wants back in callbacks (its webhook id and the like); opaque to the rules. */
  readonly reply?: Readonly<Record<string, string>>;
}
