import type { Generated } from 'kysely';
import type { Event } from '../../reservation/event.ts';
import type { Granted, KeyState, LeaseState } from '../../reservation/lease.ts';
import type { Reservation } from '../../reservation/reservation.ts';
import type { Json, Nullable, NullableJson } from './columns.ts';

/** Bookings and what is granted for them. */

export interface EventTable {
  id: string;
  source: string;
  /** Unique per source: the sender's signed id, or the meaning of the event. */
  dedupe: string;
  outcome: 'accepted' | 'ignored' | 'quarantined';
  reason: Nullable<string>;
  type: Nullable<string>;
  externalId: Nullable<string>;
  event: NullableJson<Event>;
  /** The raw body, sealed; kept for quarantined events only. */
  sealedBody: Nullable<string>;
  requestId: string;
  receivedAt: Date;
  seen: Generated<number>;
  lastSeenAt: Date;
}

export interface ReservationTable {
  id: string;
  source: string;
  externalId: string;
  state: Json<Reservation>;
  resourceId: Nullable<string>;
  resourceName: Nullable<string>;
  startsAt: Nullable<Date>;
  endsAt: Nullable<Date>;
  closed: Generated<boolean>;
  /** Why no lease came of it, for `explain`. */
  problem: Nullable<string>;
  createdAt: Date;
  updatedAt: Date;
}

export interface LeaseTable {
  id: string;
  reservationId: string;
  holderId: string;
  plan: string;
  provider: string;
  resourceId: string;
  state: LeaseState;
  /** Why it is refused, stuck or suspended. */
  reason: Nullable<string>;
  /** As last granted; null again when the lease goes over to another plan. */
  grant: NullableJson<Granted>;
  opensAt: Nullable<Date>;
  closesAt: Nullable<Date>;
  /** The generation of the key the holder should have; grows by rotation and reissue. */
  generation: Generated<number>;
  /** Older generations stay good until then. */
  overlapUntil: Nullable<Date>;
  suspendedAt: Nullable<Date>;
  /** An operator's revocation, final for this lease. */
  revokedBy: NullableJson<{ actor: string; reason: string; at: string }>;
  /** When settle must look again; null when nothing is ahead. */
  wakeAt: Nullable<Date>;
  /** Fence: whoever holds the highest turn may write. */
  turn: Generated<number>;
  heldUntil: Nullable<Date>;
  attempts: Generated<number>;
  lastError: Nullable<string>;
  createdAt: Date;
  updatedAt: Date;
}

export interface KeyTable {
  id: string;
  leaseId: string;
  generation: number;
  name: string;
  provider: string;
  state: KeyState;
  opensAt: Date;
  closesAt: Date;
  /** Sealed until claimed, then null. */
  sealedSecret: Nullable<string>;
  /** What people may see of it: prefix and last four characters. */
  hint: string;
  /** The window that a token was made for: it can say no other. Null for other values. */
  tokenFrom: Nullable<Date>;
  tokenUntil: Nullable<Date>;
  handle: NullableJson<unknown>;
  /** When the provider first answered that it exists; null as long as a call that could make it anew may be on its way. */
  confirmedAt: Nullable<Date>;
  activeAt: Nullable<Date>;
  suspendedAt: Nullable<Date>;
  revokeReason: Nullable<string>;
  revokingAt: Nullable<Date>;
  revokedAt: Nullable<Date>;
  /** How we know that it is dead. */
  proof: NullableJson<unknown>;
  attempts: Generated<number>;
  retryAt: Nullable<Date>;
  lastError: Nullable<string>;
  lastErrorKind: Nullable<string>;
  createdAt: Date;
  /** When its holder got the value. */
  revealedAt: Nullable<Date>;
  /** Since when the provider does not list it although it should work. */
  missingAt: Nullable<Date>;
  /** What is otherwise at the provider than it should be, when it was last listed. */
  drift: NullableJson<readonly string[]>;
}

export interface ClaimTable {
  id: string;
  keyId: string;
  leaseId: string;
  tokenHash: string;
  /** The token, sealed, so that a notification can be sent again; null once claimed or expired. */
  sealedToken: Nullable<string>;
  confirm: 'none' | 'email' | 'code';
  codeHash: Nullable<string>;
  sealedCode: Nullable<string>;
  expiresAt: Date;
  claimedAt: Nullable<Date>;
  claimedIp: Nullable<string>;
  claimedAgent: Nullable<string>;
  /** The key, sealed for the browser that claimed it and for a minute only; nobody else can open it. */
  sealedAgain: Nullable<string>;
  reveals: Generated<number>;
  /** Wrong confirmations and reveals after the claim. */
  refusals: Generated<number>;
  createdAt: Date;
}
