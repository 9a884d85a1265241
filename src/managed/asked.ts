import type { Limit, Method, Scope } from '../reservation/plan.ts';
import type { KeyRules } from '../reservation/project.ts';
import type { Hours, TokenType } from '../reservation/rights.ts';

/** What may be asked for when a key is made without a booking. */

export interface RightsAsked {
  /** Names, or wildcards for all that there are now. */
  readonly scopes: readonly string[];
  /** Fewer than the scopes allow. */
  readonly methods?: readonly Method[];
  readonly endpoints?: readonly string[];
  /** Null for none, where the project lets a key be without. */
  readonly quota?: Limit | null;
  readonly rateLimit?: Limit | null;
  readonly limits?: readonly Limit[];
  readonly allowedIps?: readonly string[];
  readonly deniedIps?: readonly string[];
  readonly hours?: readonly Hours[];
}

/** When a key ends: so long after it opens, at an instant, or never. */
export type Ends = { readonly inMs: number } | { readonly at: Date } | 'never';

export interface Rotation {
  readonly everyMs: number;
  readonly overlapMs: number;
}

export interface KeyAsked extends RightsAsked {
  readonly name: string;
  readonly description?: string;
  /** Whom it is for; without one, who made it. */
  readonly owner?: string;
  readonly contact?: string;
  readonly environment?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Without it the project's usual length of life. */
  readonly ends?: Ends;
  readonly opensAt?: Date;
  readonly tokenType?: TokenType;
  /** Null for none, where the project lets a key be without. */
  readonly rotation?: Rotation | null;
  readonly prefix?: string;
}

/** What a project says about its keys. */
export interface Bounds {
  readonly rules: KeyRules;
  /** The project's scopes. */
  readonly scopes: Readonly<Record<string, Scope>>;
  /** What the keys of other projects begin with. */
  readonly otherPrefixes: readonly string[];
}

/** Why something is refused, and the field it is about. */
export interface Refusal {
  readonly at: string;
  readonly why: string;
}
