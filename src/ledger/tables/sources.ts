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
  /** What a conditional request names: etag, lastModified. */
  validators: Json<Readonly<Record<string, string>>>;
  nextAt: Date;
  polledAt: Date | null;
  /** When it was last read without a fault. */
  readAt: Date | null;
  failures: Preset<number>;
  error: string | null;
  bookings: Preset<number>;
}

/** A booking that was read there, so that one that vanishes is noticed. */
export interface PolledBookingTable {
  source: string;
  externalId: string;
  meaning: string;
  endsAt: Date | null;
  seenAt: Date;
  /** Clean readings in a row that did not have it. */
  missed: Preset<number>;
}
