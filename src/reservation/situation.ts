import type { Grant, Granted, KeyState, Window } from './lease.ts';
import type { Plan, Scopes } from './plan.ts';
import type { Reservation } from './reservation.ts';

/** Everything there is to know before deciding: what is booked, what was granted, what lives. */
export interface Situation {
  readonly reservation: Reservation;
  readonly lease: LeaseFacts;
  readonly keys: readonly KeyFacts[];
  /** What new keys are made under. Undefined when the configuration has none: living keys stay until their end, no new ones are made. */
  readonly plan: Plan | undefined;
  /** Of the booking's project. */
  readonly scopes: Scopes;
  /** Of the provider that a new key would be made at. */
  readonly powers: Powers;
  /** Reasons against a grant that nobody would enforce there; the plan itself was judged at the start. */
  readonly unkept?: (grant: Grant) => readonly string[];
}

export interface LeaseFacts {
  readonly holderId: string;
  readonly resourceId: string;
  readonly generation: number;
  readonly overlapUntil: Date | null;
  readonly suspended: boolean;
  readonly revokedBy: string | null;
  /** When a window of it was last seen to be over. A clock that is set back afterwards does not bring that time back. */
  readonly seenClosedAt?: Date | null;
  /** Null before the first key. */
  readonly granted: Granted | null;
  /** What was granted was granted under a plan that is not the one above: it was renamed, removed or given another provider. */
  readonly former: boolean;
}

export interface KeyFacts {
  readonly id: string;
  readonly generation: number;
  readonly state: KeyState;
  readonly opensAt: Date;
  readonly closesAt: Date;
  readonly activeAt: Date | null;
  readonly retryAt: Date | null;
  /** The provider said that this request can never succeed. */
  readonly rejected: boolean;
  /** The provider said that it cannot move this key's window. */
  readonly fixed: boolean;
  /** When its value is good by its own word, which nobody can change: a signed token. Absent where the value says nothing. */
  readonly says?: Window;
  /** The provider lets nothing through with it, until it is resumed. */
  readonly suspended: boolean;
  /** Its revocation has failed for so long that an operator should know. */
  readonly overdue: boolean;
  /** When it will have, unless it is done before. */
  readonly overdueAt?: Date;
  /** Of the provider that it was made at. */
  readonly powers: Powers;
}

/** What a provider can do about windows. */
export interface Powers {
  /** It can hold a key back and let it go again without changing it. */
  readonly suspend: boolean;
  /** It refuses a key before its window, so the key may be made ahead of time. */
  readonly notBefore: boolean;
  /** A longer window: moved in place, or the key must be replaced. */
  readonly retime: 'move' | 'replace';
}
