import type { Json, Nullable } from './columns.ts';

/** The house itself. */

export interface AuditTable {
  seq: number;
  at: Date;
  actor: string;
  action: string;
  subject: string;
  detail: Json<Record<string, unknown>>;
  mac: string;
}

export interface AuditHeadTable {
  id: number;
  seq: number;
  mac: string;
}

export interface OperatorTable {
  id: string;
  name: string;
  role: 'admin' | 'operator' | 'viewer';
  /** The only one it sees; null for all. */
  project: Nullable<string>;
  tokenHash: string;
  createdAt: Date;
  disabledAt: Nullable<Date>;
}

/** One row: the master key that this database is under, by its id. */
export interface MasterKeyTable {
  id: number;
  keyId: string;
}

/** What one node does at a time. */
export interface LockTable {
  name: string;
  holder: string;
  until: Date;
}
