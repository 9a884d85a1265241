import type { InventoryAsked, InventoryFailure, InventoryProgress, InventoryReport } from '../../reservation/inventory.ts';
import type { Json, Nullable, NullableJson } from './columns.ts';

/** What is known of providers, and work on many of their keys. */

/** A key under one of our names that our books do not know: of a restored backup, or of another installation. */
export interface StrayTable {
  provider: string;
  name: string;
  handle: NullableJson<unknown>;
  firstSeenAt: Date;
  lastSeenAt: Date;
  revokedAt: Nullable<Date>;
}

/** What the last sweep of a provider found, and the one that is asked for or runs. */
export interface InventoryTable {
  provider: string;
  /** When the last one that came to its end began. */
  takenAt: Nullable<Date>;
  report: NullableJson<InventoryReport>;
  asked: NullableJson<InventoryAsked>;
  running: NullableJson<InventoryProgress>;
  /** Why the last one did not come to its end. */
  failed: NullableJson<InventoryFailure>;
}

export interface RotationTable {
  id: string;
  filter: Json<{ plan?: string; provider?: string; project?: string; sources?: string[] }>;
  overlapMs: number;
  reason: string;
  actor: string;
  state: 'running' | 'done';
  createdAt: Date;
  doneAt: Nullable<Date>;
}

export interface RotationItemTable {
  rotationId: string;
  leaseId: string;
  state: 'waiting' | 'done' | 'failed';
  /** Of the key that was asked for; null until it was. */
  generation: Nullable<number>;
  /** Why it failed, or what a waiting one waits for. */
  error: Nullable<string>;
}

/** Provider pacing, shared by all nodes: when the next call of a kind may start. */
export interface PaceTable {
  provider: string;
  action: string;
  nextAt: Date;
}
