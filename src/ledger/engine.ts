import type { Dialect } from 'kysely';
import type { ConstructorOptions } from 'pg-boss';

export type LedgerLog = (message: string, fields?: Record<string, unknown>) => void;

/** A database that speaks PostgreSQL: in this process or on a server. What differs between the two ends here. */
export interface Engine {
  readonly name: 'embedded' | 'postgres';
  readonly dialect: Dialect;
  /** For the migrations, where they need another connection than everybody else. */
  readonly migrationDialect?: Dialect;
  listen(channel: string, onMessage: (payload: string) => void, onReconnect?: () => void): Promise<void>;
  /** Resolves when every message that was committed before has been told to those who listen; rejects when that cannot be known. */
  caughtUp(): Promise<void>;
  /** How the job engine reaches this database. */
  bossOptions(): ConstructorOptions;
  close(): Promise<void>;
}

/** Both engines return bigint and numeric as text or BigInt unless told otherwise; ours stay far below 2^53. */
export const NUMBER_TYPES = { int8: 20, numeric: 1700 } as const;
