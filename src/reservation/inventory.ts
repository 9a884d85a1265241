/** What an inventory finds: the difference between what a provider lists under our names and what our books say. */

export const FINDING_KINDS = ['dead', 'stray', 'missing', 'drifted'] as const;
/**
 * dead     listed, and revoked in our books     stray    listed, and unknown to our books: of a restored backup, or another's
 * missing  not listed, and should work          drifted  listed, and otherwise than it should be
 */
export type FindingKind = (typeof FINDING_KINDS)[number];

export const REMEDIES = ['revoke', 'reissue', 'repair'] as const;
export type Remedy = (typeof REMEDIES)[number];

export interface Finding {
  readonly kind: FindingKind;
  /** As the provider has it. */
  readonly name: string;
  readonly keyId: string | null;
  readonly leaseId: string | null;
  /** Since when it is known, ISO. */
  readonly since: string | null;
  /** What is otherwise, for people. */
  readonly differs: readonly string[];
  /** What a fix does about it. Null: nothing, and the note says why. */
  readonly remedy: Remedy | null;
  readonly done: boolean;
  readonly note: string | null;
}

export interface InventoryReport {
  /** Who asked for it; `latchkey` for the one that comes every quarter of an hour. */
  readonly by: string;
  /** It was to change something at the provider, and not only to tell. */
  readonly fix: boolean;
  readonly seconds: number;
  /** Keys under our names. */
  readonly listed: number;
  /** Keys that should work. */
  readonly expected: number;
  readonly counts: Readonly<Record<FindingKind, number>>;
  /** Remedies that were taken, and that were tried and did not succeed. */
  readonly done: number;
  readonly failed: number;
  /** Why its findings are not to be trusted. */
  readonly suspicious: string | null;
  /** The first of them. */
  readonly findings: readonly Finding[];
}

export interface InventoryAsked {
  readonly by: string;
  readonly at: string;
  readonly fix: boolean;
  /** Fix also what is suspicious. */
  readonly evenIfMost: boolean;
}

export interface InventoryProgress {
  readonly since: string;
  readonly by: string;
  readonly fix: boolean;
  readonly phase: 'listing' | 'checking' | 'fixing';
  readonly count: number;
  /** Unknown while listing. */
  readonly of: number | null;
}

export interface InventoryFailure {
  readonly at: string;
  readonly by: string;
  readonly error: string;
}
