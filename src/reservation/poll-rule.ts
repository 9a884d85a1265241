import type { Secret } from '../secret/secret.ts';

/** Where and how a source is read that does not push. */
export interface PollRule {
  readonly kind: 'ical' | 'json';
  /** Whoever knows the private address of a calendar may read it. */
  readonly url: Secret;
  readonly everyMs: number;
  /** By their names. */
  readonly headers: Readonly<Record<string, Secret>>;
  readonly largestBytes: number;
  /** Names what a reading depends on besides the list: with another address, zone or map all of it is read anew. */
  readonly readBy: string;
  /** Of a calendar. */
  readonly calendar?: CalendarRule;
}

export interface CalendarRule {
  /** Of days, and of times that name none. */
  readonly zone: string;
  /** Occurrences that begin later are not read yet. */
  readonly aheadMs: number;
  /** What it is the calendar of. */
  readonly resource?: string;
}
