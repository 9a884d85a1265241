import type { Selectable } from 'kysely';
import type { Json, Preset } from './columns.ts';

/** Tables of sources: see ../migrations/004-sources.ts. */

/** Which of a source's secrets was used, by its fingerprint. */
export interface SourceSecretTable {
  source: string;
  fingerprint: string;
  uses: number;
  lastUsedAt: Date;
}

/** While it lasts, what arrives for a source is kept as samples. */
export interface RecordingTable {
  source: string;
  until: Date;
  startedBy: string;
  startedAt: Date;
}

export interface SampleTable {
  id: string;
  source: string;
  receivedAt: Date;
  outcome: string;
  reason: string | null;
  sealedSample: string;
}

/** Where the reading of a calendar or a list stands. */
export interface PollTable {
  source: string;
  /** What a conditional request names, and what it was read by. */
  validators: Json<Readonly<Record<string, string>>>;
  nextAt: Date;
  /** Some node reads it until then, unless it ended. */
  claimedUntil: Date | null;
  polledAt: Date | null;
  /** When it was last read without a fault. */
  readAt: Date | null;
  failingSince: Date | null;
  failures: Preset<number>;
  /** What was wrong with the last reading: that there was none, or with something in it. */
  error: string | null;
  /** In the last reading. */
  bookings: Preset<number>;
}
export type PollRow = Selectable<PollTable>;

/** A booking that was read there, so that one that vanishes is noticed. */
export interface PolledBookingTable {
  source: string;
  externalId: string;
  /** The event of a calendar that it is an occurrence of. */
  origin: string | null;
  /** What was last recorded of it. */
  meaning: string;
  /** Of the last event that was recorded. */
  version: number;
  /** Each time that it comes back after it was cancelled it is a booking of its own. */
  generation: number;
  cancelled: boolean;
  startsAt: Date | null;
  endsAt: Date | null;
  /** When it was last recorded. */
  seenAt: Date;
  /** Clean readings in a row that did not have it. */
  missed: number;
  missingSince: Date | null;
}
export type PolledBookingRow = Selectable<PolledBookingTable>;
