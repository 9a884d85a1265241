import type { Generated } from 'kysely';
import type { Json, Nullable } from './columns.ts';

/** What goes out. */

export interface DeliveryTable {
  id: string;
  /** Makes an announcement idempotent. */
  dedupe: string;
  leaseId: Nullable<string>;
  claimId: Nullable<string>;
  channel: 'callback' | 'log' | 'email' | 'webhook';
  kind: string;
  target: string;
  /** What the message is about; never a secret. */
  body: Json<Record<string, unknown>>;
  state: 'pending' | 'delivered' | 'failed';
  attempts: Generated<number>;
  nextAt: Nullable<Date>;
  lastStatus: Nullable<number>;
  lastError: Nullable<string>;
  createdAt: Date;
  deliveredAt: Nullable<Date>;
}

/** An outgoing webhook that an operator subscribed by API; its URL is not trusted. */
export interface HookTable {
  id: string;
  url: string;
  sealedSecret: string;
  /** Notice kinds; empty means all. */
  kinds: Json<string[]>;
  createdAt: Date;
  disabledAt: Nullable<Date>;
}
